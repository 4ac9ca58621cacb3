"""Whether the arm's parts can be a mouse's: the lengths of its segments, the masses of its bodies."""

import mujoco
import numpy as np

from mousearm.check.result import Result
from mousearm.kinematics.checks import SEGMENT_RANGE
from mousearm.model import Arm

MAX_GYRATION = 1.0
"""Largest radius of gyration as a share of the segment's length; an even rod has 0.29 about its middle."""

_TRIANGLE_TOLERANCE = 1e-6


def landmarks_check(arm: Arm) -> Result:
    """Lengths between the landmarks, at the rest pose."""
    upper_arm, forearm = arm.segment_lengths()
    low, high = SEGMENT_RANGE
    return Result(
        "landmarks and segments",
        passed=all(low <= length <= high for length in (upper_arm, forearm)),
        measured=f"upper arm {1e3 * upper_arm:.2f} mm, forearm {1e3 * forearm:.2f} mm, {arm.nq} joints, "
        f"{arm.nu} actuators",
        limit=f"{1e3 * low:g} to {1e3 * high:g} mm each",
        remedy="Check model.landmarks, and that the model is in metres.",
    )


def segment_length(model: mujoco.MjModel, body: int) -> float:
    """From a body's first joint to the farthest of its own sites and geoms and of its children's joints, m.

    A body without joint is measured from its frame.
    """
    first = model.body_jntadr[body]
    start = model.jnt_pos[first] if first >= 0 else np.zeros(3)
    children = np.flatnonzero(model.body_parentid == body)
    points = [*model.site_pos[model.site_bodyid == body], *(_anchor_in_parent(model, child) for child in children)]
    geoms = np.flatnonzero(model.geom_bodyid == body)
    ends = [float(np.linalg.norm(point - start)) for point in points]
    ends += [float(np.linalg.norm(model.geom_pos[i] - start) + model.geom_rbound[i]) for i in geoms]
    return max(ends, default=0.0)


def gyration_radii(model: mujoco.MjModel, body: int) -> np.ndarray:
    """(3,) sqrt(I / m) of the principal inertias, m."""
    return np.sqrt(model.body_inertia[body] / model.body_mass[body])


def gyration_check(arm: Arm) -> Result:
    """No body's mass may lie, on the average, farther out than its segment is long."""
    model = arm.model
    bodies = _moving_bodies(model)
    radii = np.array([gyration_radii(model, body).max() for body in bodies])
    lengths = np.array([segment_length(model, body) for body in bodies])
    shares = radii / np.maximum(lengths, mujoco.mjMINVAL)
    worst = int(shares.argmax())
    wrong = [model.body(bodies[i]).name for i in np.flatnonzero(shares > MAX_GYRATION)]
    place = f"{model.body(bodies[worst]).name} {1e3 * radii[worst]:.3g} mm in {1e3 * lengths[worst]:.3g} mm"
    return Result(
        "radius of gyration",
        passed=not wrong,
        measured=f"{shares[worst]:.2f} of the length: {place}",
        limit=f"at most {MAX_GYRATION:g}",
        remedy=f"The inertia of {', '.join(wrong)} belongs to a far larger body. Leave out <inertial> and let MuJoCo "
        "compute it from geoms with the density of tissue (1060 kg/m3).",
    )


def triangle_check(arm: Arm) -> Result:
    """The largest principal inertia of a body is at most the sum of the other two."""
    model = arm.model
    bodies = _moving_bodies(model)
    inertia = np.sort(model.body_inertia[bodies], axis=1)
    shares = inertia[:, 2] / np.maximum(inertia[:, 0] + inertia[:, 1], mujoco.mjMINVAL)
    worst = int(shares.argmax())
    return Result(
        "inertia triangle",
        passed=bool(shares[worst] <= 1 + _TRIANGLE_TOLERANCE),
        measured=f"largest / sum of the others {shares[worst]:.3f}: {model.body(bodies[worst]).name}",
        limit="at most 1",
        remedy="No distribution of mass has such inertias; check the order and the frame of <inertial>.",
    )


def _moving_bodies(model: mujoco.MjModel) -> np.ndarray:
    """Bodies that have mass and can move."""
    return np.flatnonzero((model.body_weldid != 0) & (model.body_mass > 0))


def _anchor_in_parent(model: mujoco.MjModel, child: np.intp) -> np.ndarray:
    """A child's joint (its frame, where it has none) in the coordinates of its parent."""
    first = model.body_jntadr[child]
    anchor = np.zeros(3)
    if first >= 0:
        mujoco.mju_rotVecQuat(anchor, model.jnt_pos[first], model.body_quat[child])
    return model.body_pos[child] + anchor
