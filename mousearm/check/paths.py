"""Whether moment arms are finite, and paths change their lengths without jumps."""

from typing import NamedTuple

import mujoco
import numpy as np

from mousearm.check.result import Result
from mousearm.mechanics import Probe
from mousearm.model import Arm

STEP = np.deg2rad(0.5)
"""Step of a sweep, rad (m for a slide)."""

MAX_JUMP = 0.01
"""Largest jump of a length, as a share of the range that the length has over all sweeps."""

_AT_A_JOINT = (mujoco.mjtTrn.mjTRN_JOINT, mujoco.mjtTrn.mjTRN_JOINTINPARENT)


class Jump(NamedTuple):
    """What the sweeps found.

    Attributes:
        unexplained: (nu,) largest change of length in one step beyond what the moment arms predict, m.
        raw: (nu,) largest change of length in one step, m.
        span: (nu,) range of the length over all sweeps, m.
        joint: (nu,) index of the joint whose sweep had the largest unexplained change.
        finite: whether every length and moment arm is finite.
    """

    unexplained: np.ndarray
    raw: np.ndarray
    span: np.ndarray
    joint: np.ndarray
    finite: bool


def sweep(arm: Arm, bases: np.ndarray, step: float = STEP) -> Jump:
    """Move each joint through its range from base poses, (B, nq), the others held.

    A step of d changes a length by the integral of the moment arm, by the trapezium rule d (m_k + m_(k+1)) / 2.
    """
    probe = Probe(arm)
    unexplained, raw = np.zeros((arm.nq, arm.nu)), np.zeros((arm.nq, arm.nu))
    low, high, finite = np.full(arm.nu, np.inf), np.full(arm.nu, -np.inf), True
    for joint in range(arm.nq):
        for base in bases:
            q = _grid(arm, joint, step)
            lengths, moments = _along(probe, base, joint, q)
            changes = np.diff(lengths, axis=0)
            predicted = np.diff(q)[:, None] * (moments[1:] + moments[:-1]) / 2
            unexplained[joint] = np.maximum(unexplained[joint], np.abs(changes - predicted).max(axis=0))
            raw[joint] = np.maximum(raw[joint], np.abs(changes).max(axis=0))
            low, high = np.minimum(low, lengths.min(axis=0)), np.maximum(high, lengths.max(axis=0))
            finite &= bool(np.isfinite(lengths).all() and np.isfinite(moments).all())
    return Jump(unexplained.max(axis=0), raw.max(axis=0), high - low, unexplained.argmax(axis=0), finite)


def paths_check(arm: Arm, jump: Jump) -> Result:
    """No length jumps, and all is finite; an actuator at a joint has no path that could jump."""
    routed = np.flatnonzero(~np.isin(arm.model.actuator_trntype, _AT_A_JOINT))
    measured, smooth = "no paths, only actuators at joints", True
    if len(routed):
        shares = np.nan_to_num(jump.unexplained[routed] / np.maximum(jump.span[routed], mujoco.mjMINVAL), nan=np.inf)
        worst = int(routed[shares.argmax()])
        smooth = bool(shares.max() <= MAX_JUMP)
        measured = (
            f"largest jump {100 * shares.max():.2g} % of the length's range, {_mm(jump.unexplained[worst])} "
            f"(largest step {_mm(jump.raw[routed].max())}): "
            f"{arm.actuator_names[worst]} over {arm.joint_names[jump.joint[worst]]}"
        )
    return Result(
        "moment arms",
        passed=jump.finite and smooth,
        measured=measured if jump.finite else f"{measured}; some are not finite",
        limit=f"at most {100 * MAX_JUMP:g} %, finite",
        remedy="A path point enters a wrap surface, or the path changes sides; move the point, shrink the surface or "
        "give it a sidesite.",
    )


def _grid(arm: Arm, joint: int, step: float) -> np.ndarray:
    low, high = arm.qpos_range[joint]
    low = low if np.isfinite(low) else arm.rest_qpos[joint] - np.pi
    high = high if np.isfinite(high) else arm.rest_qpos[joint] + np.pi
    return np.linspace(low, high, max(2, int(np.ceil((high - low) / step)) + 1))


def _along(probe: Probe, base: np.ndarray, joint: int, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lengths (K, nu) and moment arms about the joint (K, nu)."""
    poses = np.tile(base, (len(q), 1))
    poses[:, joint] = q
    lengths, moments = probe.path(poses)
    return lengths, moments[..., joint]


def _mm(metres: float) -> str:
    return f"{1e3 * metres:.2g} mm"
