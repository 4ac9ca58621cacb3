"""Optimal control as an expert in every state: optimal near the best movement, computed muscle control far from it."""

import warnings
from collections.abc import Sequence
from functools import partial

import numpy as np

from mousearm.action import INVERSE_MAPS
from mousearm.config import Config
from mousearm.env.references import References, Start
from mousearm.env.task import Task
from mousearm.mechanics import ArmDynamics
from mousearm.model import Arm
from mousearm.optimal.trajectories import OptimalFeedback, OptimalTrajectory, optimal_trajectories
from mousearm.pretrain.cmc import ComputedMuscleControl, in_equilibrium
from mousearm.registry import ACTION_MAPS
from mousearm.trajectory import Snapshot, hold

# mm that elbow or paw are off; the share of the optimal feedback falls from 1 to 0 between them.
_NEAR_MM, _FAR_MM = 0.3, 1.0
_AHEAD_S = 0.011  # a speed that is off counts like the way that it leads in this time, that of the feedback of muscles


class OptimalTeacher:
    """Performs optimal trajectories with N arms; its actions depend on their states and frames alone.

    Its controls are those of `OptimalFeedback`, whose model of the arm holds near x* only, and of
    `ComputedMuscleControl`, which follows the reach from anywhere, in shares that follow from the distance to x*: that
    of elbow or paw, whichever is farther, as joint angles and speeds off x* move them.
    """

    def __init__(
        self, arm: Arm, references: References, trajectories: Sequence[OptimalTrajectory], dt: float, action_map: str
    ):
        """Prepare for reaches, whose trajectories have the same order, at one frame per control step of ``dt`` s.

        ``action_map`` is ``model.action_map`` of the task; UnknownNameError if there is no such one.
        """
        self._far = ComputedMuscleControl(arm, references, dt, action_map)
        ctrl_range = ACTION_MAPS[action_map](np.ones((2, arm.nu)) * [[-1], [1]], arm.ctrl_range).T
        self._near = OptimalFeedback(arm, trajectories, dt, ctrl_range)
        self._nq, self._range, self._to_action = arm.nq, arm.ctrl_range, INVERSE_MAPS[action_map]
        qpos = self._near.state[..., : arm.nq]
        points = arm.landmark_positions(qpos.reshape(-1, arm.nq)).reshape(*qpos.shape[:2], 3, 3)
        self._jacobian = 1e3 * ArmDynamics(arm).landmark_jacobian(qpos, points)  # (R, T - 1, 6, nv) mm/rad

    def __call__(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Actions of the task, (N, nu) in [-1, 1]; see ``control``."""
        return self._to_action(self.control(snapshot, reach, frame), self._range)

    def control(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Controls, (N, nu), of N arms, each in a frame (N,) of a reach (N,); ModelError if a state is not finite."""
        distance = self.distance_mm(snapshot, reach, frame)
        share = np.clip((_FAR_MM - distance) / (_FAR_MM - _NEAR_MM), 0, 1)[:, None]
        near, far = self._near.control(snapshot, reach, frame), self._far.control(snapshot, reach, frame)
        return share * near + (1 - share) * far

    def distance_mm(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """(N,) how far arms are from x*, to first order."""
        at = reach, np.minimum(frame, self._jacobian.shape[1] - 1)
        best, jacobian = self._near.state[at], self._jacobian[at]
        off = snapshot.qpos - best[:, : self._nq] + _AHEAD_S * (snapshot.qvel - best[:, self._nq : 2 * self._nq])
        return np.linalg.norm(np.matvec(jacobian, off).reshape(-1, 2, 3), axis=2).max(axis=1)


def optimal_reaches(arm: Arm, references: References, config: Config) -> list[OptimalTrajectory]:
    """Optimal trajectories of all reaches, searched from how computed muscle control performs them.

    With ``env.initial_activation=optimal`` the search begins in equilibrium, whatever the references hold, so that the
    same trajectories come of it: with the best controls from there, so that it ends no worse than these.
    """
    if config.env.initial_activation != "optimal":
        return optimal_trajectories(arm, references, config, followed(arm, references, config), detour=True)
    references = references.begun(partial(in_equilibrium, arm, control_dt=config.env.control_dt))
    with warnings.catch_warnings(action="ignore"):
        held = optimal_trajectories(arm, references, config, followed(arm, references, config), detour=True)
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
