"""Optimal trajectories of reaches, searched from how computed muscle control performs them."""

import warnings
from functools import partial

import numpy as np

from mousearm.config import Config
from mousearm.env.references import References, Start
from mousearm.env.task import Task
from mousearm.model import Arm
from mousearm.optimal.trajectories import OptimalTrajectory, optimal_trajectories
from mousearm.pretrain.cmc import ComputedMuscleControl
from mousearm.pretrain.equilibrium import in_equilibrium
from mousearm.trajectory import hold


def optimal_reaches(arm: Arm, references: References, config: Config) -> list[OptimalTrajectory]:
    """Optimal trajectories of all reaches.

    With ``env.initial_activation=optimal`` the search begins in equilibrium, whatever the references hold, so that the
    same trajectories come of it: with the best controls from there, so that it ends no worse than these.
    """
    if config.env.initial_activation != "optimal":
        return optimal_trajectories(arm, references, config, followed(arm, references, config))
    references = references.begun(partial(in_equilibrium, arm, control_dt=config.env.control_dt))
    with warnings.catch_warnings(action="ignore"):
        held = optimal_trajectories(arm, references, config, followed(arm, references, config))
    ctrl = np.stack([hold(one.ctrl, references.targets.shape[1] - 1) for one in held])
    return optimal_trajectories(arm, references, config, ctrl, chooses_start=True)


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
