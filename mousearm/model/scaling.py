"""A model whose bodies are scaled: the same anatomy in other sizes.

It is the compiled model that is scaled, not its text. There every position is already in its body's frame, and every
mass and inertia is a number, whatever defaults, frames, ``fromto`` or densities the file was written with.
"""

import copy

import mujoco
import numpy as np

from mousearm.model.arm import muscle_force, rest_pose
from mousearm.model.opensim.poses import tendon_lengths


def scaled(model: mujoco.MjModel, factors: np.ndarray, centre: np.ndarray) -> mujoco.MjModel:
    """A model whose bodies are scaled, each by a factor of its own.

    With factor s: positions and sizes within the body's frame times s, mass s^3, inertia s^5. A child's first joint
    keeps its place in the parent: with the parent's factor p, the joint's anchor a in the child's frame, the child's
    position x in the parent and its rotation R, the new position is p (x + R a) - s R a. What stands in the world moves
    from and to the centre, with its own factor; the sites of the world, from which muscles may start, with the
    world's. Geoms, cameras and lights of the world stay. A slide moves its body in the parent, so its range, reference
    and keyframes scale like the parent.

    A muscle's fibre and tendon keep their shares of the path: optimal fibre length and tendon slack length scale like
    the path's length at the rest pose; so do the limits and rest lengths of tendons. ``range`` says what the normalised
    fibre length is at ``lengthrange``, so scaling ``lengthrange`` alone does it; MuJoCo uses it for nothing else.

    Joint angles and their ranges, damping, peak forces and gears stay. A muscle's force goes with its cross-section,
    which the lengths of bones do not tell; a gear says what a control of 1 means, and that should not depend on the
    animal.

    Args:
        model: the compiled model; it is not changed.
        factors: (nbody,).
        centre: (3,) metres, world frame.
    """
    new = copy.copy(model)
    _scale_slides(new, _of_parent(model, factors))
    _scale_bodies(new, factors, centre)
    _scale_geometry(new, factors)
    world = model.site_bodyid == 0
    new.site_pos[world] += (1 - factors[0]) * centre
    mujoco.mj_setConst(new, mujoco.MjData(new))
    new.stat.meaninertia = float(np.mean(new.dof_M0))
    _scale_tendons(new, model)
    _keep_forces(new, model)
    return new


def _of_parent(model: mujoco.MjModel, factors: np.ndarray) -> np.ndarray:
    """(nbody,) the factor by which each body's place is scaled."""
    return np.where(model.body_parentid == 0, factors, factors[model.body_parentid])


def _scale_slides(model: mujoco.MjModel, of_parent: np.ndarray) -> None:
    slides = np.flatnonzero(model.jnt_type == mujoco.mjtJoint.mjJNT_SLIDE)
    factors = of_parent[model.jnt_bodyid[slides]]
    model.jnt_range[slides] *= factors[:, None]
    places = model.jnt_qposadr[slides]
    for qpos in (model.qpos0, model.qpos_spring, *model.key_qpos):
        qpos[places] *= factors


def _scale_bodies(model: mujoco.MjModel, factors: np.ndarray, centre: np.ndarray) -> None:
    for body, of_place in enumerate(_of_parent(model, factors)):
        anchor, first = np.zeros(3), model.body_jntadr[body]
        if first >= 0:
            mujoco.mju_rotVecQuat(anchor, model.jnt_pos[first], model.body_quat[body])
        origin = centre if body and model.body_parentid[body] == 0 else np.zeros(3)
        place = origin + of_place * (model.body_pos[body] + anchor - origin)
        model.body_pos[body] = place - factors[body] * anchor
    model.body_ipos[:] *= factors[:, None]
    model.body_mass[:] *= factors**3
    model.body_inertia[:] *= factors[:, None] ** 5
    model.jnt_pos[:] *= factors[model.jnt_bodyid, None]


def _scale_geometry(model: mujoco.MjModel, factors: np.ndarray) -> None:
    """What is fixed to bodies, and what MuJoCo keeps of its sizes to find contacts."""
    of_site = factors[model.site_bodyid, None]
    model.site_pos[:] *= of_site
    model.site_size[:] *= of_site
    factors = np.where(np.arange(model.nbody) == 0, 1.0, factors)
    of_geom = factors[model.geom_bodyid, None]
    for field in (model.geom_pos, model.geom_size, model.geom_aabb):
        field[:] *= of_geom
    model.geom_rbound[:] *= of_geom[:, 0]
    model.cam_pos[:] *= factors[model.cam_bodyid, None]
    model.light_pos[:] *= factors[model.light_bodyid, None]
    for first, count, factor in zip(model.body_bvhadr, model.body_bvhnum, factors, strict=True):
        model.bvh_aabb[first : first + count] *= factor
    for mesh, factor in _mesh_factors(model, factors).items():
        vertices, tree = model.mesh_vertadr[mesh], model.mesh_bvhadr[mesh]
        model.mesh_vert[vertices : vertices + model.mesh_vertnum[mesh]] *= factor
        model.bvh_aabb[tree : tree + model.mesh_bvhnum[mesh]] *= factor
        model.mesh_pos[mesh] *= factor
        model.mesh_scale[mesh] *= factor


def _mesh_factors(model: mujoco.MjModel, factors: np.ndarray) -> dict[int, float]:
    geoms = np.flatnonzero(model.geom_type == mujoco.mjtGeom.mjGEOM_MESH)
    return {int(model.geom_dataid[geom]): float(factors[model.geom_bodyid[geom]]) for geom in geoms}


def _scale_tendons(new: mujoco.MjModel, old: mujoco.MjModel) -> None:
    after, before = (tendon_lengths(model, rest_pose(model)[None])[0] for model in (new, old))
    ratio = np.divide(after, before, out=np.ones_like(after), where=before > 0)
    new.tendon_range[:] *= ratio[:, None]
    new.tendon_lengthspring[:] *= ratio[:, None]
    pulling = new.actuator_trntype == mujoco.mjtTrn.mjTRN_TENDON
    new.actuator_lengthrange[pulling] *= ratio[new.actuator_trnid[pulling, 0], None]


def _keep_forces(new: mujoco.MjModel, old: mujoco.MjModel) -> None:
    """Write down the forces that MuJoCo would derive from the inertias."""
    derived = (new.actuator_gaintype == mujoco.mjtGain.mjGAIN_MUSCLE) & (new.actuator_gainprm[:, 2] < 0)
    for prm in (new.actuator_gainprm, new.actuator_biasprm):
        prm[derived, 2] = muscle_force(old)[derived]
