"""Whether muscles behave like muscles: they pull only, and work at fibre lengths where they have force."""

from typing import NamedTuple

import mujoco
import numpy as np

from mousearm.check.result import Result
from mousearm.mechanics import Probe, muscles_of, optimal_and_slack
from mousearm.model import Arm

MAX_OUTSIDE = 0.5
"""Largest share of poses in which a muscle may be without active force."""

_SPEEDS = (-10.0, 0.0, 10.0)  # rad/s of all joints
_PUSH_TOLERANCE = 1e-9  # of the peak force


class FibreLengths(NamedTuple):
    """Normalised fibre lengths, (muscle-tendon length - tendon slack length) / optimal fibre length.

    Attributes:
        names: the M muscles.
        lengths: (P, M) in P poses.
        active: (M, 2) the range in which each has active force (lmin, lmax).
    """

    names: list[str]
    lengths: np.ndarray
    active: np.ndarray

    def outside(self) -> np.ndarray:
        """(M,) share of poses outside the active range."""
        low, high = self.active.T
        return np.mean((self.lengths < low) | (self.lengths > high), axis=0)


def fibre_lengths(arm: Arm, poses: np.ndarray) -> FibreLengths:
    """Fibre lengths of all muscles in poses, (P, nq)."""
    muscles = muscles_of(arm)
    optimal, slack = optimal_and_slack(arm)
    paths = Probe(arm).path(poses)[0][:, muscles]
    names = [arm.actuator_names[i] for i in muscles]
    active = arm.model.actuator_gainprm[muscles, 4:6]
    return FibreLengths(names, (paths - slack) / np.maximum(optimal, mujoco.mjMINVAL), active)


def fibre_check(fibres: FibreLengths) -> Result:
    """Every muscle has active force in at least half of the poses."""
    outside = fibres.outside()
    worst = int(outside.argmax())
    low, high = fibres.lengths[:, worst].min(), fibres.lengths[:, worst].max()
    return Result(
        "fibre lengths",
        passed=bool(outside[worst] <= MAX_OUTSIDE),
        measured=f"outside the active range in {100 * outside[worst]:.1f} % of poses: {fibres.names[worst]} "
        f"({low:.2f} to {high:.2f} l0)",
        limit=f"at most {100 * MAX_OUTSIDE:g} % per muscle",
        remedy="Check lengthrange and range: range = (lengthrange - tendon slack length) / optimal fibre length.",
    )


def pull_check(arm: Arm, poses: np.ndarray) -> Result:
    """No muscle and no cable pushes, at the lowest and the highest control, at rest and in movement."""
    probe, pullers = Probe(arm), _pullers(arm)
    forces = np.stack([probe.forces(poses, np.full_like(poses, speed))[..., pullers] for speed in _SPEEDS])
    push = forces.max(axis=(0, 1, 2)) / arm.peak_force[pullers]
    worst = int(push.argmax())
    name = arm.actuator_names[pullers[worst]]
    return Result(
        "muscles only pull",
        passed=bool(push[worst] <= _PUSH_TOLERANCE),
        measured=f"largest push {100 * max(push[worst], 0):.2g} % of the peak force: {name}",
        limit="0 %",
        remedy="In MuJoCo a pulling force is negative; check gain and ctrlrange.",
    )


def _pullers(arm: Arm) -> np.ndarray:
    """Actuators that can only pull: muscles, and whatever acts on a tendon that runs through space."""
    model = arm.model
    first = model.wrap_type[model.tendon_adr] if model.ntendon else np.zeros(0)
    spatial = [
        i
        for i in range(arm.nu)
        if model.actuator_trntype[i] == mujoco.mjtTrn.mjTRN_TENDON
        and first[model.actuator_trnid[i, 0]] != mujoco.mjtWrap.mjWRAP_JOINT
    ]
    return np.union1d(muscles_of(arm), spatial).astype(int)
