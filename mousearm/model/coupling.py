"""Joints that follow others: the equality constraints of a model, as functions of the joints that are free."""

import mujoco
import numpy as np
from numpy.polynomial import Polynomial

from mousearm.errors import ModelError
from mousearm.model.xml import LARGEST

_ACROSS = 1e-7  # rad (m for slides) from a pose within which a limit counts as reached there
_TOLERANCE = 1e-9  # the same, for what rounding may leave
_REMEDY = 'Leave it out, or give it active="false"'


class Couplings:
    """Positions of joints that follow others: q_i = r_i + sum_k c_k (q_j - r_j)^k, k from 0 to 4.

    r is the default pose of the model; where there is no joint j, q_i = r_i + c_0 (MuJoCo, XML reference,
    equality/joint). What follows a joint that follows another follows that. All joints are hinges or slides. False
    where no joint follows another.
    """

    def __init__(self, model: mujoco.MjModel, source: str):
        """Read the active constraints; ModelError where one is not between joints, or gives a joint two positions."""
        self._source, self._names = source, [model.joint(i).name or f"number {i}" for i in range(model.njnt)]
        waiting = _read_rules(model, source)
        self.free = np.ones(model.njnt, dtype=bool)  # (nq,) for the joints that follow none
        self.free[list(waiting)] = False
        # By joint that follows: the free one at the end, or itself where it is fixed, and its position as a function.
        self._rules: dict[int, tuple[int, Polynomial]] = {}
        while ready := [joint for joint, (leader, _) in waiting.items() if leader == joint or leader not in waiting]:
            for joint in ready:
                leader, position = waiting.pop(joint)
                root, of_root = self._rules.get(leader, (leader, Polynomial([0.0, 1.0])))
                self._rules[joint] = root, position(of_root).trim()
        if waiting:
            circle = ", ".join(self._names[joint] for joint in waiting)
            raise ModelError(f"{source}: equality constraints of {circle} make each follow another of them. {_REMEDY}.")

    def __bool__(self) -> bool:
        return bool(self._rules)

    def complete(self, qpos: np.ndarray) -> np.ndarray:
        """Poses (..., nq) with the joints that follow where they must be; the poses themselves where none follows."""
        if not self:
            return qpos
        qpos = np.array(qpos)
        for joint, (root, position) in self._rules.items():
            qpos[..., joint] = position(qpos[..., root])
        return qpos

    def derivatives(self, qpos: np.ndarray, qvel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """T, (..., nq, nq), and b, (..., nq), of states (..., nq): qvel = T qvel and qacc = T qacc + b.

        The columns of T that belong to joints that follow others are 0: T and b take them from the free joints.
        """
        slopes = np.broadcast_to(np.diag(self.free.astype(float)), (*qpos.shape, qpos.shape[-1])).copy()
        bends = np.zeros(qpos.shape)
        for joint, (root, position) in self._rules.items():
            slopes[..., joint, root] = position.deriv()(qpos[..., root])
            bends[..., joint] = position.deriv(2)(qpos[..., root]) * np.square(qvel[..., root])
        return slopes, bends

    def narrowed(self, ranges: np.ndarray, rest: np.ndarray) -> np.ndarray:
        """Ranges (nq, 2) in which what follows keeps to its own too, around a pose (nq,); ModelError if not there."""
        narrow = ranges.copy()
        for joint, (root, position) in self._rules.items():
            low, high = ranges[joint]
            if not low - _TOLERANCE <= rest[joint] <= high + _TOLERANCE:
                raise ModelError(
                    f"{self._source}: an equality constraint puts joint '{self._names[joint]}' at {rest[joint]:.4g} in "
                    f"the rest pose; its range is {ranges[joint].tolist()}. Correct one of them."
                )
            roots = [x for limit in (low, high) if np.isfinite(limit) for x in (position - limit).roots()]
            ends = [x.real for x in roots if abs(x.imag) < _ACROSS]
            for side, sign in enumerate((-1, 1)):
                probe = position(rest[root] + sign * _ACROSS)
                here = [] if low - _TOLERANCE <= probe <= high + _TOLERANCE else [rest[root]]
                beyond = [x for x in ends if sign * (x - rest[root]) > _ACROSS]
                nearest = min(here + beyond, key=lambda x: abs(x - rest[root]), default=narrow[root, side])
                narrow[root, side] = sign * min(sign * nearest, sign * narrow[root, side])
        return narrow


def switched_off(model: mujoco.MjModel, kind: mujoco.mjtDisableBit) -> bool:
    """True if the model's options switch a kind of constraint off, or all of them."""
    return bool(model.opt.disableflags & (int(kind) | int(mujoco.mjtDisableBit.mjDSBL_CONSTRAINT)))


def _read_rules(model: mujoco.MjModel, source: str) -> dict[int, tuple[int, Polynomial]]:
    """By joint that follows, the one that it follows, itself where it is fixed, and its position as a function."""
    rules: dict[int, tuple[int, Polynomial]] = {}
    is_off = switched_off(model, mujoco.mjtDisableBit.mjDSBL_EQUALITY)
    for i in [] if is_off else np.flatnonzero(model.eq_active0):
        kind = mujoco.mjtEq(model.eq_type[i])
        place = f"{source}: equality constraint '{model.equality(i).name}' (number {i}, {kind.name[5:].lower()})"
        if kind != mujoco.mjtEq.mjEQ_JOINT:
            raise ModelError(
                f"{place} cannot be held by inverse kinematics, and by the control that follows reaches; only those of "
                f"joints can. {_REMEDY}; or write it as <equality><joint/>."
            )
        joint, other = int(model.eq_obj1id[i]), int(model.eq_obj2id[i])
        if joint in rules or not (np.abs(model.eq_data[i, :5]) < LARGEST).all():
            raise ModelError(
                f"{place}: a joint can follow one other joint, by numbers below {LARGEST:g}, and "
                f"'{model.joint(joint).name}' does not. {_REMEDY}; or name the other joint as joint1."
            )
        leader, count = (joint, 1) if other < 0 else (other, 5)
        shift = Polynomial([-model.qpos0[leader], 1.0])
        rules[joint] = leader, Polynomial(model.eq_data[i, :count]).trim()(shift) + model.qpos0[joint]
    return rules
