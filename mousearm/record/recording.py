"""A recording: signals of one or more trials, with units."""

from dataclasses import dataclass

import numpy as np

from mousearm.trajectory import Trial, with_shoulder


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

    @property
    def trial(self) -> Trial:
        """The arm's part as a trial; of a reach that diverged it has the targets up to there."""
        values = {name: signal.values for name, signal in self.signals.items()}
        time = values["time"]
        optional = {name: values[name] for name in ("qvel", "activation") if name in values}
        return Trial(
            name=self.name,
            split=self.split,
            dt=float(time[1] - time[0]) if len(time) > 1 else 1.0,
            diverged=not self.completed,
            landmarks=values["landmarks"],
            targets=with_shoulder(np.full(3, np.nan), values["target"]),
            reference=values["reference_qpos"],
            qpos=values["qpos"],
            ctrl=values["excitation" if "excitation" in values else "control"],
            **optional,
        )


@dataclass(frozen=True, slots=True)
class Recording:
    """Trials of one agent.

    Attributes:
        reaches: the trials: all reaches by name, then all of them once more for each further repeat.
        about: what was recorded: run, checkpoint, model, noise and the like.
    """

    reaches: list[ReachRecording]
    about: dict[str, str | float | int]
