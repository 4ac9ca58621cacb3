"""Optimal control of reaches, performed by MuJoCo, as an evaluation and as a recording."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mousearm.action import direct_inverse
from mousearm.config import Config, OptimalConfig
from mousearm.env.references import References
from mousearm.env.task import Task
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.measuring import evaluate_trials
from mousearm.evaluate.results import ErrorScale, ReachResult
from mousearm.optimal.trajectories import OptimalTrajectory
from mousearm.pretrain.optimal_teacher import optimal_reaches
from mousearm.record.signals import About, Recording
from mousearm.record.trials import ArmRecorder, about_arm, record_trials
from mousearm.setup import Setup
from mousearm.simulation import MUJOCO
from mousearm.text import columns, duration, plural, shortened
from mousearm.trajectory import Trial, hold

_LONGEST_NAME = 21  # of a reach in a table of 80 columns
COST = (
    "Cost in mm^2: squared errors of elbow and paw, and the effort u^2, weighted, over all frames.\n"
    "Left: part of it that the last plan promised and no step brought."
)


class Solved(NamedTuple):
    """Optimal control of reaches, and what MuJoCo makes of it."""

    trajectories: list[OptimalTrajectory]
    evaluation: Evaluation
    recording: Recording
    seconds: float  # that the search took, by the clock

    def table(self) -> str:
        """A row per reach: errors, effort, cost, and how the search ended."""
        head = ["reach", "paw mm", "elbow", "u^2", "cost", "left", "steps", "converged"]
        rows = [head, *map(_row, self.evaluation.reaches, self.trajectories)]
        n = len(self.trajectories)
        if n > 1:
            (errors,) = self.evaluation.splits.values()
            effort = self.evaluation.excitation(self.evaluation.reaches[0].split)
            rows.append(["all", f"{errors['paw_mm'].mean:.3f}", f"{errors['elbow_mm'].mean:.3f}", f"{effort:.4f}"])
            rows[-1] += [""] * (len(head) - len(rows[-1]))
        lines = columns(rows, right=range(1, 7))
        lines.insert(1, "-" * max(map(len, lines)))
        took = f"{plural(n, 'reach', 'reaches')} in {duration(self.seconds)} ({self.seconds / n:.1f} s each)."
        return "\n".join([*lines, "", COST, f"Errors are {self.evaluation.scale.text()}.", took])


class _Replay:
    """A controller that does what was decided before, whatever it sees: controls (R, T - 1, nu) of as many arms."""

    def __init__(self, ctrl: np.ndarray, ctrl_range: np.ndarray):
        self._ctrl, self._range, self._step = ctrl, ctrl_range, 0

    def reset(self, n: int) -> None:
        """Start again; n arms follow."""
        self._step = 0

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (N, nu) of the map ``direct``."""
        step = min(self._step, self._ctrl.shape[1] - 1)
        self._step += 1
        return direct_inverse(self._ctrl[:, step], self._range)


def solve_setup(setup: Setup) -> Solved:
    """Optimal control of all reaches of a setup, or what was found before; warnings as of `optimal_trajectories`."""
    begun = time.perf_counter()
    references = References(setup.references)
    found = optimal_reaches(setup.arm, references, setup.config)
    seconds = time.perf_counter() - begun
    trials, recording = replayed(setup, references, found)
    by_name = {reference.name: reference for reference in setup.references}
    evaluation = evaluate_trials(trials, ErrorScale.of(setup.config, setup.arm), by_name)
    return Solved(found, evaluation, recording, seconds)


def _stacked(ctrl: Sequence[np.ndarray], steps: int) -> np.ndarray:
    """(R, steps, nu) controls of reaches of different lengths; the last one of each is repeated."""
    return np.stack([hold(rows, steps) for rows in ctrl])


def replayed(
    setup: Setup, references: References, trajectories: Sequence[OptimalTrajectory]
) -> tuple[list[Trial], Recording]:
    """Let MuJoCo perform trajectories, one of each reach, with their controls and from their activations."""
    longest = references.targets.shape[1]
    references.activation = np.stack([hold(one.activation, longest) for one in trajectories])
    model = replace(setup.config.model, action_map="direct")  # that every control of the range can be an action
    config = replace(setup.config.intact, model=model, engine=MUJOCO)
    task = Task(setup.arm, references, config, len(references))
    replay = _Replay(_stacked([one.ctrl for one in trajectories], longest - 1), setup.arm.ctrl_range)
    split_of = {name: split for split, names in setup.split.splits.items() for name in names}
    performed = list(record_trials(task, ArmRecorder(task, replay), split_of))
    recording = Recording([reach for _, reach in performed], about_optimal(setup, trajectories))
    return [trial for trial, _ in performed], recording


def about_optimal(setup: Setup, trajectories: Sequence[OptimalTrajectory]) -> About:
    """Origin of a recording of optimal control."""
    of_search = {"cost": sum(one.cost for one in trajectories), "converged": all(one.converged for one in trajectories)}
    weights = weights_text(setup.config.optimal)
    return {"run": "optimal control", "controller": "optimal", "weights": weights, **about_arm(setup), **of_search}


def weights_text(optimal: OptimalConfig) -> str:
    """The weights of a cost, in words."""
    emg = f", w_emg {optimal.w_emg:g}" if optimal.w_emg else ""
    return f"w_effort {optimal.w_effort:g}, w_smooth {optimal.w_smooth:g}{emg}"


def with_effort(config: Config, w_effort: float) -> Config:
    """The configuration with another weight of effort."""
    return replace(config, optimal=replace(config.optimal, w_effort=w_effort))


def _row(result: ReachResult, trajectory: OptimalTrajectory) -> list[str]:
    errors = [f"{result.paw_mm.mean:.3f}", f"{result.elbow_mm.mean:.3f}", f"{result.excitation:.4f}"]
    search = [f"{trajectory.cost:.3f}", f"{trajectory.left:.1%}", str(trajectory.iterations)]
    return [shortened(result.name, _LONGEST_NAME), *errors, *search, "yes" if trajectory.converged else "no"]
