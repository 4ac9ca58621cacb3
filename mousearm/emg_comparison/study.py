"""The comparison of controllers with EMG: scores, nulls, rivals, ceilings, and what they allow to say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mousearm.emg import Envelope
from mousearm.emg.filtering import LowPass
from mousearm.emg_comparison.controllers import MuscleController, MusclePerformance
from mousearm.emg_comparison.traces import (
    Trace,
    common_times,
    correlations,
    emg_trace,
    mean_of_others,
    scaled_errors,
    weights_of,
)
from mousearm.errors import EmgError
from mousearm.stats import (
    ENOUGH,
    Ceiling,
    Evidence,
    Nested,
    NullTest,
    circular_shift_test,
    exchange_test,
    nested_spread,
    pairwise_ceiling,
    sign_flip_test,
)

COMMON, SPEED = "the mean of the other reaches", "paw speed"  # what muscles have to beat
WINDOW_MS, LAG_STEP_MS, WIDEST_MS = 50.0, 1.0, 1000.0
GROUPS = ("session", "animal", "all")  # within which recordings are exchanged


@dataclass(frozen=True)
class ReachSet:
    """Reaches that some controllers share, with their EMG and what rivals predict of it."""

    names: tuple[str, ...]
    animals: tuple[str, ...]
    sessions: tuple[str, ...]
    groups: tuple[object, ...]  # within which recordings are exchanged
    emg: Sequence[Trace]
    rivals: Mapping[str, np.ndarray]  # (lags, C, n) r of what muscles have to beat
    ceilings: Sequence[Ceiling]  # of each channel, at the lag 0
    low_pass: LowPass | None  # that made the envelopes, where they say it and have the same
    heard: np.ndarray  # (C,) which channels are not below the cross-talk of others; all, if none is

    @property
    def clusters(self) -> list[str] | None:
        """Animals, whose reaches keep their signs together, where there are enough of them."""
        return list(self.animals) if len(set(self.animals)) >= ENOUGH else None


@dataclass(frozen=True)
class MeasuredController:
    """One controller on the reaches of a set; arrays over C channels and n reaches."""

    name: str
    muscles: Sequence[Trace]  # (T, C) in the channels, mean of its performances, at the times of the comparison
    curves: np.ndarray  # (lags, C, n) r with its own EMG
    scores: np.ndarray  # (lags, C, n, n) r of reach i with the EMG of reach j
    errors: np.ndarray  # (n, C) mean absolute error after one factor per muscle, fitted on the others
    shift: NullTest  # of C channels, against circular shifts


class Tested(NamedTuple):
    """Tests of m controllers in C channels at one lag, or each pairing at its best one; arrays are (m, C, ...)."""

    r: np.ndarray  # (m, C, n)
    exchanged: np.ndarray  # (m, C) mean r with the recordings of other reaches of the group; NaN where there are none
    null: NullTest
    rivals: dict[str, NullTest]  # differences from each


@dataclass(frozen=True)
class EmgSet:
    """Controllers that were compared on the same reaches, and their tests."""

    reaches: ReachSet
    measured: Sequence[MeasuredController]
    at_lag: Tested
    at_best: Tested

    def evidence(self, index: int, channels: Sequence[str], best: bool = False) -> Evidence:
        """The evidence on a controller at the lag of the comparison, or with the best lag of each pairing."""
        tested = self.at_best if best else self.at_lag
        rivals = {
            name: dict(zip(channels, map(float, of.p_corrected[index]), strict=True))
            for name, of in tested.rivals.items()
        }
        shares = {} if best else dict(zip(channels, self.shares(index), strict=True))
        least = max([tested.null.least_p, *(of.least_p for of in tested.rivals.values())])
        null = dict(zip(channels, map(float, tested.null.p_corrected[index]), strict=True))
        return Evidence(self.measured[index].name, null, rivals, (COMMON,), shares, least)

    def shares(self, index: int) -> list[float]:
        """R of a controller as a part of the ceiling, by channel."""
        means = self.at_lag.r[index].mean(axis=-1)
        return [of.share(float(mean)) for of, mean in zip(self.reaches.ceilings, means, strict=True)]

    def nested(self, index: int, channel: int) -> Nested:
        """R over the reaches, with its interval."""
        return nested_spread(self.at_lag.r[index, channel].tolist(), self.reaches.animals, self.reaches.sessions)


@dataclass(frozen=True)
class EmgStudy:
    """Everything of a comparison."""

    channels: tuple[str, ...]
    signal: str
    lags_ms: np.ndarray  # of the window, positive: EMG later than the muscle
    lag_ms: float  # at which the verdict is given
    sets: Sequence[EmgSet]
    timing_known: bool  # whether the clock of the EMG was stated, so that a delay means something
    assumptions: tuple[str, ...]  # of the recordings, in words
    covered: Mapping[str, float]  # channels below the cross-talk of others, and the share of their power that it is

    @property
    def lag_index(self) -> int:
        """Index of the lag of the verdict among those of the window."""
        return int(np.abs(self.lags_ms - self.lag_ms).argmin())


def check_lags(window_ms: float, lag_ms: float) -> None:
    """Refuse a window of lags, or a lag, that cannot be; EmgError."""
    if not LAG_STEP_MS <= window_ms <= WIDEST_MS:
        raise EmgError(f"--window {window_ms:g} is out of range. Give {LAG_STEP_MS:g} to {WIDEST_MS:g} ms.")
    if not abs(lag_ms) <= window_ms:
        raise EmgError(f"--lag {lag_ms:g} is outside the window of {window_ms:g} ms. Give a larger --window.")


def compare_emg(
    controllers: Sequence[MuscleController],
    envelopes: Mapping[str, Envelope],
    signal: str = "activation",
    window_ms: float = WINDOW_MS,
    lag_ms: float = 0.0,
    group: str = GROUPS[0],
) -> EmgStudy:
    """Compare controllers with the EMG of the reaches that both have.

    Args:
        controllers: at least one.
        envelopes: EMG by reach.
        signal: what of the muscles was taken; only said.
        window_ms: lags from minus to plus this are looked at.
        lag_ms: the one at which the verdict is given; positive: EMG later than the muscle.
        group: within what recordings are exchanged: ``session``, ``animal``, or ``all``.

    Raises:
        EmgError: a controller and the EMG have fewer than two reaches in common, the EMG of one cannot be used, or the
            window or lag is as of `check_lags`.
        UnknownNameError: an arm lacks a muscle of a channel.
    """
    check_lags(window_ms, lag_ms)
    steps = round(window_ms / LAG_STEP_MS)
    lags_ms = LAG_STEP_MS * np.arange(-steps, steps + 1)
    sets: dict[tuple[str, ...], list[MuscleController]] = {}
    for controller in controllers:
        names = tuple(name for name in envelopes if name in controller.reaches)
        if len(names) < 2:
            raise EmgError(
                f"{controller.name} and the EMG have {len(names)} reaches in common; two are needed, so that there is "
                f"one to exchange. The EMG is of {', '.join(envelopes)}; the controller performed "
                f"{', '.join(controller.reaches)}. Give --kinematics with the reaches of the EMG."
            )
        sets.setdefault(names, []).append(controller)
    speeds = {name: speed for of in controllers for one in of.performances for name, speed in one.speeds.items()}
    index = int(np.abs(lags_ms - lag_ms).argmin())
    done = [_compare(names, of, envelopes, speeds, lags_ms / 1e3, index, group) for names, of in sets.items()]
    first = next(iter(envelopes.values()))
    assumed = [str(line) for one in envelopes.values() for line in _assumptions(one)]
    covered = {channel: float(share) for one in envelopes.values() for channel, share in _covered(one).items()}
    notes = tuple(dict.fromkeys(assumed))
    return EmgStudy(tuple(first.muscles), signal, lags_ms, lag_ms, done, not assumed, notes, covered)


def _assumptions(envelope: Envelope) -> list[str]:
    """Assumptions of the import of a recording."""
    found = envelope.about.get("assumptions", [])
    return [found] if isinstance(found, str) and found else list(found)


def _covered(envelope: Envelope) -> Mapping[str, float]:
    """Channels with muscles that the import found below the cross-talk of others."""
    return {name: of for name, of in envelope.about.get("covered", {}).items() if name in envelope.muscles}


def _compare(
    names: tuple[str, ...],
    controllers: Sequence[MuscleController],
    envelopes: Mapping[str, Envelope],
    speeds: Mapping[str, Trace],
    lags: np.ndarray,
    index: int,
    group: str,
) -> EmgSet:
    """Measure and test controllers on the same reaches."""
    chosen = {name: envelopes[name] for name in names}
    durations = {name: controllers[0].performances[0].muscles[name].duration for name in names}
    emg = [emg_trace(envelope, durations[name]) for name, envelope in chosen.items()]
    measured = [_measure(controller, chosen, emg, lags, index) for controller in controllers]
    grids = [trace.time for trace in measured[0].muscles]
    own = [trace.on(grid) for trace, grid in zip(emg, grids, strict=True)]
    animals = tuple(envelope.animal for envelope in chosen.values())
    sessions = tuple(envelope.session for envelope in chosen.values())
    rivals = {COMMON: _diagonal(correlations(mean_of_others(own, animals), emg, lags))}
    if all(name in speeds for name in names):
        fast = [speeds[name].on(grid) for name, grid in zip(names, grids, strict=True)]
        n_channels = emg[0].values.shape[1]
        wide = [Trace(of.reach, of.time, np.repeat(of.values, n_channels, axis=1), of.duration) for of in fast]
        rivals[SPEED] = _diagonal(correlations(wide, emg, lags))
    between = correlations(own, emg)[0]
    ceilings = [pairwise_ceiling((of + of.T) / 2, animals) for of in between]
    groups: tuple[object, ...] = tuple(zip(animals, sessions, strict=True)) if group == "session" else animals
    if group == "all":
        groups = ("",) * len(names)
    filters = {LowPass.of(envelope.about) for envelope in chosen.values()}
    low_pass = filters.pop() if len(filters) == 1 else None
    silent = {name for envelope in chosen.values() for name in _covered(envelope)}
    heard = np.array([name not in silent for name in next(iter(chosen.values())).muscles])
    heard = heard if heard.any() else ~heard
    reaches = ReachSet(names, animals, sessions, groups, emg, rivals, ceilings, low_pass, heard)
    at_lag, at_best = (_tested(reaches, measured, where) for where in (index, None))
    return EmgSet(reaches, measured, at_lag, at_best)


def _diagonal(scores: np.ndarray) -> np.ndarray:
    """(..., n) scores of each reach with its own EMG."""
    return np.diagonal(scores, axis1=-2, axis2=-1)


def _measure(
    controller: MuscleController, envelopes: Mapping[str, Envelope], emg: Sequence[Trace], lags: np.ndarray, index: int
) -> MeasuredController:
    performed = [_in_channels(one, envelopes, emg) for one in controller.performances]
    scores = np.mean([correlations(traces, emg, lags) for traces in performed], axis=0)
    mean = [
        Trace(of[0].reach, of[0].time, np.mean([one.values for one in of], axis=0), of[0].duration)
        for of in zip(*performed, strict=True)
    ]
    recorded = [trace.at(one.time + lags[index]) for one, trace in zip(mean, emg, strict=True)]
    known = [np.isfinite(values).all(axis=1) for values in recorded]
    muscles = [one.values[there] for one, there in zip(mean, known, strict=True)]
    recorded = [values[there] for values, there in zip(recorded, known, strict=True)]
    errors, shift = scaled_errors(muscles, recorded), circular_shift_test(muscles, recorded)
    return MeasuredController(controller.name, mean, _diagonal(scores), scores, errors, shift)


def _in_channels(one: MusclePerformance, envelopes: Mapping[str, Envelope], emg: Sequence[Trace]) -> list[Trace]:
    """Signals of the muscles in the channels of the EMG, at the times of the comparison."""
    weights = weights_of(envelopes, one.actuators)
    found = []
    for trace in emg:
        muscles = one.muscles[trace.reach]
        shown = Trace(trace.reach, muscles.time, muscles.values @ weights, muscles.duration)
        found.append(shown.on(common_times(shown, trace)))
    return found


def _tested(reaches: ReachSet, measured: Sequence[MeasuredController], index: int | None) -> Tested:
    """Tests at a lag, or, for None, with the best lag of every pairing, in the null and of rivals too."""

    def at(values: np.ndarray) -> np.ndarray:
        return values.max(axis=0) if index is None else values[index]

    scores = np.stack([at(of.scores) for of in measured])
    r = _diagonal(scores)
    rivals = {name: sign_flip_test(r - at(of), reaches.clusters) for name, of in reaches.rivals.items()}
    groups = reaches.groups
    others = [i != j and groups[i] == groups[j] for i in range(len(groups)) for j in range(len(groups))]
    apart = scores.reshape(*scores.shape[:2], -1)[..., others]
    exchanged = apart.mean(axis=-1) if any(others) else np.full(scores.shape[:2], np.nan)
    return Tested(r, exchanged, exchange_test(scores, groups), rivals)
