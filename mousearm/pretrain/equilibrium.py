"""Activations that hold an arm on a movement in every frame by itself."""

import numpy as np

from mousearm.mechanics import ArmDynamics, drive_range, motions_of
from mousearm.model import Arm
from mousearm.trajectory import hold

AHEAD_S = 0.025
"""Muscles change so slowly that what is needed for one frame alone would have to be fought in the next ones."""

# What an error of the torque costs: mm that elbow and paw miss by after _TIME_S, and for each joint:
_JOINT_MM = 1.5  # mm per rad
_TIME_S = 1 / 90
_EFFORT_MM = 1e-3  # against which full activation of a muscle is weighed: it only decides between what is as good


def in_equilibrium(arm: Arm, qpos: np.ndarray, qvel: np.ndarray, control_dt: float) -> np.ndarray:
    """Activations (T, na) that give a movement, (T, nq) rad and rad/s, its torque, in every frame by itself.

    Static optimisation (Crowninshield and Brand 1981, J Biomech 14:793-801): the least sum of squares with the torque
    by inverse dynamics, all passive forces included, which is the mean over the next ``AHEAD_S``. Where it is not to be
    had, elbow and paw come as close to their accelerations as can be. What needs no activation, such as a motor, is
    taken to help.
    """
    dynamics, driven = ArmDynamics(arm), np.flatnonzero(arm.model.actuator_actadr >= 0)
    qacc = dynamics.following(qpos, qvel, motions_of([qpos], control_dt).qacc)
    state = dynamics.dynamics(qpos, qvel)
    jacobian = dynamics.landmark_jacobian(qpos, arm.landmark_positions(qpos))
    joints = np.broadcast_to(1e-3 * _JOINT_MM * np.eye(arm.nq), (len(qpos), arm.nq, arm.nq))
    weight = 1e3 * _TIME_S**2 * np.concatenate([jacobian, joints], axis=1) @ state.mobility()
    n = max(1, round(AHEAD_S / control_dt))
    torque = np.mean([hold(state.needed(qacc)[i:], len(qpos)) for i in range(min(n, len(qpos)))], axis=0)
    share = state.bounds.static_optimization(torque, weight, _EFFORT_MM)[:, driven]
    low, high = drive_range(arm)[driven].T
    activation = np.zeros((len(qpos), arm.na))
    activation[:, arm.model.actuator_actadr[driven] + arm.model.actuator_actnum[driven] - 1] = low + share * (
        high - low
    )
    return activation
