"""Traces of muscles and of EMG on common times, and how well each fits each, at any lag.

A lag is positive where the EMG is later than the muscle: the muscle at t is compared with the EMG at t + lag. A trace
of one reach is put against a reach of another duration by stretching it to that duration, so that begin and end meet.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mousearm.analysis import extract
from mousearm.emg import Envelope
from mousearm.errors import EmgError

LEAST_SAMPLES = 6
"""Samples that two traces must have in common."""

_FINER = 1.5  # times as far apart EMG must be before it decides at which times traces are compared
_ROUNDED_S = 1e-6  # s, by which times that were written into files may be off
_CONSTANT = 1e-9  # standard deviation, as a part of the largest value, below which a trace is constant


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """C quantities over one reach; ``time`` is s from its first frame and may begin before or end after the reach."""

    reach: str
    time: np.ndarray = field(repr=False)  # (T,) s, increasing
    values: np.ndarray = field(repr=False)  # (T, C)
    duration: float  # s, of the reach

    def at(self, times: np.ndarray) -> np.ndarray:
        """(n, C) values at times (n,) s, linear in between; NaN outside, but for rounding."""
        first, last = self.time[0], self.time[-1]
        near = (times > first - _ROUNDED_S) & (times < last + _ROUNDED_S)
        times = np.where(near, np.clip(times, first, last), times)
        return np.stack([np.interp(times, self.time, of, left=np.nan, right=np.nan) for of in self.values.T], axis=1)

    def on(self, times: np.ndarray) -> "Trace":
        """The same at other times."""
        return Trace(self.reach, times, self.at(times), self.duration)

    def stretched(self, other: "Trace") -> np.ndarray:
        """(T, C) values at the times of another reach's trace, which are shares of the duration."""
        return self.at(other.time * (self.duration / other.duration))


def emg_trace(envelope: Envelope, duration: float) -> Trace:
    """The channels of an envelope that show muscles; EmgError if it has too few samples within the reach."""
    chosen = [envelope.channels.index(name) for name in envelope.muscles]
    if not chosen:
        raise EmgError("no channel shows a muscle. Import it again with a map of channels to muscles.", envelope.reach)
    inside = int(((envelope.time >= -1e-9) & (envelope.time <= duration + _ROUNDED_S)).sum())
    if inside < LEAST_SAMPLES:
        raise EmgError(
            f"has {inside} samples within the {duration:.3f} s of the reach; {LEAST_SAMPLES} are needed. Import it "
            "again with the right rate and offset, or leave the reach out.",
            f"EMG of the reach {envelope.reach}",
        )
    return Trace(envelope.reach, envelope.time, envelope.values[:, chosen], duration)


def common_times(muscle: Trace, emg: Trace) -> np.ndarray:
    """Times at which a reach is compared: those of the coarser of the two, within the reach and what both know."""
    steps = [float(np.median(np.diff(trace.time))) for trace in (muscle, emg)]
    times = emg.time if steps[1] > _FINER * steps[0] else muscle.time
    first, last = max(muscle.time[0], emg.time[0], 0.0), min(muscle.time[-1], emg.time[-1], muscle.duration)
    return times[(times >= first - _ROUNDED_S) & (times <= last + _ROUNDED_S)]


