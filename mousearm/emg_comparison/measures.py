"""Measures of one trace against another beyond r: error after scaling, onset, peak, lag, synergies, co-activation."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mousearm.analysis import extract

ONSET = 0.3
"""Share of the range of a trace, from its lowest to its highest value, at which it has begun."""


class Timing(NamedTuple):
    """When each of C traces begins and is highest, (C,) s; NaN of one that is constant."""

    onset: np.ndarray
    peak: np.ndarray


class SynergyFit(NamedTuple):
    """How much of the variance of k channels few synergies account for, 1 - SSE / SST about zero."""

    own: np.ndarray  # (k,) by 1 ... k synergies of these traces
    by_other: np.ndarray  # (k,) by as many synergies of other traces


def onset_and_peak(time: np.ndarray, values: np.ndarray) -> Timing:
    """Onset and peak of (T, C) traces: the first time at which one reaches `ONSET` of its range, and its highest."""
    low, high = values.min(axis=0), values.max(axis=0)
    moves = high > low
    onset = time[(values >= low + ONSET * (high - low)).argmax(axis=0)]
    return Timing(np.where(moves, onset, np.nan), np.where(moves, time[values.argmax(axis=0)], np.nan))


def scale(muscle: np.ndarray, emg: np.ndarray) -> float:
    """The factor of a muscle's trace (T,) that makes the mean absolute error from EMG (T,) least; 0 of no trace.

    sum |a m - e| = sum m |a - e / m| for m >= 0, so that a is the median of e / m with the weights m.
    """
    above = muscle > 0
    if not above.any():
        return 0.0
    ratios, weights = emg[above] / muscle[above], muscle[above]
    order = np.argsort(ratios)
    return float(ratios[order][np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)])


def scaled_errors(muscles: Sequence[np.ndarray], emg: Sequence[np.ndarray]) -> np.ndarray:
    """(n, C) mean absolute errors of each reach, after one factor per muscle that was fitted on the other reaches.

    Traces are (T_i, C) of each of n reaches at the same times. NaN of a single reach.
    """
    n, channels = len(muscles), muscles[0].shape[1]
    found = np.full((n, channels), np.nan)
    for i in range(n if n > 1 else 0):
        rest = [np.concatenate([of for j, of in enumerate(traces) if j != i]) for traces in (muscles, emg)]
        for c in range(channels):
            factor = scale(rest[0][:, c], rest[1][:, c])
            found[i, c] = np.abs(factor * muscles[i][:, c] - emg[i][:, c]).mean()
    return found


def best_lag(curve: np.ndarray, lags: np.ndarray) -> float:
    """The lag at which a curve (L,) over even lags is highest, by the parabola through the highest three values."""
    at = int(curve.argmax())
    if not 0 < at < len(curve) - 1:
        return float(lags[at])
    before, here, after = curve[at - 1 : at + 2]
    bend = before - 2 * here + after
    return float(lags[at] + (0.5 * (before - after) / bend if bend < 0 else 0.0) * (lags[1] - lags[0]))


def synergy_fit(traces: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> SynergyFit | None:
    """Synergies of traces (T_i, k) of some reaches, 0 or more, and how far those of other traces account for them.

    Traces are divided by the largest value of each channel first. None where there is nothing to explain.
    """
    ours, theirs = (_to_largest(np.maximum(np.concatenate(of), 0.0)) for of in (traces, others))
    if not ours.any() or not theirs.any():
        return None
    own = np.array([found.vaf for found in extract([ours])])
    other = np.array([_accounted(ours, found.weights) for found in extract([theirs])])
    return SynergyFit(own, other)


def _accounted(values: np.ndarray, weights: np.ndarray) -> float:
    """Variance of values (T, k) that synergies (n, k) account for, with the best courses of 0 or more."""
    from scipy.optimize import nnls  # slow to import

    error = sum(nnls(weights.T, row)[1] ** 2 for row in values)
    return float(1 - error / np.square(values).sum())


def coactivation(traces: Sequence[np.ndarray]) -> np.ndarray:
    """(k, k) of each pair of channels 2 sum min(a, b) / sum (a + b), each channel as a part of its largest value.

    1 where both always rise and fall together, 0 where one rests while the other acts; after Falconer and Winter 1985
    (Electromyogr Clin Neurophysiol 25:135-149). 0 where neither acts.
    """
    values = _to_largest(np.maximum(np.concatenate(traces), 0.0))
    least = np.minimum(values[:, :, None], values[:, None]).sum(axis=0)
    total = (values[:, :, None] + values[:, None]).sum(axis=0)
    return 2 * least / np.where(total > 0, total, 1.0)


def _to_largest(values: np.ndarray) -> np.ndarray:
    largest = values.max(axis=0)
    return values / np.where(largest > 0, largest, 1.0)
