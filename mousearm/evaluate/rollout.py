"""Rollouts: every reach from its first frame to its last, perhaps repeated, all in one batch, and their evaluation."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from mousearm.config import Config
from mousearm.env.references import References, Start
from mousearm.env.task import Task, has_noise
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.measuring import evaluate_trials
from mousearm.evaluate.results import ErrorScale
from mousearm.model import Arm
from mousearm.retarget import Reference
from mousearm.trajectory import SHOULDER, Trial, with_shoulder

REPEATS = 20
"""Of an evaluation with noise."""


class Controller(Protocol):
    """Anything that turns observations into actions."""

    def reset(self, n: int) -> None:
        """Start n episodes, without memory of earlier ones."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (N, nu) in [-1, 1] for observations (N, n_obs)."""
        ...


def roll_out(
    task: Task, controller: Controller, split_of: Mapping[str, str] | None = None, repeat: int = 0
) -> list[Trial]:
    """Let a controller perform every reach of a task from its first frame, the same every time.

    ``split_of`` is the split of each reach, None where that is not known. There is a trial, with all that a trial can
    hold, per simulation: as many as references, or a multiple, which are repeats from the given one on, each with noise
    of its own where there is any. All reaches come first, then all again. ValueError if there is no whole number.
    """
    n, references = task.n, task.references
    if n % len(references):
        raise ValueError(f"{n} simulations cannot perform {len(references)} reaches at once; one each is needed")
    reach = np.arange(n) % len(references)
    task.rewind(repeat)
    task.reset(np.arange(n), Start(reach, np.zeros(n, dtype=int)))
    controller.reset(n)
    rows, alive, lived = [_row(task)], np.ones(n, dtype=bool), np.ones(n, dtype=int)
    for _ in range(references.targets.shape[1] - 1):
        outcome = task.step(controller.act(task.observe()))
        alive &= ~outcome.terminated
        lived += alive & (lived < references.n_frames[reach])
        rows.append(_row(task))
    parts = {name: np.stack([row[name] for row in rows], axis=1) for name in rows[0]}
    shoulder = task.arm.landmark_positions(task.arm.rest_qpos[None])[0, SHOULDER]
    return [
        Trial(
            name=references.names[r],
            split=(split_of or {}).get(references.names[r], ""),
            dt=task.simulation.control_dt,
            diverged=bool(lived[i] < (n_frames := references.n_frames[r])),
            targets=with_shoulder(shoulder, references.targets[r, :n_frames]),
            reference=references.qpos[r, :n_frames],
            **{part: values[i, : lived[i]] for part, values in parts.items()},
        )
        for i, r in enumerate(reach)
    ]


def _row(task: Task) -> dict[str, np.ndarray]:
    """One frame of all arms, (N, ...) by name."""
    state = task.snapshot
    parts = {name: getattr(state, name) for name in ("landmarks", "qpos", "qvel", "activation", "ctrl")}
    return {**parts, "effort": np.square(state.force / task.arm.peak_force)}


class Evaluator:
    """Lets controllers perform every reach, all in one batch: the simulations of ``task``, for what sees more.

    Each is performed once, or with noise ``repeats`` times.
    """

    def __init__(
        self,
        config: Config,
        arm: Arm,
        references: Sequence[Reference],
        splits: Mapping[str, Sequence[str]],
        repeats: int | None = None,
    ):
        """Build a simulation per repeat and reach that one of the splits, ``train`` and ``test``, names.

        Repeats are by default `REPEATS` where the configuration has noise, and 1 where all would be the same.
        """
        self.scale = ErrorScale.of(config, arm)
        self._split_of = {name: split for split, names in splits.items() for name in names}
        self._references = {reference.name: reference for reference in references if reference.name in self._split_of}
        is_noisy = has_noise(config) or config.policy.unit_noise > 0
        self.repeats = (REPEATS if is_noisy else 1) if repeats is None else repeats
        n = len(self._references)
        self.task = Task(arm, References([*self._references.values()]), config, n * self.repeats)

    def evaluate(self, controller: Controller) -> tuple[Evaluation, list[Trial]]:
        """Errors on all reaches, and the trials of the first repeat."""
        trials = self.perform(controller)
        return evaluate_trials(trials, self.scale, self._references), trials[: len(self._references)]

    def perform(self, controller: Controller) -> list[Trial]:
        """The trials of all repeats: all reaches, then all again."""
        return roll_out(self.task, controller, self._split_of)