def correlations(ones: Sequence[Trace], others: Sequence[Trace], lags_s: Iterable[float] = (0.0,)) -> np.ndarray:
    """(lags, C, n, m) Pearson r of n traces with m others, each stretched to the reach and read later by each lag.

    Between its samples the other is a cubic spline. r is over the times of the one at which the other is known, and 0
    where a trace is constant: it predicts nothing.

    Raises:
        EmgError: two traces have too few samples in common at a lag.
    """
    lags, readers = np.array([*lags_s], dtype=float), [cubic(other) for other in others]
    found = np.empty((len(lags), ones[0].values.shape[1], len(ones), len(others)))
    for i, one in enumerate(ones):
        for j, other in enumerate(others):
            times = one.time * (other.duration / one.duration) + lags[:, None]
            read = readers[j](times.ravel()).reshape(len(lags), *one.values.shape)
            found[..., i, j] = pearson(one.values, read, LEAST_SAMPLES)
            if np.isnan(found[..., i, j]).any():
                raise EmgError(
                    f"has too few samples in common with {one.reach} at a lag of up to "
                    f"{1e3 * np.abs(lags).max():.0f} ms; {LEAST_SAMPLES} are needed. Give a smaller --window.",
                    f"EMG of the reach {other.reach}",
                )
    return found


def cubic(trace: Trace) -> Callable[[np.ndarray], np.ndarray]:
    """A trace at times (n,) s by a cubic spline, (n, C); NaN outside.

    A line between samples would smooth noise away there, so that r would be highest at lags midway between samples.
    """
    from scipy.interpolate import CubicSpline  # slow to import

    spline = CubicSpline(trace.time, trace.values)

    def read(times: np.ndarray) -> np.ndarray:
        first, last = trace.time[0], trace.time[-1]
        inside = (times > first - _ROUNDED_S) & (times < last + _ROUNDED_S)
        return np.where(inside[:, None], spline(np.clip(times, first, last)), np.nan)

    return read


def pearson(one: np.ndarray, other: np.ndarray, least: int = 3) -> np.ndarray:
    """(..., C) Pearson r over times where both (..., T, C) are known; NaN of fewer than ``least``.

    0 where one of them is constant: it predicts nothing.
    """
    known = np.isfinite(one) & np.isfinite(other)
    n = known.sum(axis=-2)
    both = [np.where(known, of, 0.0) for of in np.broadcast_arrays(one, other)]
    centred = [np.where(known, of - (of.sum(axis=-2) / np.maximum(n, 1))[..., None, :], 0.0) for of in both]
    lengths = [np.sqrt(np.square(of).sum(axis=-2)) for of in centred]
    least_of = [_CONSTANT * np.sqrt(n) * np.abs(of).max(axis=-2) for of in both]
    moves = (lengths[0] > least_of[0]) & (lengths[1] > least_of[1])
    r = np.where(moves, (centred[0] * centred[1]).sum(axis=-2) / np.where(moves, lengths[0] * lengths[1], 1.0), 0.0)
    return np.where(n >= least, r, np.nan)


def mean_of_others(traces: Sequence[Trace], groups: Sequence[object]) -> list[Trace]:
    """The common time course for each reach: the mean of the other reaches' traces, stretched to it.

    Of the reaches of its own group, such as its animal, where there are others; else of all. Where some of the others
    are not known at a time, the mean is of the rest.
    """
    found = []
    for i, own in enumerate(traces):
        others = [j for j in range(len(traces)) if j != i]
        near = [j for j in others if groups[j] == groups[i]] or others
        stack = np.array([traces[j].stretched(own) for j in near])
        known = np.isfinite(stack)
        mean = np.where(known, stack, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        found.append(Trace(own.reach, own.time, np.where(known.any(axis=0), mean, np.nan), own.duration))
    return found


def weights_of(envelopes: Mapping[str, Envelope], actuators: Sequence[str]) -> np.ndarray:
    """(nu, C) weights of an arm's muscles in the channels, which all reaches have alike.

    Raises:
        EmgError: reaches have other channels.
        UnknownNameError: the arm lacks a muscle.
    """
    first, *rest = envelopes.values()
    channels = tuple(first.muscles)
    for other in rest:
        if tuple(other.muscles) != channels:
            raise EmgError(
                f"has the channels {', '.join(other.muscles)}; that of {first.reach} has {', '.join(channels)}. "
                "Import them together, with one map of channels.",
                f"EMG of the reach {other.reach}",
            )
    return first.weights(actuators, channels)


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
