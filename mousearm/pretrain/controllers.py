"""Controllers that need no training, by name: standards to compare with, and experts that a network imitates."""

from typing import TYPE_CHECKING, Protocol

import numpy as np

from mousearm.action import INVERSE_MAPS
from mousearm.registry import CONTROLLERS
from mousearm.trajectory import Snapshot

if TYPE_CHECKING:
    from mousearm.config import Config
    from mousearm.env.pathways import Efferents
    from mousearm.env.references import References
    from mousearm.env.task import Task
    from mousearm.model import Arm
    from mousearm.simulation import Simulation


class Expert(Protocol):
    """Anything that knows what to do in a state, and perhaps what else would cost, as `OptimalFeedback` does."""

    def __call__(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Actions (N, nu) in [-1, 1] of N arms, each in a frame (N,) of a reach (N,)."""
        ...


class TaskController:
    """Expert as a controller of all arms of a task, whose state it reads itself.

    Where controls are late it acts for the state that those under way will have led to, which it simulates with the
    intact arm: what is late by k + f steps is (1 - f) times what it would do after k steps plus f times after k + 1.
    """

    def __init__(self, task: "Task", expert: Expert):
        self._task, self.expert = task, expert
        is_late = task.efferents is not None and task.efferents.steps > 0
        self._ahead = task.simulated(task.arm) if is_late else None

    def reset(self, n: int) -> None:
        """Do nothing: an expert has no memory."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (N, nu) in [-1, 1]; the observation, which may lack what is needed, is not used."""
        if self._ahead is None or self._task.efferents is None:
            return self.expert(self._task.snapshot, *self._task.position)
        return self._for_later(self._task.efferents, self._ahead)

    def _for_later(self, efferents: "Efferents", ahead: "Simulation") -> np.ndarray:
        """Actions for the states in which they will act."""
        task, (reach, frame) = self._task, self._task.position
        ahead.restore(task.simulation.state())
        known = efferents.under_way()
        for ctrl in known:
            ahead.step(ctrl)
        then = frame + len(known)
        actions = self.expert(self._found(ahead), reach, np.minimum(then, task.last_frame))
        if not (share := efferents.steps % 1):
            return actions
        ctrl = task.map_action(actions, task.arm.ctrl_range)
        ahead.step(efferents.mixed(ctrl))
        later = self.expert(self._found(ahead), reach, np.minimum(then + 1, task.last_frame))
        ctrl = (1 - share) * ctrl + share * task.map_action(later, task.arm.ctrl_range)
        return INVERSE_MAPS[task.map_action.__name__](ctrl, task.arm.ctrl_range)

    def _found(self, ahead: "Simulation") -> Snapshot:
        """Positions of arms that were simulated ahead; those that diverged, where they are now."""
        from mousearm.env.rules import has_diverged  # slow to import, and the names of controllers are asked for early

        snapshot, now = ahead.snapshot(), self._task.snapshot
        if len(lost := np.flatnonzero(has_diverged(snapshot))):
            ahead.reset(lost, now.qpos[lost], now.qvel[lost], now.activation[lost])
            snapshot = ahead.snapshot()
        return snapshot


@CONTROLLERS.add
def cmc(arm: "Arm", references: "References", config: "Config") -> Expert:
    """Computed muscle control; of motors, control of joint torques."""
    from mousearm.pretrain.cmc import ComputedMuscleControl

    return ComputedMuscleControl(arm, references, config.env.control_dt, config.model.action_map)


@CONTROLLERS.add
def optimal(arm: "Arm", references: "References", config: "Config") -> Expert:
    """Optimal control of whole reaches, with the best feedback near them and computed muscle control far away."""
    from mousearm.pretrain.optimal_teacher import OptimalTeacher, optimal_reaches

    trajectories = optimal_reaches(arm, references, config)
    return OptimalTeacher(arm, references, trajectories, config.env.control_dt, config.model.action_map)
