"""Joints that follow others: the equality constraints of a model, as functions of the joints that are free."""

from typing import NamedTuple

import mujoco
import numpy as np
from numpy.polynomial import Polynomial

from mousearm.errors import ModelError
from mousearm.model.xml import LARGEST

_GRID = 2001  # points of a joint's range at which the joints that follow it are looked at
_TOLERANCE = 1e-9  # rad (m for slides): what rounding may leave
_HALVINGS = 60
_REMEDY = 'Leave it out, or give it active="false"'


class _Rule(NamedTuple):
    """One joint that follows another; ``leader`` is the joint itself where it stays at one position."""

    joint: int
    leader: int
    position: Polynomial


class Couplings:
    """Positions of joints that follow others: q_i = r_i + sum_k c_k (q_j - r_j)^k, k from 0 to 4.

    r is the default pose of the model; where there is no joint j, q_i = r_i + c_0 (MuJoCo, XML reference,
    equality/joint). All joints are hinges or slides. False where no joint follows another.

    Attributes:
        free: (nq,) True for the joints that follow none.
    """

    def __init__(self, model: mujoco.MjModel, source: str):
        """Read the constraints that are active.

        Raises:
            ModelError: one is not between joints, or gives a joint two positions; says which.
        """
        self._source, self._names = source, [model.joint(i).name or f"number {i}" for i in range(model.njnt)]
        waiting = _read_rules(model, source)
        self._rules: list[_Rule] = []  # of a joint before those of the joints that follow it
        self._root, self.free = np.arange(model.njnt), np.ones(model.njnt, dtype=bool)
        self.free[list(waiting)] = False
        while ready := [rule for rule in waiting.values() if rule.joint == rule.leader or rule.leader not in waiting]:
            for rule in ready:
                self._rules.append(rule)
                self._root[rule.joint] = self._root[rule.leader]
                del waiting[rule.joint]
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
        for rule in self._rules:
            qpos[..., rule.joint] = rule.position(qpos[..., rule.leader])
        return qpos

    def derivatives(self, qpos: np.ndarray, qvel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """T, (..., nq, nq), and b, (..., nq), of states (..., nq): qvel = T qvel and qacc = T qacc + b.

        The columns of T that belong to joints that follow others are 0: T and b take them from the free joints.
        """
        slopes = np.broadcast_to(np.diag(self.free.astype(float)), (*qpos.shape, qpos.shape[-1])).copy()
        bends = np.zeros(qpos.shape)
        for joint, leader, position in self._rules:
            slope, curve = (position.deriv(n)(qpos[..., leader]) for n in (1, 2))
            slopes[..., joint, :] = slope[..., None] * slopes[..., leader, :]
            bends[..., joint] = curve * np.square(qvel[..., leader]) + slope * bends[..., leader]
        return slopes, bends

    def narrowed(self, ranges: np.ndarray, rest: np.ndarray) -> np.ndarray:
        """Ranges (nq, 2) of the joints within which those that follow them keep to theirs too, around a pose (nq,).

        Raises:
            ModelError: a joint is out of its range at that pose, because of the one that it follows.
        """
        narrow = ranges.copy()
        for joint, *_ in self._rules:
            if not ranges[joint, 0] - _TOLERANCE <= rest[joint] <= ranges[joint, 1] + _TOLERANCE:
                raise ModelError(
                    f"{self._source}: an equality constraint puts joint '{self._names[joint]}' at {rest[joint]:.4g} in "
                    f"the rest pose; its range is {ranges[joint].tolist()}. Correct one of them."
                )
            root = self._root[joint]
            for side, far in enumerate((-4 * np.pi, 4 * np.pi)) if self.free[root] else ():
                end = narrow[root, side]
                grid = np.linspace(rest[root], end if np.isfinite(end) else rest[root] + far, _GRID)
                bad = np.flatnonzero(~self._keeps(joint, ranges[joint], rest, grid))
                if len(bad):
                    inside, outside = grid[bad[0] - 1], grid[bad[0]]
                    for _ in range(_HALVINGS):
                        middle = np.array([(inside + outside) / 2])
                        good = self._keeps(joint, ranges[joint], rest, middle)[0]
                        inside, outside = (middle[0], outside) if good else (inside, middle[0])
                    narrow[root, side] = inside
        return narrow

    def _keeps(self, joint: int, limits: np.ndarray, rest: np.ndarray, root: np.ndarray) -> np.ndarray:
        """Where, (n,), a joint keeps to its limits while the free one that it follows is at (n,) places."""
        poses = np.tile(rest, (len(root), 1))
        poses[:, self._root[joint]] = root
        place = self.complete(poses)[:, joint]
        return (place >= limits[0] - _TOLERANCE) & (place <= limits[1] + _TOLERANCE)


def _read_rules(model: mujoco.MjModel, source: str) -> dict[int, _Rule]:
    """By joint, the rule that it follows."""
    rules: dict[int, _Rule] = {}
    if model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_EQUALITY:
        return rules
    for i in np.flatnonzero(model.eq_active0):
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
        rules[joint] = _Rule(joint, leader, Polynomial(model.eq_data[i, :count])(shift) + model.qpos0[joint])
    return rules
