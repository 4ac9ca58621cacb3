"""What the neurons could have done instead: pairings of each trial of a predictor with an alternative of the neurons.

The first pairing is always the actual one. The others are a null: they keep what one side is by itself, and break what
it has to do with the other. All of them change frames (T, n) of the neurons linearly, trial by trial, and never take a
trial from one fold to another. So the moments of a trial with each alternative are computed once, and a pairing is a
sum of some of them (`moments`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

TrialFrames: TypeAlias = Sequence[np.ndarray]
_SPLINES = 8  # of courses that reaches have in common
_SHIFTS = 32  # that a circular shift is drawn from: shares of the trial


@dataclass(frozen=True)
class Pairings:
    """N pairings of R trials with A alternatives.

    Attributes:
        kind: name of the null.
        chosen: (N, R) which alternative each trial of the predictor is paired with.
        alternatives: of the frames of all trials, a function that gives those for trial i, (T_i, A, n).
        kinds: of trials; those of one kind and length have the same alternatives. None: each has its own.
    """

    kind: str
    chosen: np.ndarray
    alternatives: Callable[[TrialFrames], Callable[[int], np.ndarray]]
    kinds: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.chosen)

    def each(self, frames: TrialFrames) -> Iterator[tuple[int, np.ndarray]]:
        """Trials, each with its alternatives: the same array as before where they are the same."""
        alternatives, last, found = self.alternatives(frames), None, np.empty(0)
        kinds = [(self.kinds[i] if self.kinds else str(i), len(values)) for i, values in enumerate(frames)]
        for i in sorted(range(len(frames)), key=kinds.__getitem__):
            if kinds[i] != last:
                last, found = kinds[i], alternatives(i)
            yield i, found

    @property
    def least_p(self) -> float:
        """The smallest p that they can show: one over the number of different ones."""
        return 1 / len(np.unique(self.chosen, axis=0))


def to_length(values: np.ndarray, n: int) -> np.ndarray:
    """TrialFrames (T, ...) brought to n by linear interpolation, from the first to the last."""
    if len(values) == n:
        return values
    at = np.linspace(0, len(values) - 1, n)
    before = np.minimum(at.astype(int), max(len(values) - 2, 0))
    share = (at - before).reshape(-1, *[1] * (values.ndim - 1))
    return (1 - share) * values[before] + share * values[np.minimum(before + 1, len(values) - 1)]


def actual(n_trials: int) -> Pairings:
    """Nothing but the actual pairing."""
    return Pairings("none", np.zeros((1, n_trials), dtype=int), lambda frames: lambda i: frames[i][:, None])


def exchanged(
    reaches: Sequence[str], groups: Sequence[str], folds: np.ndarray, n: int, seed: int, in_common: bool = True
) -> Pairings:
    """What is particular to other reaches of the same fold and group, stretched to the length of the trial.

    Under the null it might as well have come with any reach of the predictor. What the reaches of a group have in
    common (`common_courses`) stays where it is: stretched with the rest, a course that is the same from the start of
    each reach on would no longer go with that of the predictor, and every score would be above its null. Of reaches of
    equal length whole reaches are exchanged. They are exchanged with all of their trials.

    Frames that such courses were taken off already have none ``in_common``, and are exchanged whole: what would be
    taken off once more is noise, and a null of less noise is narrower than what it is a null of.
    """
    rng = np.random.default_rng(seed)
    kinds = [f"{fold}/{group}" for fold, group in zip(folds, groups, strict=True)]
    mates = {kind: [i for i, other in enumerate(kinds) if other == kind] for kind in kinds}
    chosen = np.tile([mates[kind].index(i) for i, kind in enumerate(kinds)], (n + 1, 1))
    for of in mates.values():
        places: dict[str, list[int]] = {}
        for k, i in enumerate(of):
            places.setdefault(reaches[i], []).append(k)
        own = list(places.values())
        orders = rng.permuted(np.tile(np.arange(len(own)), (n, 1)), axis=1)
        trials = np.stack([np.resize(some, max(map(len, own))) for some in own])
        for k, some in enumerate(own):
            for nth, trial in enumerate(some):
                chosen[1:, of[trial]] = trials[orders[:, k], nth]

    def alternatives(frames: TrialFrames) -> Callable[[int], np.ndarray]:
        courses = common_courses(frames, groups) if in_common else [np.zeros_like(values) for values in frames]
        rest = [values - course for values, course in zip(frames, courses, strict=True)]
        return lambda i: np.stack([courses[i] + to_length(rest[k], len(rest[i])) for k in mates[kinds[i]]], axis=1)

    return Pairings("exchanged", chosen, alternatives, kinds)


def common_courses(frames: TrialFrames, groups: Sequence[str]) -> list[np.ndarray]:
    """Courses (T_i, n) that trials of a group have in common, by least squares (`course_basis`)."""
    basis = course_basis([len(values) for values in frames], groups)
    weights = np.linalg.lstsq(np.concatenate(basis), np.concatenate(frames), rcond=1e-8)[0]
    return [rows @ weights for rows in basis]


def course_basis(lengths: Sequence[int], groups: Sequence[str], n: int | None = None) -> list[np.ndarray]:
    """Functions of what trials of a group have in common: of time since the start, and of its share of the trial.

    Both are cubic splines, `_SPLINES` each, of every group by itself. At all frames of trials, or at n times from the
    first to the last, (n, 2 splines groups).
    """
    longest, names = max(*lengths, 2), list(dict.fromkeys(groups))
    found = []
    for length, group in zip(lengths, groups, strict=True):
        share = np.linspace(0, 1, n or length)
        rows = np.hstack([_splines(share * (length - 1) / (longest - 1)), _splines(share)])
        found.append(np.kron(np.eye(len(names))[names.index(group)], rows))
    return found


def _splines(at: np.ndarray) -> np.ndarray:
    """Cubic splines at times from 0 to 1, (T, splines)."""
    from scipy.interpolate import BSpline  # slow to import

    knots = np.concatenate([np.zeros(3), np.linspace(0, 1, _SPLINES - 2), np.ones(3)])
    return BSpline.design_matrix(np.minimum(at, 1), knots, 3).toarray()


def shifted(n_trials: int, n: int, seed: int) -> Pairings:
    """The same trials, each shifted circularly by a random share of its length."""
    chosen = np.random.default_rng(seed).integers(_SHIFTS, size=(n + 1, n_trials))
    chosen[0] = 0

    def alternatives(frames: TrialFrames, i: int) -> np.ndarray:
        by = [round(k * len(frames[i]) / _SHIFTS) for k in range(_SHIFTS)]
        return np.stack([np.roll(frames[i], k, axis=0) for k in by], axis=1)

    return Pairings("shifted", chosen, lambda frames: partial(alternatives, frames))


def reversed_in_time(n_trials: int, n: int, seed: int) -> Pairings:
    """The same trials, each reversed in time or not, at random."""
    chosen = np.random.default_rng(seed).integers(2, size=(n + 1, n_trials))
    chosen[0] = 0
    return Pairings("reversed", chosen, lambda frames: lambda i: np.stack([frames[i], frames[i][::-1]], axis=1))
