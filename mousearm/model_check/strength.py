"""Strength of the actuators: against gravity in any pose, and for given reaches."""

from typing import NamedTuple

import numpy as np

from mousearm.mechanics import ArmDynamics, Motion
from mousearm.model import Arm
from mousearm.model_check import Result
from mousearm.text import columns

# Smallest share of poses that a joint must be held in; a muscle-driven one may lack an antagonist at its end.
MIN_HELD = 0.5
# Largest torque that static optimisation may leave, as a share of the joint's largest need.
MAX_RESIDUAL = 0.05
# A need below this share of the joint's largest one is noise, and has no margin.
_NEGLIGIBLE = 0.01
# Weight of the smallest solution among all that give the torque; far below what the checks can see.
_EFFORT_WEIGHT = 1e-3


class Strength(NamedTuple):
    """Needed and available torque in F states, N m."""

    needed: np.ndarray  # (F, nv)
    available: np.ndarray  # (F, nv, 2) lowest and highest of each joint alone
    residual: np.ndarray  # (F, nv) what no set of controls gives, all joints together

    def margins(self) -> np.ndarray:
        """(F, nv) available / needed in the needed direction; infinite where hardly anything is needed."""
        there = np.where(self.needed > 0, self.available[..., 1], self.available[..., 0])
        counts = np.abs(self.needed) > _NEGLIGIBLE * largest_needs(self.needed)
        return np.divide(there, self.needed, out=np.full_like(self.needed, np.inf), where=counts)

    def relative_residual(self) -> np.ndarray:
        """(F, nv) |residual| as a share of the joint's largest need."""
        return np.abs(self.residual) / largest_needs(self.needed)

    def held(self) -> np.ndarray:
        """(nv,) share of the states in which each joint alone is strong enough."""
        return np.mean(self.margins() >= 1, axis=0)


def largest_needs(needed: np.ndarray) -> np.ndarray:
    """(nv,) N m, the largest |torque| of each joint; a joint that needs nothing is given a trifle of the others'."""
    largest = np.abs(needed).max(axis=0)
    return np.maximum(largest, max(1e-6 * largest.max(), 1e-15))


def strength(arm: Arm, motion: Motion) -> Strength:
    """Needed and available torque in every frame of a motion."""
    dynamics = ArmDynamics(arm).dynamics(motion.qpos, motion.qvel)
    needed, bounds = dynamics.needed(motion.qacc), dynamics.bounds
    weight = np.broadcast_to(np.diag(1 / largest_needs(needed)), (len(needed), arm.nq, arm.nq))
    reached = bounds.torque(bounds.static_optimization(needed, weight, _EFFORT_WEIGHT))
    limited = arm.model.jnt_actfrclimited[:, None] > 0  # actuatorfrcrange of joints, which MuJoCo applies to the sum
    low, high = np.where(limited, arm.model.jnt_actfrcrange, (-np.inf, np.inf)).T
    available = np.clip(bounds.range(), low[:, None], high[:, None])
    return Strength(needed, available, needed - np.clip(reached, low, high))


def gravity_strength(arm: Arm, poses: np.ndarray) -> Strength:
    """Needed and available torque for resting in poses, (F, nq)."""
    still = np.zeros_like(poses)
    return strength(arm, Motion(poses, still, still))


def gravity_check(arm: Arm, gravity: Strength) -> Result:
    """Check that every joint alone can be held in most poses."""
    held = gravity.held()
    worst = int(held.argmin())
    return Result(
        "strength against gravity",
        passed=bool(held[worst] >= MIN_HELD),
        measured=f"held in {100 * held[worst]:.0f} % of poses: {arm.joint_names[worst]}",
        limit=f"at least {100 * MIN_HELD:g} % per joint",
        remedy="Raise gear or force (or actuatorfrcrange), or lower the masses; the table below says what is needed.",
    )


def reach_checks(arm: Arm, reaches: Strength) -> tuple[Result, Result]:
    """Check that the joints, each alone and all together, can be given the torque that the reaches need."""
    margins, residual = reaches.margins().min(axis=0), reaches.relative_residual()
    least, most, kept = int(margins.argmin()), int(residual.max(axis=0).argmax()), residual <= MAX_RESIDUAL
    alone = Result(
        "strength for the reaches",
        passed=bool(margins[least] >= 1),
        measured=f"available / needed {margins[least]:.2f}: {arm.joint_names[least]}",
        limit="at least 1 in every frame",
        remedy="Raise gear or force (or actuatorfrcrange), or check the inertias; the table below says what is needed.",
    )
    together = Result(
        "static optimisation",
        passed=bool(kept.all()),
        measured=f"residual {100 * residual[:, most].max():.2g} % of the largest need: {arm.joint_names[most]} "
        f"({100 * np.mean(~kept.all(axis=1)):.0f} % of frames over the limit)",
        limit=f"at most {100 * MAX_RESIDUAL:g} %",
        remedy="The actuators cannot give these torques together; check moment arms, forces and inertias.",
    )
    return alone, together


def strength_table(arm: Arm, reaches: Strength, gravity: Strength) -> str:
    """Per joint: largest need, and the smallest torque available in each direction, 1e-6 N m."""
    rows = [["joint", "reaches need", "available", "margin", "residual %"]]
    at_rest = [["joint", "need", "held %"]]
    margins, residual, held = reaches.margins().min(axis=0), reaches.relative_residual().max(axis=0), gravity.held()
    for j, name in enumerate(arm.joint_names):
        available = _span(reaches.available[:, j, 0].max(), reaches.available[:, j, 1].min())
        row = [_span(reaches.needed[:, j].min(), reaches.needed[:, j].max()), available]
        rows.append([name, *row, f"{margins[j]:.3g}", f"{100 * residual[j]:.2g}"])
        at_rest.append([name, _span(gravity.needed[:, j].min(), gravity.needed[:, j].max()), f"{100 * held[j]:.0f}"])
    head = "Torque in 1e-6 N m", *columns(rows), "", "Torque at rest in any pose, 1e-6 N m", *columns(at_rest)
    return "\n".join(head)


def _span(low: float, high: float) -> str:
    low, high = (round(1e6 * torque, 6) + 0.0 for torque in (low, high))  # + 0.0 turns -0 into 0
    return f"{low:.3g} .. {high:.3g}"
