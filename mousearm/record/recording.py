"""A recording: signals of one or more trials, with units."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Signal:
    """One quantity over the T frames of a trial.

    Attributes:
        values: (T, ...).
        unit: such as ``mm``, ``rad/s``; ``1`` for what has none.
        description: what it is, in a sentence.
        columns: names along the last axis; empty where there is nothing to name.
        rows: names along the axis before it, of signals (T, rows, columns); empty where there is nothing to name.
    """

    values: np.ndarray
    unit: str
    description: str
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReachRecording:
    """One trial of one reach; frame 0 is the start.

    Attributes:
        name: of the reach.
        split: ``train`` or ``test``.
        repeat: which trial of that reach, from 0.
        signals: by name.
        completed: whether the simulation lived to the end of the reach.
    """

    name: str
    split: str
    repeat: int
    signals: dict[str, Signal]
    completed: bool = True


@dataclass(frozen=True, slots=True)
class Recording:
    """Trials of one agent.

    Attributes:
        reaches: the trials: all reaches by name, then all of them once more for each further repeat.
        about: what was recorded: run, checkpoint, model, noise and the like.
    """

    reaches: list[ReachRecording]
    about: dict[str, str | float | int]
