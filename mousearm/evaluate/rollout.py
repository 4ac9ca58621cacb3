"""Deterministic rollouts: every reach from its first frame to its last, all in one batch, and their evaluation."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from mousearm.config import Config
from mousearm.env.references import References, Start
from mousearm.env.task import Task
from mousearm.evaluate.evaluation import ErrorScale, Evaluation
from mousearm.evaluate.measuring import evaluate_trials
from mousearm.model import Arm
from mousearm.retarget import Reference
from mousearm.trajectory import SHOULDER, Trial, with_shoulder


class Controller(Protocol):
    """Anything that turns observations into actions."""

    def reset(self, n: int) -> None:
        """Start n episodes, without memory of earlier ones."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (N, nu) in [-1, 1] for observations (N, n_obs)."""
        ...


def roll_out(task: Task, controller: Controller, split_of: Mapping[str, str] | None = None) -> list[Trial]:
    """Let a controller perform every reach of a task, with as many simulations as references, from its first frame.

    ``split_of`` is the split of each reach, None where that is not known. There is a trial per reach, with all that a
    trial can hold. ValueError if there are more or fewer simulations than references.
    """
    n, references = task.n, task.references
    if n != len(references):
        raise ValueError(f"{n} simulations cannot perform {len(references)} reaches at once; one each is needed")
    task.reset(np.arange(n), Start(np.arange(n), np.zeros(n, dtype=int)))
    controller.reset(n)
    rows, alive, lived = [_row(task)], np.ones(n, dtype=bool), np.ones(n, dtype=int)
    for _ in range(references.targets.shape[1] - 1):
        outcome = task.step(controller.act(task.observe()))
        alive &= ~outcome.terminated
        lived += alive & (lived < references.n_frames)
        rows.append(_row(task))
    parts = {name: np.stack([row[name] for row in rows], axis=1) for name in rows[0]}
    shoulder = task.arm.landmark_positions(task.arm.rest_qpos[None])[0, SHOULDER]
    return [
        Trial(
            name=name,
            split=(split_of or {}).get(name, ""),
            dt=task.simulation.control_dt,
            diverged=bool(lived[i] < n_frames),
            targets=with_shoulder(shoulder, references.targets[i, :n_frames]),
            reference=references.qpos[i, :n_frames],
            **{part: values[i, : lived[i]] for part, values in parts.items()},
        )
        for i, (name, n_frames) in enumerate(zip(references.names, references.n_frames, strict=True))
    ]


def _row(task: Task) -> dict[str, np.ndarray]:
    """One frame of all arms, (N, ...) by name."""
    state = task.snapshot
    parts = {name: getattr(state, name) for name in ("landmarks", "qpos", "qvel", "activation", "ctrl")}
    return {**parts, "effort": np.square(state.force / task.arm.peak_force)}


class Evaluator:
    """Lets controllers perform every reach once, all in one batch: the simulations of ``task``, for what sees more."""

    def __init__(self, config: Config, arm: Arm, references: Sequence[Reference], splits: Mapping[str, Sequence[str]]):
        """Build one simulation per reach that one of the splits, ``train`` and ``test``, names."""
        self.scale = ErrorScale.of(config, arm)
        self._split_of = {name: split for split, names in splits.items() for name in names}
        self._references = {reference.name: reference for reference in references if reference.name in self._split_of}
        self.task = Task(arm, References([*self._references.values()]), config, len(self._references))

    def evaluate(self, controller: Controller) -> tuple[Evaluation, list[Trial]]:
        """Errors on all reaches, and the trials they were measured on."""
        trials = roll_out(self.task, controller, self._split_of)
        return evaluate_trials(trials, self.scale, self._references), trials
