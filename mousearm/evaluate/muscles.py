"""Actuators as figures show them: muscles grouped and ordered by anatomy, motors by their torque.

Groups are of the joints that muscles cross and the direction of their pull, found in moment arms and not in names.
"""

from collections.abc import Sequence
from typing import NamedTuple

import mujoco
import numpy as np

from mousearm.mechanics import ArmDynamics
from mousearm.model import Arm
from mousearm.model.muscles import muscles_of
from mousearm.text import display_name
from mousearm.trajectory import ELBOW, PAW, SHOULDER, Trial

_CROSSES_MM = 1e-3  # a muscle crosses a joint if its moment arm about it exceeds this in some frame
# Among the joints from the elbow on, a muscle belongs to the last one about which it has this share of its largest arm.
_SHARE = 0.6
_MOST_POSES = 50  # of a trial at which moment arms are found
_MICRO = 1e6  # micronewton metres in a newton metre


class MuscleGroup(NamedTuple):
    """Muscles of one function, such as ``elbow flexors``, by index, in the order to draw them."""

    name: str
    muscles: list[int]


class Drives(NamedTuple):
    """Drives of an arm, as a figure shows them."""

    names: Sequence[str]  # of all actuators, in the order of the model
    title: str = "Controls"
    label: str = "control (dimensionless)"
    order: Sequence[int] | None = None  # to draw them in; None for the model's
    scale: np.ndarray | float = 1.0  # (nu,) of the controls


def drives(arm: Arm, trial: Trial) -> Drives:
    """Excitations of muscles in the order of `group_muscles`, torques of motors; for any others the controls."""
    names, model, muscles = arm.actuator_names, arm.model, muscles_of(arm)
    if len(muscles) == arm.nu:
        qpos = trial.qpos[:: 1 + len(trial) // _MOST_POSES]
        moments = -1e3 * ArmDynamics(arm).path(qpos)[1]
        groups = group_muscles(moments, [qpos], [arm.landmark_positions(qpos)], arm.joint_names)
        order = [muscle for group in groups for muscle in group.muscles]
        return Drives(names, "Excitations", "excitation (0 to 1)", order)
    at_hinges = model.jnt_type[model.actuator_trnid[:, 0]] == mujoco.mjtJoint.mjJNT_HINGE
    motors = (model.actuator_trntype == mujoco.mjtTrn.mjTRN_JOINT) & at_hinges
    motors &= (model.actuator_gaintype == mujoco.mjtGain.mjGAIN_FIXED) & ~model.actuator_biasprm.any(axis=1)
    if not motors.all() or arm.na:
        return Drives(names)
    torque = _MICRO * model.actuator_gear[:, 0] * model.actuator_gainprm[:, 0]
    return Drives(names, "Torques", "torque (µN m)", scale=torque)


def group_muscles(
    moment_arms_mm: np.ndarray, qpos: Sequence[np.ndarray], landmarks: Sequence[np.ndarray], joints: Sequence[str]
) -> list[MuscleGroup]:
    """Group muscles by joint from the shoulder outwards, elbow flexors before extensors; every muscle is in one group.

    - The elbow is the joint that changes the angle shoulder - elbow - paw most: by least squares of the angle's change
      from frame to frame on those of the joints. The joints before it are the shoulder's.
    - A muscle that crosses no joint from the elbow on belongs to the shoulder.
    - The others belong to the last joint about which they have at least 60 % of their largest moment arm, the
      shoulder's left out: a muscle of shoulder and elbow belongs to the elbow, one of elbow and wrist to the wrist.
    - A flexor of the elbow is a muscle that makes the angle smaller.
    - Within a group, muscles follow by the joint about which they have their largest arm, by the direction of its pull,
      and by the size of the arm.

    Args:
        moment_arms_mm: (frames, muscles, joints), positive where pull turns the joint upwards; their means count.
        qpos: (T, joints) rad, of each trial.
        landmarks: (T, 3, 3) m, of each trial.
        joints: their names.
    """
    mean, crosses = moment_arms_mm.mean(axis=0), np.abs(moment_arms_mm).max(axis=0) > _CROSSES_MM
    changes = np.concatenate([np.diff(rows, axis=0) for rows in qpos])
    slope = np.linalg.lstsq(changes, np.concatenate([np.diff(_angle(rows)) for rows in landmarks]), rcond=None)[0]
    elbow = int(np.abs(slope).argmax())
    members: dict[tuple[int, str], list[int]] = {}
    for muscle in range(len(mean)):
        group = 0, "shoulder"
        if crosses[muscle, elbow:].any():
            size = np.abs(mean[muscle, elbow:])
            joint = elbow + int(np.flatnonzero(size >= _SHARE * size.max())[-1])
            group = (1, "elbow flexors") if mean[muscle, elbow] * slope[elbow] < 0 else (2, "elbow extensors")
            group = (2 + joint, display_name(joints[joint])) if joint > elbow else group
        members.setdefault(group, []).append(muscle)
    return [MuscleGroup(name, sorted(of, key=lambda m: _rank(mean[m]))) for (_, name), of in sorted(members.items())]


def _rank(mean: np.ndarray) -> tuple[int, float]:
    """By main joint, then those that pull towards larger angles first, the largest arm at the outside."""
    joint = int(np.abs(mean).argmax())
    return joint, -float(mean[joint])


def _angle(landmarks: np.ndarray) -> np.ndarray:
    """(T,) angle between upper arm and forearm, rad: pi where the arm is straight."""
    upper, fore = landmarks[:, SHOULDER] - landmarks[:, ELBOW], landmarks[:, PAW] - landmarks[:, ELBOW]
    cosine = (upper * fore).sum(axis=1) / (np.linalg.norm(upper, axis=1) * np.linalg.norm(fore, axis=1))
    return np.arccos(np.clip(cosine, -1, 1))
