"""Muscles that behave like muscles: they pull only, work at fibre lengths where they have force, and do not jump."""

from typing import NamedTuple

import mujoco
import numpy as np

from mousearm.mechanics import ArmDynamics, finite_range
from mousearm.model import Arm
from mousearm.model.muscles import muscles_of, optimal_and_slack
from mousearm.model_check import Result

MAX_OUTSIDE = 0.5  # largest share of poses in which a muscle may be without active force
STEP = np.deg2rad(0.5)  # of a sweep, rad (m for a slide)
MAX_LENGTH_JUMP = 0.01  # largest jump of a length, as a share of the range that the length has over all sweeps
_MOST_STEPS = 5000  # of a sweep, through whatever range
_SPEEDS = (-10.0, 0.0, 10.0)  # rad/s of all joints
_PUSH_TOLERANCE = 1e-9  # of the peak force
_HAVE_A_PATH = (mujoco.mjtTrn.mjTRN_TENDON, mujoco.mjtTrn.mjTRN_SLIDERCRANK)


class FibreLengths(NamedTuple):
    """Normalised fibre lengths, (muscle-tendon length - tendon slack length) / optimal fibre length."""

    names: list[str]  # the M muscles
    lengths: np.ndarray  # (P, M) in P poses
    active: np.ndarray  # (M, 2) the range in which each has active force (lmin, lmax)

    def outside(self) -> np.ndarray:
        """(M,) share of poses outside the active range."""
        low, high = self.active.T
        return np.mean((self.lengths < low) | (self.lengths > high), axis=0)


class Jump(NamedTuple):
    """Largest changes of lengths in the sweeps, m."""

    unexplained: np.ndarray  # (nu,) in one step, beyond what the moment arms predict
    raw: np.ndarray  # (nu,) in one step
    span: np.ndarray  # (nu,) range of the length over all sweeps
    joint: np.ndarray  # (nu,) index of the joint whose sweep had the largest unexplained change
    finite: bool  # whether every length and moment arm is finite


def fibre_lengths(arm: Arm, poses: np.ndarray) -> FibreLengths:
    """Fibre lengths of all muscles in poses, (P, nq)."""
    muscles, (optimal, slack) = muscles_of(arm), optimal_and_slack(arm)
    lengths = (ArmDynamics(arm).path(poses)[0][:, muscles] - slack) / np.maximum(optimal, mujoco.mjMINVAL)
    return FibreLengths([arm.actuator_names[i] for i in muscles], lengths, arm.model.actuator_gainprm[muscles, 4:6])


def fibre_check(fibres: FibreLengths) -> Result:
    """Check that every muscle has active force in at least half of the poses."""
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
    """Check that no muscle or cable pushes, at the lowest and the highest control, at rest and in movement."""
    dynamics, pullers = ArmDynamics(arm), _pullers(arm)
    forces = np.stack([dynamics.forces(poses, np.full_like(poses, speed))[..., pullers] for speed in _SPEEDS])
    push = forces.max(axis=(0, 1, 2)) / arm.peak_force[pullers]
    worst = int(push.argmax())
    return Result(
        "muscles only pull",
        passed=bool(push[worst] <= _PUSH_TOLERANCE),
        measured=f"largest push {100 * max(push[worst], 0):.2g} % of the peak force: "
        f"{arm.actuator_names[pullers[worst]]}",
        limit="0 %",
        remedy="In MuJoCo a pulling force is negative; check gain and ctrlrange.",
    )


def sweep(arm: Arm, bases: np.ndarray, step: float = STEP) -> Jump:
    """Move each free joint through its range from base poses, (B, nq), the others held or following it.

    A step of d changes a length by the integral of the moment arm, by the trapezium rule d (m_k + m_(k+1)) / 2.
    """
    dynamics = ArmDynamics(arm)
    unexplained, raw = np.zeros((arm.nq, arm.nu)), np.zeros((arm.nq, arm.nu))
    low, high, finite = np.full(arm.nu, np.inf), np.full(arm.nu, -np.inf), True
    for joint in np.flatnonzero(arm.couplings.free):
        begin, end = finite_range(arm)[joint]
        q = np.linspace(begin, end, max(2, int(min(np.ceil((end - begin) / step) + 1, _MOST_STEPS))))
        for base in bases:
            poses = np.tile(base, (len(q), 1))
            poses[:, joint] = q
            poses = arm.couplings.complete(poses)
            lengths, moments = dynamics.path(poses)
            moments = (moments @ arm.couplings.derivatives(poses, poses)[0])[..., joint]
            changes = np.diff(lengths, axis=0)
            predicted = np.diff(q)[:, None] * (moments[1:] + moments[:-1]) / 2
            unexplained[joint] = np.maximum(unexplained[joint], np.abs(changes - predicted).max(axis=0))
            raw[joint] = np.maximum(raw[joint], np.abs(changes).max(axis=0))
            low, high = np.minimum(low, lengths.min(axis=0)), np.maximum(high, lengths.max(axis=0))
            finite &= bool(np.isfinite(lengths).all() and np.isfinite(moments).all())
    return Jump(unexplained.max(axis=0), raw.max(axis=0), high - low, unexplained.argmax(axis=0), finite)


def paths_check(arm: Arm, jump: Jump) -> Result:
    """Check that no length jumps and all is finite; an actuator at a joint, site or body has no path that could."""
    routed = np.flatnonzero(np.isin(arm.model.actuator_trntype, _HAVE_A_PATH))
    measured, smooth = "no paths, only actuators at joints, sites or bodies", True
    if len(routed):
        shares = np.nan_to_num(jump.unexplained[routed] / np.maximum(jump.span[routed], mujoco.mjMINVAL), nan=np.inf)
        worst = int(routed[shares.argmax()])
        smooth = bool(shares.max() <= MAX_LENGTH_JUMP)
        measured = (
            f"largest jump {100 * shares.max():.2g} % of the length's range, {1e3 * jump.unexplained[worst]:.2g} mm "
            f"(largest step {1e3 * jump.raw[routed].max():.2g} mm): "
            f"{arm.actuator_names[worst]} over {arm.joint_names[jump.joint[worst]]}"
        )
    return Result(
        "moment arms",
        passed=jump.finite and smooth,
        measured=measured if jump.finite else f"{measured}; some are not finite",
        limit=f"at most {100 * MAX_LENGTH_JUMP:g} %, finite",
        remedy="A path point enters a wrap surface, or the path changes sides; move the point, shrink the surface or "
        "give it a sidesite.",
    )


def _pullers(arm: Arm) -> np.ndarray:
    """Actuators that can only pull: muscles, and whatever acts on a tendon that runs through space."""
    model = arm.model
    at_tendons = np.flatnonzero(model.actuator_trntype == mujoco.mjtTrn.mjTRN_TENDON)
    first = model.wrap_type[model.tendon_adr[model.actuator_trnid[at_tendons, 0]]]
    return np.union1d(muscles_of(arm), at_tendons[first != mujoco.mjtWrap.mjWRAP_JOINT])
