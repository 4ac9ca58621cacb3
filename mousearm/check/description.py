"""What an arm consists of, as Markdown tables: bodies, joints, muscles or other actuators."""

from collections.abc import Sequence

import mujoco
import numpy as np

from mousearm.check.anatomy import segment_length
from mousearm.mechanics import Probe, muscles_of, optimal_and_slack, random_poses
from mousearm.model import Arm
from mousearm.text import markdown_table

# A muscle crosses a joint if its moment arm about it exceeds this in some pose, m.
_CROSSES = 1e-6
_N_POSES, _SEED = 200, 0


def describe(arm: Arm) -> str:
    """Tables of bodies, joints and actuators, in Markdown."""
    return "\n\n".join([_bodies(arm), _joints(arm), *([_muscles(arm)] if len(muscles_of(arm)) else []), *_others(arm)])


def _bodies(arm: Arm) -> str:
    """Bodies that move and have mass."""
    model, rows = arm.model, [["body", "length mm", "mass mg", "principal inertias 1e-12 kg m2"]]
    for body in map(int, np.flatnonzero((model.body_weldid != 0) & (model.body_mass > 0))):
        inertia = ", ".join(f"{1e12 * moment:.1f}" for moment in model.body_inertia[body])
        length, mass = 1e3 * segment_length(model, body), 1e6 * model.body_mass[body]
        rows.append([model.body(body).name, f"{length:.2f}", f"{mass:.1f}", inertia])
    return _table(rows)


def _joints(arm: Arm) -> str:
    """Angles in degrees, places of slides in mm; axes in the world at the rest pose."""
    data = mujoco.MjData(arm.model)
    data.qpos[:] = arm.rest_qpos
    mujoco.mj_kinematics(arm.model, data)
    rows = [["joint", "moves", "kind", "range", "rest", "axis at rest (x lateral, y forward, z up)"]]
    for j, name in enumerate(arm.joint_names):
        slide = arm.model.jnt_type[j] == mujoco.mjtJoint.mjJNT_SLIDE
        low, high, rest = (1e3 if slide else np.rad2deg(1)) * np.array([*arm.qpos_range[j], arm.rest_qpos[j]])
        unit = "mm" if slide else "°"
        body = arm.model.body(arm.model.jnt_bodyid[j]).name
        axis = ", ".join(f"{x:.3f}" for x in data.xaxis[j] + 0.0)
        kind = "slide" if slide else "hinge"
        rows.append([name, body, kind, f"{low:.1f} to {high:.1f} {unit}", f"{rest:.1f} {unit}", axis])
    return _table(rows)


def _muscles(arm: Arm) -> str:
    """Muscles: their path lengths at peak force and at rest, and what they turn.

    Moment arms are -d length / d q at the rest pose: above 0 where the muscle pulls towards larger angles.
    """
    muscles, probe = muscles_of(arm), Probe(arm)
    crossed = np.max([np.abs(probe.path(pose)[1]) for pose in random_poses(arm, _N_POSES, _SEED)], axis=0) > _CROSSES
    lengths, moments = probe.path(arm.rest_qpos)
    head = ["muscle", "force mN", "fibre mm", "optimum mm", "rest mm"]
    rows = [[*head, *(f"{name} mm" for name in arm.joint_names)]]
    for i, optimal, slack in zip(muscles, *optimal_and_slack(arm), strict=True):
        in_mm = (f"{1e3 * length:.2f}" for length in (optimal, slack + optimal, lengths[i]))
        arms = [f"{-1e3 * moments[i, j]:.2f}" if crossed[i, j] else "" for j in range(arm.nq)]
        rows.append([arm.actuator_names[i], f"{1e3 * arm.peak_force[i]:.1f}", *in_mm, *arms])
    return _table(rows)


def _others(arm: Arm) -> list[str]:
    """Actuators that are no muscles, if there are any."""
    rows = [["actuator", "control", "largest force (N m, N)"]]
    for i in np.setdiff1d(np.arange(arm.nu), muscles_of(arm)):
        low, high = arm.ctrl_range[i]
        largest = arm.peak_force[i] * np.abs(arm.model.actuator_gear[i]).max()
        rows.append([arm.actuator_names[i], f"{low:g} to {high:g}", f"{largest:.3g}"])
    return [_table(rows)] if len(rows) > 1 else []


def _table(rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown with the first row as its head; all columns but the first are aligned to the right."""
    return markdown_table(rows[0], rows[1:], right=range(1, len(rows[0])))
