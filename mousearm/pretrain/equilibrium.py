"""Activations that hold an arm on a movement in every frame by itself."""

import numpy as np

from mousearm.mechanics import ArmDynamics, drive_range, motions_of
from mousearm.model import Arm

# What an error of the torque costs: mm that elbow and paw miss by after _TIME_S, and for each joint:
_JOINT_MM = 1.5  # mm per rad
_TIME_S = 1 / 90
_EFFORT_MM = 1e-3  # against which full activation of a muscle is weighed: it only decides between what is as good


def in_equilibrium(arm: Arm, qpos: np.ndarray, qvel: np.ndarray, control_dt: float) -> np.ndarray:
    """Activations (T, na) that give a movement, (T, nq) rad and rad/s, its accelerations, in every frame by itself.

    Static optimisation (Crowninshield and Brand 1981, J Biomech 14:793-801) of the torque by inverse dynamics, all
    passive forces included: the least sum of squares. Where that torque is not to be had, elbow and paw come as close
    to their accelerations as can be. What needs no activation, such as a motor, is taken to help.
    """
    dynamics, driven = ArmDynamics(arm), np.flatnonzero(arm.model.actuator_actadr >= 0)
    qacc = dynamics.following(qpos, qvel, motions_of([qpos], control_dt).qacc)
    state = dynamics.dynamics(qpos, qvel)
    jacobian = dynamics.landmark_jacobian(qpos, arm.landmark_positions(qpos))
    joints = np.broadcast_to(1e-3 * _JOINT_MM * np.eye(arm.nq), (len(qpos), arm.nq, arm.nq))
    weight = 1e3 * _TIME_S**2 * np.concatenate([jacobian, joints], axis=1) @ state.mobility()
    share = state.bounds.static_optimization(state.needed(qacc), weight, _EFFORT_MM)[:, driven]
    low, high = drive_range(arm)[driven].T
    activation = np.zeros((len(qpos), arm.na))
    activation[:, arm.model.actuator_actadr[driven] + arm.model.actuator_actnum[driven] - 1] = low + share * (
        high - low
    )
    return activation
