"""Controllers that need no training, by name: standards to compare with, and experts that a network imitates."""

from typing import TYPE_CHECKING, Protocol

import numpy as np

from mousearm.registry import CONTROLLERS
from mousearm.trajectory import Snapshot

if TYPE_CHECKING:
    from mousearm.config import Config
    from mousearm.env.references import References
    from mousearm.env.task import Task
    from mousearm.model import Arm


class Expert(Protocol):
    """Anything that knows what to do in a state, and perhaps what else would cost, as `OptimalFeedback` does."""

    def __call__(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Actions (N, nu) in [-1, 1] of N arms, each in a frame (N,) of a reach (N,)."""
        ...


class TaskController:
    """Expert as a controller of all arms of a task, whose state it reads itself."""

    def __init__(self, task: "Task", expert: Expert):
        self._task, self.expert = task, expert

    def reset(self, n: int) -> None:
        """Do nothing: an expert has no memory."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (N, nu) in [-1, 1]; the observation, which may lack what is needed, is not used."""
        return self.expert(self._task.snapshot, *self._task.position)


@CONTROLLERS.add
def cmc(arm: "Arm", references: "References", config: "Config") -> Expert:
    """Computed muscle control; of motors, control of joint torques."""
    from mousearm.pretrain.cmc import ComputedMuscleControl

    return ComputedMuscleControl(arm, references, config.env.control_dt, config.model.action_map)


@CONTROLLERS.add
def optimal(arm: "Arm", references: "References", config: "Config") -> Expert:
    """Optimal control of whole reaches, with the linear feedback that is best near them."""
    from mousearm.optimal.feedback import OptimalFeedback
    from mousearm.pretrain.planning import optimal_reaches

    trajectories = optimal_reaches(arm, references, config)
    return OptimalFeedback(arm, trajectories, config.env.control_dt, config.model.action_map)
