"""When muscles act and when their EMG does: the delay of the EMG over all reaches, and times in each of them.

The delay is the lag at which the EMG is most likely, as the muscles plus Gaussian noise: the lag of the largest
sum of -log(1 - r^2) over muscles and reaches. The largest mean r alone would be off, for three reasons: a low-pass
flattens what rises fast and decays slowly to one side, so muscles go through that of the EMG; EMG is noisy where it is
large, so that r falls as the window of the EMG moves to where it is larger: the same samples of EMG are compared at all
lags, and roots of both, whose noise is more even; and a muscle of which the EMG shows little counts little. Channels
below the cross-talk of others count nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mousearm.emg.filtering import LowPass, smoothed
from mousearm.emg_comparison.study import EmgSet, EmgStudy, MeasuredController
from mousearm.emg_comparison.traces import LEAST_SAMPLES, Trace, best_lag, cubic, onset_and_peak, pearson

_RESAMPLES = 1000
_AROUND_MS = 12.0  # of the lag of the largest mean r, within which the most likely one is searched
_SEARCHES = 3


class BestLag(NamedTuple):
    """By how much the EMG is later than a controller's muscles, ms, and the 95 % interval over reaches."""

    ms: float
    low: float
    high: float
    r: float  # the largest mean over channels and reaches at one lag
    at_edge: bool  # whether it is at the end of the window, so that the true one may be outside


def delay(one: EmgSet, measured: MeasuredController, lags_ms: np.ndarray, seed: int = 0) -> BestLag:
    """The most likely lag within a window, lags (L,) ms; reaches are resampled for its interval."""
    heard = one.reaches.heard
    by_reach = measured.curves[:, heard].mean(axis=1)  # (L, n)
    n = by_reach.shape[1]
    drawn = np.random.default_rng(seed).integers(n, size=(_RESAMPLES, n))
    mean = by_reach.mean(axis=1)
    ms = best_lag(mean, lags_ms)
    rough = np.array([best_lag(by_reach[:, chosen].mean(axis=1), lags_ms) for chosen in drawn])
    at_edge = ms in (lags_ms[0], lags_ms[-1])
    around, found = np.arange(-_AROUND_MS, _AROUND_MS + 1), rough
    pairs = [
        [replace(trace, values=trace.values[:, heard]) for trace in both]
        for both in zip(measured.muscles, one.reaches.emg, strict=True)
    ]
    for _ in range(0 if at_edge else _SEARCHES):
        likely = _likely(pairs, (ms + around) / 1e3, one.reaches.low_pass)  # (lags, n)
        if likely is None:
            break
        near = ms + np.array([best_lag(likely[:, chosen].mean(axis=1), around) for chosen in drawn])
        found = np.where(np.abs(rough - ms) <= _AROUND_MS, near, rough)
        before, ms = ms, float(np.clip(ms + best_lag(likely.mean(axis=1), around), lags_ms[0], lags_ms[-1]))
        if abs(ms - before) < _AROUND_MS / 2:
            break
    low, high = np.quantile(found, (0.025, 0.975))
    return BestLag(ms, float(low), float(high), float(mean.max()), at_edge)


def _likely(pairs: Sequence[Sequence[Trace]], lags_s: np.ndarray, low_pass: LowPass | None) -> np.ndarray | None:
    """(lags, n) mean over channels of -log(1 - r^2), of each reach; None where too few samples of EMG are known.

    Muscles are read earlier by each lag, at the samples of EMG that all lags have in common.
    """
    found = []
    for muscle, emg in pairs:
        first, last = muscle.time[0] + lags_s[-1], muscle.time[-1] + lags_s[0]
        inside = (emg.time >= first - 1e-9) & (emg.time <= last + 1e-9)
        if inside.sum() < LEAST_SAMPLES:
            return None
        values = muscle.values if low_pass is None else smoothed(muscle.values, muscle.time, low_pass)
        read = cubic(Trace(muscle.reach, muscle.time, values, muscle.duration))
        shown = read((emg.time[inside] - lags_s[:, None]).ravel()).reshape(len(lags_s), inside.sum(), -1)
        r = np.clip(pearson(_root(shown), _root(emg.values[inside])), 0.0, 0.9999)
        found.append(-np.log(1 - r**2).mean(axis=-1))
    return np.stack(found, axis=1)


def _root(values: np.ndarray) -> np.ndarray:
    """Root of values (..., T, C) above the least, or above 0 where all are."""
    return np.sqrt(values - np.minimum(values.min(axis=-2, keepdims=True), 0.0))


class ReachRow(NamedTuple):
    """One muscle of a controller in one reach."""

    controller: str
    channel: str
    reach: str
    r: float
    best_lag_ms: float
    r_at_best_lag: float
    mae: float
    muscle_onset_ms: float
    emg_onset_ms: float
    muscle_peak_ms: float
    emg_peak_ms: float


def emg_reach_rows(study: EmgStudy) -> list[ReachRow]:
    """A row per controller, channel and reach."""
    rows = []
    for one in study.sets:
        for measured in one.measured:
            for i, reach in enumerate(one.reaches.names):
                trace = measured.muscles[i]
                ours = onset_and_peak(trace.time, trace.values)
                theirs = onset_and_peak(trace.time, one.reaches.emg[i].at(trace.time))
                for c, channel in enumerate(study.channels):
                    curve = measured.curves[:, c, i]
                    times = (ours.onset[c], theirs.onset[c], ours.peak[c], theirs.peak[c])
                    r, best = float(curve[study.lag_index]), best_lag(curve, study.lags_ms)
                    values = r, best, float(curve.max()), float(measured.errors[i, c]), *(1e3 * float(t) for t in times)
                    rows.append(ReachRow(measured.name, channel, reach, *values))
    return rows
