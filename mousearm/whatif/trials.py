"""Trials of a study as one plain table: every run, in every case, on every reach, as often as chance plays a part."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mousearm.agent import Agent
from mousearm.evaluate.measuring import evaluate_trials
from mousearm.trajectory import Trial, hold
from mousearm.whatif.cases import Case

if TYPE_CHECKING:
    from mousearm.policy.controller import ActivityController

# Phases of a study: the network as it was trained; after more training under the condition; that one without it.
PHASES = ACUTE, RETRAINED, AFTEREFFECT = "acute", "retrained", "aftereffect"


@dataclass(frozen=True)
class TrialRow:
    """One performance of a reach, in numbers; a simulation that diverged counts as frozen from there on."""

    run: str
    phase: str  # ``acute``, ``retrained`` or ``aftereffect``
    condition: str  # in an aftereffect the one that was trained under
    severity: float
    reach: str
    split: str
    repeat: int  # by chance, with noise; 0 where there is none
    paw_mm: float  # mean distance of the paw from its target over all steps
    elbow_mm: float
    effort: float  # mean over steps and actuators of (force / peak force of the intact arm)^2
    completed: bool
    muscles: tuple[float, ...]  # the effort of each actuator; their mean is the effort

    def under(self, case: Case) -> "TrialRow":
        """The same as a trial of the network that was trained under a case."""
        return replace(self, condition=case.name, severity=case.severity)

    def as_row(self, actuators: Sequence[str]) -> dict[str, Any]:
        """The same for a table, with a column per actuator."""
        row = asdict(self)
        return row | {f"effort.{name}": value for name, value in zip(actuators, row.pop("muscles"), strict=True)}


class Performance(NamedTuple):
    """The trials of an agent in one case."""

    rows: list[TrialRow]
    trials: list[Trial]  # of the first repeat, one per reach
    units: np.ndarray  # (reaches, frames, units) activity of the backbone in it


def perform_case(agent: Agent, run: str, case: Case, repeats: int, phase: str = ACUTE) -> Performance:
    """Let an agent perform all its reaches in a case, each as often as ``repeats`` where chance plays a part.

    Chance is the same in all cases: a repeat of the intact arm and the same repeat of a lesioned one have one noise, so
    that their difference is that of the case. Errors are those of the condition, whose keys may not fit the arm.
    """
    from mousearm.policy.controller import ActivityController  # slow to import

    agent = agent.under(case.condition, repeats)
    controller = _Remembering(ActivityController(agent.policy))
    trials, n = agent.evaluator.perform(controller), len(agent.evaluator.task.references)
    rows: list[TrialRow] = []
    for begin in range(0, len(trials), n):
        repeat = trials[begin : begin + n]
        results = evaluate_trials(repeat, agent.evaluator.scale).reaches
        for trial, result in zip(repeat, results, strict=True):
            place = run, phase, case.name, case.severity, trial.name, trial.split, begin // n
            measured = result.paw_mm.mean, result.elbow_mm.mean, result.effort, result.completed
            muscles = tuple(hold(trial.effort, trial.n_frames)[1:].mean(axis=0).tolist())
            rows.append(TrialRow(*place, *measured, muscles))
    return Performance(rows, trials[:n], controller.units[:n])


class _Remembering:
    """A controller that keeps the activity of its network's units, in every step of the last episodes."""

    def __init__(self, network: "ActivityController"):
        self._network = network
        self._rows: list[np.ndarray] = []

    @property
    def units(self) -> np.ndarray:
        """(N, steps, units): what the backbone holds, or where it has no memory, what its first layer gives."""
        return np.stack(self._rows, axis=1)

    def reset(self, n: int) -> None:
        """Start n episodes."""
        self._network.reset(n)
        self._rows = []

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (N, nu) for observations (N, n_obs)."""
        action = self._network.act(observation)
        activity = self._network.activity
        self._rows.append(activity.get("hidden", next(iter(activity.values()))).reshape(len(action), -1))
        return action
