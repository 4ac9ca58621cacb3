"""Principal components of what a population of units does over performances."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class PrincipalComponents(NamedTuple):
    """The directions in which a population varies most.

    Attributes:
        scores: the performances along the first components, (T, n) each.
        share: (c,) of the whole variance that each component explains, largest first; all c components there are.
        directions: (n, units) the first components, of length 1.
    """

    scores: list[np.ndarray]
    share: np.ndarray
    directions: np.ndarray


def principal_components(performances: Sequence[np.ndarray], n: int = 3) -> PrincipalComponents:
    """Principal component analysis of all frames of all performances together.

    Each unit's mean over all frames is taken off; units are not divided by their standard deviation, because all are
    activities of the same range. A component's sign means nothing; it is chosen so that its largest entry is positive.

    Args:
        performances: (T, units) each, with a T of its own; at least 2 frames in all.
        n: how many components to keep; fewer where there are not as many units or frames.
    """
    frames = np.concatenate(performances).astype(float)
    frames -= frames.mean(axis=0)
    _, sizes, rows = np.linalg.svd(frames, full_matrices=False)
    largest = np.take_along_axis(rows, np.abs(rows).argmax(axis=1)[:, None], axis=1)
    directions = (rows * np.where(largest < 0, -1, 1))[:n]
    ends = np.cumsum([len(values) for values in performances])[:-1]
    variance = np.square(sizes)
    share = variance / variance.sum() if variance.any() else variance
    return PrincipalComponents(np.split(frames @ directions.T, ends), share, directions)
