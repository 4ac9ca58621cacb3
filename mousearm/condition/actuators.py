"""Which muscles a condition is about, and how strong they are."""

import copy
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import numpy as np

from mousearm.errors import UnknownNameError

if TYPE_CHECKING:
    import mujoco

    from mousearm.model import Arm

WHICH = (
    "Names of actuators; `Triceps*` stands for all that begin so, `elbow_flex+` and `elbow_flex-` for those that turn "
    "this joint upwards and downwards at rest. []: all."
)


def chosen(arm: "Arm", names: Sequence[str], key: str) -> np.ndarray:
    """(nu,) bool, which actuators the names stand for, see `WHICH`; UnknownNameError names the key."""
    if not names:
        return np.ones(arm.nu, dtype=bool)
    found = np.zeros(arm.nu, dtype=bool)
    for name in names:
        if name[:-1] in arm.joint_names and name[-1] in "+-":
            arms = moment_arms(arm)[:, arm.joint_names.index(name[:-1])]
            which = arms > 0 if name[-1] == "+" else arms < 0
        else:
            which = np.array([fnmatchcase(actuator, name) for actuator in arm.actuator_names])
        if not which.any():
            signed = [f"{joint}{sign}" for joint in arm.joint_names for sign in "+-"]
            raise UnknownNameError(f"actuator of {arm.source} (key {key})", name, [*arm.actuator_names, *signed])
        found |= which
    return found


def moment_arms(arm: "Arm") -> np.ndarray:
    """(nu, nq) torque that one unit of each actuator's force gives at each joint, at the rest pose; m for muscles."""
    import mujoco

    model, data = arm.model, mujoco.MjData(arm.model)
    data.qpos[:] = arm.rest_qpos
    mujoco.mj_forward(model, data)
    dense = np.zeros((model.nu, model.nv))
    mujoco.mju_sparse2dense(dense, data.actuator_moment, data.moment_rownnz, data.moment_rowadr, data.moment_colind)
    return dense


def with_strength(arm: "Arm", share: np.ndarray) -> "Arm":
    """The arm whose actuators give only a share, (nu,), of their force: of a muscle its active force.

    A muscle's passive force, from its stretched tissue, stays. What a servo does, gain and bias, is scaled as a whole.
    """
    import mujoco

    from mousearm.model.arm import peak_isometric_force

    def changed(model: "mujoco.MjModel") -> "mujoco.MjModel":
        new, is_muscle = copy.copy(model), model.actuator_gaintype == mujoco.mjtGain.mjGAIN_MUSCLE
        new.actuator_gainprm[is_muscle, 2] = (share * peak_isometric_force(model))[is_muscle]
        for prm in (new.actuator_gainprm, new.actuator_biasprm):
            prm[~is_muscle] *= share[~is_muscle, None]
        return new

    return arm.changed(changed)
