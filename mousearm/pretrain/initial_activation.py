"""The activation of the muscles where an arm is put into a frame of its reach, by name.

An arm that is caught in mid-movement without any activation falls first: its muscles need tens of milliseconds to get
hold of it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mousearm.registry import INITIAL_ACTIVATIONS

if TYPE_CHECKING:
    from mousearm.config import Config
    from mousearm.model import Arm
    from mousearm.retarget import Reference

# What an error of the torque costs: mm that elbow and paw miss by after _TIME_S, and for each joint:
_JOINT_MM = 1.5  # mm per rad
_TIME_S = 1 / 90
_EFFORT_MM = 1e-3  # against which full activation of a muscle is weighed: it only decides between what is as good


@INITIAL_ACTIVATIONS.add
def zero(arm: "Arm", references: Sequence["Reference"], config: "Config") -> list[np.ndarray]:
    """Muscles at rest, so that the arm falls until they have hold of it."""
    return [np.zeros((len(reference.qpos), arm.na)) for reference in references]


@INITIAL_ACTIVATIONS.add
def equilibrium(arm: "Arm", references: Sequence["Reference"], config: "Config") -> list[np.ndarray]:
    """The least squared activations that give the torque which the reach takes there.

    Static optimisation (Crowninshield and Brand 1981, J Biomech 14:793-801) of the torque by inverse dynamics; (T, na)
    for each reference of T frames. What else moves the arm, such as motors, may help.
    """
    from mousearm.mechanics import ArmDynamics, Motion, drive_range, motions_of

    dynamics, rows = ArmDynamics(arm), np.flatnonzero(arm.model.actuator_actadr >= 0)
    address = arm.model.actuator_actadr[rows] + arm.model.actuator_actnum[rows] - 1
    low, high = drive_range(arm)[rows].T
    found = []
    for reference in references:
        qacc = motions_of([reference.qpos], config.env.control_dt).qacc
        now = Motion(reference.qpos, reference.qvel, dynamics.following(reference.qpos, reference.qvel, qacc))
        state = dynamics.dynamics(now.qpos, now.qvel)
        jacobian = dynamics.landmark_jacobian(now.qpos, arm.landmark_positions(now.qpos))
        joints = np.broadcast_to(1e-3 * _JOINT_MM * np.eye(arm.nq), (len(qacc), arm.nq, arm.nq))
        weight = 1e3 * _TIME_S**2 * np.concatenate([jacobian, joints], axis=1) @ state.mobility()
        share = state.bounds.static_optimization(state.needed(now.qacc), weight, _EFFORT_MM)
        activation = np.zeros((len(qacc), arm.na))
        activation[:, address] = low + share[:, rows] * (high - low)
        found.append(activation)
    return found
