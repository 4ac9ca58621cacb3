"""Optimal trajectories of reaches, searched from how computed muscle control performs them."""

from functools import partial

import numpy as np

from mousearm.config import Config
from mousearm.env.references import References, Start
from mousearm.env.task import Task
from mousearm.model import Arm
from mousearm.optimal.trajectories import OptimalTrajectory, optimal_trajectories
from mousearm.pretrain.cmc import ComputedMuscleControl
from mousearm.pretrain.equilibrium import in_equilibrium


def optimal_reaches(arm: Arm, references: References, config: Config) -> list[OptimalTrajectory]:
    """Optimal trajectories of all reaches.

    With ``env.initial_activation=optimal`` the search begins in equilibrium, whatever the references hold, so that the
    same trajectories come of it.
    """
    chooses_start = config.env.initial_activation == "optimal"
    if chooses_start:
        references = references.begun(partial(in_equilibrium, arm, control_dt=config.env.control_dt))
    return optimal_trajectories(arm, references, config, followed(arm, references, config), chooses_start)


def followed(arm: Arm, references: References, config: Config) -> np.ndarray:
    """Controls, (R, T - 1, nu), with which computed muscle control performs all reaches."""
    expert = ComputedMuscleControl(arm, references, config.env.control_dt, config.model.action_map)
    task = Task(arm, references, config.intact, n := len(references))
    task.reset(np.arange(n), Start(np.arange(n), np.zeros(n, dtype=int)))
    ctrl: list[np.ndarray] = []
    for _ in range(references.targets.shape[1] - 1):
        task.step(expert(task.snapshot, *task.position))
        ctrl.append(task.snapshot.ctrl)
    return np.stack(ctrl, axis=1)
