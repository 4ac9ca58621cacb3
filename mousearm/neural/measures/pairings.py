"""What the neurons could have done instead: pairings of each trial of a predictor with an alternative of the neurons.

The first pairing is always the actual one. The others are a null: they keep what one side is by itself, and break what
it has to do with the other. All of them change frames (T, n) of the neurons linearly, trial by trial, and never take a
trial from one fold to another. So the moments of a trial with each alternative are computed once, and a pairing is a
sum of some of them (`moments`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

TrialFrames: TypeAlias = Sequence[np.ndarray]
_SHIFTS = 32  # that a circular shift is drawn from: shares of the trial


@dataclass(frozen=True)
class Pairings:
    """N pairings of R trials with A alternatives.

    Attributes:
        kind: name of the null.
        chosen: (N, R) which alternative each trial of the predictor is paired with.
        alternatives: of the frames of all trials, those for trial i, (T_i, A, n).
        shared: whether trials of the same length have the same alternatives.
    """

    kind: str
    chosen: np.ndarray
    alternatives: Callable[[TrialFrames, int], np.ndarray]
    shared: bool = False

    def __len__(self) -> int:
        return len(self.chosen)

    def each(self, frames: TrialFrames) -> Iterator[tuple[int, np.ndarray]]:
        """Trials, the shortest first, each with its alternatives: the same array as before where they are the same."""
        last, found = -1, np.empty(0)
        for i in sorted(range(len(frames)), key=lambda i: len(frames[i])):
            if not self.shared or len(frames[i]) != last:
                last, found = len(frames[i]), self.alternatives(frames, i)
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
    return Pairings("none", np.zeros((1, n_trials), dtype=int), lambda frames, i: frames[i][:, None])


def exchanged(reaches: Sequence[str], groups: Sequence[str], folds: np.ndarray, n: int, seed: int) -> Pairings:
    """Neurons of other reaches of the same fold and group, stretched to the length of the trial.

    Under the null any reach of the neurons might as well have come with any reach of the predictor. Reaches are
    exchanged with all of their trials.
    """
    rng = np.random.default_rng(seed)
    trials: dict[tuple, dict[str, list[int]]] = {}
    for i, (name, group) in enumerate(zip(reaches, groups, strict=True)):
        trials.setdefault((folds[i], group), {}).setdefault(name, []).append(i)
    chosen = np.tile(np.arange(len(reaches)), (n + 1, 1))
    for of_reach in trials.values():
        places = list(of_reach.values())
        orders = rng.permuted(np.tile(np.arange(len(places)), (n, 1)), axis=1)
        first = np.full((len(places), max(map(len, places))), -1)
        for k, own in enumerate(places):
            first[k] = np.resize(own, first.shape[1])
        for k, own in enumerate(places):
            for nth, trial in enumerate(own):
                chosen[1:, trial] = first[orders[:, k], nth]

    def alternatives(frames: TrialFrames, i: int) -> np.ndarray:
        return np.stack([to_length(values, len(frames[i])) for values in frames], axis=1)

    return Pairings("exchanged", chosen, alternatives, shared=True)


def shifted(n_trials: int, n: int, seed: int) -> Pairings:
    """The same trials, each shifted circularly by a random share of its length."""
    chosen = np.random.default_rng(seed).integers(_SHIFTS, size=(n + 1, n_trials))
    chosen[0] = 0

    def alternatives(frames: TrialFrames, i: int) -> np.ndarray:
        by = [round(k * len(frames[i]) / _SHIFTS) for k in range(_SHIFTS)]
        return np.stack([np.roll(frames[i], k, axis=0) for k in by], axis=1)

    return Pairings("shifted", chosen, alternatives)


def reversed_in_time(n_trials: int, n: int, seed: int) -> Pairings:
    """The same trials, each reversed in time or not, at random."""
    chosen = np.random.default_rng(seed).integers(2, size=(n + 1, n_trials))
    chosen[0] = 0
    return Pairings("reversed", chosen, lambda frames, i: np.stack([frames[i], frames[i][::-1]], axis=1))
