"""How well signals follow their reference."""

from typing import NamedTuple

import numpy as np

# A signal whose standard deviation is smaller is constant, but for rounding: a correlation with it means nothing.
_CONSTANT = 1e-9


class Agreement(NamedTuple):
    """Of k signals with their references.

    Attributes:
        r: (k,) Pearson's correlation coefficient; NaN where a signal or its reference is constant.
        rms: (k,) root of the mean squared difference, in the signals' unit.
    """

    r: np.ndarray
    rms: np.ndarray


def agreement(actual: np.ndarray, reference: np.ndarray) -> Agreement:
    """Pearson's r and rms difference over time.

    r = sum (a - mean a)(b - mean b) / sqrt(sum (a - mean a)^2 sum (b - mean b)^2) tells whether the shapes are the
    same whatever their size and offset; rms = sqrt(mean (a - b)^2) tells how far apart the two are. Frame 0 is left
    out, as in the evaluation: it is where the arm was put. It counts only if there is no other.

    Args:
        actual: (T, k).
        reference: (T, k).
    """
    first = min(1, len(actual) - 1)
    a, b = actual[first:], reference[first:]
    rms = np.sqrt(np.square(a - b).mean(axis=0))
    spread = a.std(axis=0), b.std(axis=0)
    together = ((a - a.mean(axis=0)) * (b - b.mean(axis=0))).mean(axis=0)
    moves = np.minimum(*spread) > _CONSTANT
    r = np.full(len(rms), np.nan)
    r[moves] = together[moves] / (spread[0] * spread[1])[moves]
    return Agreement(r, rms)
