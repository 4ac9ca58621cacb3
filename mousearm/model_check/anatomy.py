"""Parts of an arm: tables of them, and whether segments and masses can be a mouse's."""

from collections import Counter

import mujoco
import numpy as np

from mousearm.kinematics.checks import SEGMENT_RANGE
from mousearm.mechanics import ArmDynamics, random_poses
from mousearm.model import Arm
from mousearm.model.muscles import muscles_of, optimal_and_slack
from mousearm.model_check import Result
from mousearm.text import markdown_table

# Largest radius of gyration as a share of the segment's length; an even rod has 0.29 about its middle.
MAX_GYRATION = 1.0
_CROSSES = 1e-6  # m: a muscle crosses a joint if its moment arm about it exceeds this in some pose
_N_POSES, _SEED = 200, 0


def landmarks_check(arm: Arm) -> Result:
    """Check the lengths between the landmarks, at the rest pose."""
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


def segment_extents(model: mujoco.MjModel) -> np.ndarray:
    """(nbody,) distance from a body's first joint to the farthest of its sites and geoms and its children's joints, m.

    A body without joint is measured from its frame.
    """
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    start = np.where(model.body_jntadr[:, None] >= 0, data.xanchor[model.body_jntadr], data.xpos)
    lengths = np.zeros(model.nbody)
    for bodies, points, radii in (
        (model.site_bodyid, data.site_xpos, 0.0),
        (model.geom_bodyid, data.geom_xpos, model.geom_rbound),
        (model.body_parentid, start, 0.0),
    ):
        np.maximum.at(lengths, bodies, np.linalg.norm(points - start[bodies], axis=1) + radii)
    return lengths


def gyration_check(arm: Arm) -> Result:
    """Check that no body's mass lies, on the average, farther out than its segment is long: sqrt(I / m)."""
    model = arm.model
    bodies = _moving_bodies(model)
    radii = np.sqrt(model.body_inertia[bodies].max(axis=1) / model.body_mass[bodies])
    lengths = segment_extents(model)[bodies]
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


def describe_arm(arm: Arm) -> str:
    """Describe an arm by tables of bodies, joints and actuators, in Markdown, and by its muscles' time constants."""
    tables = [_bodies(arm), _joints(arm), _muscles(arm), _others(arm)]
    parts = [markdown_table(head, rows, right=range(1, len(head))) for head, *rows in tables if rows]
    return "\n\n".join([*parts, *_time_constants(arm)])


def _moving_bodies(model: mujoco.MjModel) -> np.ndarray:
    """Bodies that have mass and can move."""
    return np.flatnonzero((model.body_weldid != 0) & (model.body_mass > 0))


def _bodies(arm: Arm) -> list[list[str]]:
    model, lengths = arm.model, 1e3 * segment_extents(arm.model)
    rows = [["body", "length mm", "mass mg", "principal inertias 1e-12 kg m2"]]
    for body in _moving_bodies(model):
        inertia = ", ".join(f"{1e12 * moment:.1f}" for moment in model.body_inertia[body])
        rows.append([model.body(body).name, f"{lengths[body]:.2f}", f"{1e6 * model.body_mass[body]:.1f}", inertia])
    return rows


def _joints(arm: Arm) -> list[list[str]]:
    """Angles in degrees, places of slides in mm; axes in the world at the rest pose."""
    data = mujoco.MjData(arm.model)
    data.qpos[:] = arm.rest_qpos
    mujoco.mj_kinematics(arm.model, data)
    rows = [["joint", "moves", "kind", "range", "rest", "axis at rest (x right, y forward, z up)"]]
    for j, name in enumerate(arm.joint_names):
        slide = arm.model.jnt_type[j] == mujoco.mjtJoint.mjJNT_SLIDE
        low, high, rest = (1e3 if slide else np.rad2deg(1)) * np.array([*arm.qpos_range[j], arm.rest_qpos[j]])
        kind, unit = ("slide", "mm") if slide else ("hinge", "°")
        body = arm.model.body(arm.model.jnt_bodyid[j]).name
        axis = ", ".join(f"{x:.3f}" for x in data.xaxis[j] + 0.0)
        rows.append([name, body, kind, f"{low:.1f} to {high:.1f} {unit}", f"{rest:.1f} {unit}", axis])
    return rows


def _muscles(arm: Arm) -> list[list[str]]:
    """Muscles: their path lengths at peak force and at rest, and their moment arms.

    Moment arms are -d length / d q at the rest pose: above 0 where the muscle pulls towards larger angles.
    """
    muscles, probe = muscles_of(arm), ArmDynamics(arm)
    crossed = np.max([np.abs(probe.path(pose)[1]) for pose in random_poses(arm, _N_POSES, _SEED)], axis=0) > _CROSSES
    lengths, moments = probe.path(arm.rest_qpos)
    head = ["muscle", "force mN", "fibre mm", "optimum mm", "rest mm"]
    rows = [[*head, *(f"{name} mm" for name in arm.joint_names)]]
    for i, optimal, slack in zip(muscles, *optimal_and_slack(arm), strict=True):
        in_mm = (f"{1e3 * length:.2f}" for length in (optimal, slack + optimal, lengths[i]))
        arms = [f"{-1e3 * moments[i, j]:.2f}" if crossed[i, j] else "" for j in range(arm.nq)]
        rows.append([arm.actuator_names[i], f"{1e3 * arm.peak_force[i]:.1f}", *in_mm, *arms])
    return rows


def _time_constants(arm: Arm) -> list[str]:
    """Sentences on the time constants of activation: those of most muscles, then of each other one."""
    muscles = np.flatnonzero(arm.model.actuator_dyntype == mujoco.mjtDyn.mjDYN_MUSCLE)
    ms = {arm.actuator_names[i]: tuple(1e3 * arm.model.actuator_dynprm[i, :2]) for i in muscles}
    if not ms:
        return []
    usual = Counter(ms.values()).most_common(1)[0][0]
    others = [f", of {name} {up:g} and {down:g} ms" for name, (up, down) in ms.items() if (up, down) != usual]
    return [f"Time constants of activation, up and down: {usual[0]:g} and {usual[1]:g} ms{''.join(others)}."]


def _others(arm: Arm) -> list[list[str]]:
    """Actuators that are not muscles."""
    rows = [["actuator", "control", "largest force (N m, N)"]]
    for i in np.setdiff1d(np.arange(arm.nu), muscles_of(arm)):
        low, high = arm.ctrl_range[i]
        largest = arm.peak_force[i] * np.abs(arm.model.actuator_gear[i]).max()
        rows.append([arm.actuator_names[i], f"{low:g} to {high:g}", f"{largest:.3g}"])
    return rows
