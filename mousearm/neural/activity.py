"""Activity over the frames of reaches: the common form of neurons, of a network's layers, of whatever rivals them."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from mousearm.errors import NeuralError
from mousearm.text import listed, plural

KINDS = ("neurons", "network", "kinematics", "muscles", "torques", "emg", "untrained", "random")
_MOST_CUT = 0.1  # share of a trial by which two lengths may differ; more is a trial of something else
_SAME_STEP = 1e-3  # share by which two steps may differ: 1 / 150 s is 6.667 ms in a table


@dataclass(frozen=True)
class Activity:
    """What n units do over the frames of trials of reaches. Frame 0 is the start of the reach; frames are a step apart.

    A reach that was performed several times has its name there as often, in order. Such trials are not independent
    tests of a model that knows the reach: folds keep trials of one name together.

    Attributes:
        name: what is drawn and written, such as ``hidden``.
        reaches: name of the reach of each trial.
        values: (T_i, n) float64 per trial, finite; of neurons rates in spikes/s.
        step_s: time between frames, s.
        units: names of the n columns, each once.
        groups: ``ANIMAL/SESSION`` of each trial, or empty: what a bootstrap resamples first.
        kind: one of `KINDS`.

    Raises:
        NeuralError: shapes do not fit, a value is not finite, a unit's name is there twice, or there is no trial.
    """

    name: str
    reaches: tuple[str, ...]
    values: tuple[np.ndarray, ...] = field(repr=False)
    step_s: float
    units: tuple[str, ...] = field(repr=False)
    groups: tuple[str, ...] = field(repr=False)
    kind: str

    def __post_init__(self):
        object.__setattr__(self, "values", tuple(np.asarray(values, dtype=np.float64) for values in self.values))
        _check(self)

    @property
    def n_units(self) -> int:
        """Number of columns."""
        return len(self.units)

    @property
    def n_frames(self) -> tuple[int, ...]:
        """Frames of each trial."""
        return tuple(len(values) for values in self.values)

    @cached_property
    def sha256(self) -> str:
        """Hash of all that it holds but its name."""
        digest = hashlib.sha256(repr((self.reaches, self.units, self.groups, self.step_s, self.kind)).encode())
        for values in self.values:
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def trials(self, which: Iterable[int]) -> "Activity":
        """Some trials by number, in that order."""
        chosen = [int(i) for i in which]
        parts = {key: tuple(getattr(self, key)[i] for i in chosen) for key in ("reaches", "values", "groups")}
        return replace(self, **parts)

    def columns(self, which: Iterable[int], name: str | None = None) -> "Activity":
        """Some units by number, in that order, perhaps by another name."""
        chosen = [int(i) for i in which]
        units, values = tuple(self.units[i] for i in chosen), tuple(values[:, chosen] for values in self.values)
        return replace(self, units=units, values=values, name=self.name if name is None else name)

    def frames(self, start: int, stop: Sequence[int]) -> "Activity":
        """Frames from one to that before ``stop[i]`` of each trial."""
        return replace(self, values=tuple(values[start:end] for values, end in zip(self.values, stop, strict=True)))


def _check(of: Activity) -> None:
    if of.kind not in KINDS:
        raise NeuralError(f"{of.name}: there is no kind of activity {of.kind!r}; there are {', '.join(KINDS)}.")
    if not of.reaches or not of.units:
        raise NeuralError(f"{of.name} has no {'trial of a reach' if not of.reaches else 'unit'} in it.")
    if not (len(of.reaches) == len(of.values) == len(of.groups)):
        counts = f"{len(of.reaches)} names, {len(of.values)} arrays and {len(of.groups)} groups of trials"
        raise NeuralError(f"{of.name} has {counts}: there must be as many of each.")
    if not (np.isfinite(of.step_s) and of.step_s > 0):
        raise NeuralError(f"{of.name}: the step {of.step_s} is no time in s above 0.")
    if twice := [name for name, places in _places(of.units).items() if len(places) > 1]:
        raise NeuralError(f"{of.name} has units of the same name: {listed(twice, 5)}.")
    for reach, values in zip(of.reaches, of.values, strict=True):
        if values.ndim != 2 or values.shape[1] != len(of.units) or not len(values):
            raise NeuralError(
                f"{of.name}: the array of {reach} is {values.shape}; it must be (frames, {len(of.units)} units)."
            )
        if not np.isfinite(values).all():
            frame, unit = np.argwhere(~np.isfinite(values))[0]
            raise NeuralError(f"{of.name}: {of.units[unit]} is not finite in frame {frame} of {reach}.")


def matched(a: Activity, b: Activity) -> tuple[Activity, Activity]:
    """Both on the trials of reaches that both have, in the order of the first, and on the frames that both have.

    The k-th trial of a reach belongs to the k-th of the other; where one has a single trial of it, that one stands for
    all: a network without noise performs a reach once. Trials may differ in length by a tenth; the end of the longer
    is cut.

    Raises:
        NeuralError: no reach is in both, steps differ, numbers of trials or lengths of a reach do not fit.
    """
    if abs(a.step_s - b.step_s) > _SAME_STEP * a.step_s:
        raise NeuralError(
            f"Frames of {a.name} are {1e3 * a.step_s:.4g} ms apart, those of {b.name} {1e3 * b.step_s:.4g} ms. Bring "
            "both to one step: read the neurons with the step of the recording."
        )
    in_a, in_b = _places(a.reaches), _places(b.reaches)
    common = [name for name in in_a if name in in_b]
    if not common:
        raise NeuralError(
            f"{a.name} and {b.name} have no reach in common. {a.name} has {listed(list(in_a), 3)}; {b.name} has "
            f"{listed(list(in_b), 3)}. Name the trials of one as the reaches of the other."
        )
    of_a, of_b = [], []
    for name in common:
        n = len(in_a[name]), len(in_b[name])
        if n[0] != n[1] and 1 not in n:
            raise NeuralError(
                f"The reach {name} has {plural(n[0], 'trial')} in {a.name} and {n[1]} in {b.name}: which belongs to "
                "which is not known. Give one of them a single trial of each reach, such as a recording without noise."
            )
        of_a += in_a[name] * (n[1] if n[0] == 1 else 1)
        of_b += in_b[name] * (n[0] if n[1] == 1 else 1)
    a, b = a.trials(of_a), b.trials(of_b)
    for name, *n in zip(a.reaches, a.n_frames, b.n_frames, strict=True):
        if max(n) - min(n) > max(1, _MOST_CUT * max(n)):
            raise NeuralError(
                f"The reach {name} has {n[0]} frames in {a.name} and {n[1]} in {b.name}: they are not the same piece "
                "of time, so the alignment is wrong. Check the event that trials are aligned to, and the name."
            )
    common_frames = [min(n) for n in zip(a.n_frames, b.n_frames, strict=True)]
    return a.frames(0, common_frames), b.frames(0, common_frames)


def _places(names: Sequence[str]) -> dict[str, list[int]]:
    """Where each name stands, in the order in which names come first."""
    found: dict[str, list[int]] = defaultdict(list)
    for i, name in enumerate(names):
        found[name].append(i)
    return dict(found)
