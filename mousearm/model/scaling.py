"""Scale an arm to an animal: the same anatomy in other sizes.

It is the compiled model that is scaled, not its text. There every position is already in its body's frame, and every
mass and inertia is a number, whatever defaults, frames, ``fromto`` or densities the file was written with.
"""

import copy
from functools import partial

import mujoco
import numpy as np

from mousearm.errors import ModelError
from mousearm.model.arm import Arm, body_of, peak_isometric_force, rest_pose, tendon_lengths
from mousearm.trajectory import LANDMARKS

_ROUNDS = 50
_LENGTH_TOLERANCE = 1e-12
_SMALLEST = 1e-3  # factor that a model may need, if it is one of an arm in metres; largest: one over it
_WITHOUT_A_SIZE = (mujoco.mjtGeom.mjGEOM_HFIELD, mujoco.mjtGeom.mjGEOM_SDF)
_WRAPS = (mujoco.mjtWrap.mjWRAP_SPHERE, mujoco.mjtWrap.mjWRAP_CYLINDER)
_REMEDY = "Change that, or leave out model.fit=animal."


def scaled(model: mujoco.MjModel, factors: np.ndarray, centre: np.ndarray) -> mujoco.MjModel:
    """A copy of a compiled model with scaled bodies, each by its factor, (nbody,); ``centre`` (3,) m, world frame.

    With factor s: positions and sizes within the body's frame times s, mass s^3, inertia s^5. A child's first joint
    keeps its place in the parent: with the parent's factor p, the joint's anchor a in the child's frame, the child's
    position x in the parent and its rotation R, the new position is p (x + R a) - s R a. What stands in the world moves
    from and to the centre, with its factor; the sites of the world, from which muscles may start, with the
    world's. Geoms, cameras and lights of the world stay. A slide moves its body in the parent, so its range, reference
    and keyframes scale like the parent.

    A muscle's fibre and tendon keep their shares of the path: optimal fibre length and tendon slack length scale like
    the path's length at the rest pose; so do the limits and rest lengths of tendons. ``range`` says what the normalised
    fibre length is at ``lengthrange``, so scaling ``lengthrange`` alone does it; MuJoCo uses it for nothing else.

    Joint angles and their ranges, damping, peak forces and gears stay. A muscle's force goes with its cross-section,
    which the lengths of bones do not give; a gear says what a control of 1 means, and that should not depend on the
    animal.
    """
    new = copy.copy(model)
    _scale_bodies(new, factors, centre)
    _scale_geometry(new, factors)
    new.site_pos[model.site_bodyid == 0] += (1 - factors[0]) * centre
    mujoco.mj_setConst(new, mujoco.MjData(new))
    new.stat.meaninertia = float(np.mean(new.dof_M0))
    _scale_muscles(new, model)
    return new


def _scale_bodies(model: mujoco.MjModel, factors: np.ndarray, centre: np.ndarray) -> None:
    of_places = np.where(model.body_parentid == 0, factors, factors[model.body_parentid])
    slides = np.flatnonzero(model.jnt_type == mujoco.mjtJoint.mjJNT_SLIDE)
    of_slides = of_places[model.jnt_bodyid[slides]]
    model.jnt_range[slides] *= of_slides[:, None]
    for qpos in (model.qpos0, model.qpos_spring, *model.key_qpos):
        qpos[model.jnt_qposadr[slides]] *= of_slides
    for body, of_place in enumerate(of_places):
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
    """Scale what is fixed to bodies, and the sizes that MuJoCo keeps of it to find contacts."""
    for field in (model.site_pos, model.site_size):
        field[:] *= factors[model.site_bodyid, None]
    factors = np.where(np.arange(model.nbody) == 0, 1.0, factors)
    for field in (model.geom_pos, model.geom_size, model.geom_aabb, model.geom_rbound[:, None]):
        field[:] *= factors[model.geom_bodyid, None]
    model.cam_pos[:] *= factors[model.cam_bodyid, None]
    model.light_pos[:] *= factors[model.light_bodyid, None]
    for first, count, factor in zip(model.body_bvhadr, model.body_bvhnum, factors, strict=True):
        model.bvh_aabb[first : first + count] *= factor
    meshes = np.flatnonzero(model.geom_type == mujoco.mjtGeom.mjGEOM_MESH)
    of_mesh = {int(model.geom_dataid[geom]): float(factors[model.geom_bodyid[geom]]) for geom in meshes}
    for mesh, factor in of_mesh.items():
        vertices, tree = model.mesh_vertadr[mesh], model.mesh_bvhadr[mesh]
        model.mesh_vert[vertices : vertices + model.mesh_vertnum[mesh]] *= factor
        model.bvh_aabb[tree : tree + model.mesh_bvhnum[mesh]] *= factor
        model.mesh_pos[mesh] *= factor
        model.mesh_scale[mesh] *= factor


def _scale_muscles(new: mujoco.MjModel, old: mujoco.MjModel) -> None:
    """Scale tendons and muscles with their paths, and store the forces that MuJoCo would derive from the inertias."""
    after, before = (tendon_lengths(model, rest_pose(model)[None])[0] for model in (new, old))
    ratio = np.divide(after, before, out=np.ones_like(after), where=before > 0)
    for field in (new.tendon_range, new.tendon_lengthspring):
        field[:] *= ratio[:, None]
    pulling = new.actuator_trntype == mujoco.mjtTrn.mjTRN_TENDON
    new.actuator_lengthrange[pulling] *= ratio[new.actuator_trnid[pulling, 0], None]
    derived = (new.actuator_gaintype == mujoco.mjtGain.mjGAIN_MUSCLE) & (new.actuator_gainprm[:, 2] < 0)
    for prm in (new.actuator_gainprm, new.actuator_biasprm):
        prm[derived, 2] = peak_isometric_force(old)[derived]


def fit_segments(arm: Arm, upper_arm: float, forearm: float) -> Arm:
    """Scale an arm so that its segments have given lengths; the shoulder keeps its place.

    There are two factors. One is for the bodies from the elbow on, hand included: recordings do not show the wrist well
    enough for a third. The other is for the upper arm and all that it hangs on. The shoulder blade has it too, because
    a shoulder scaled on one side only no longer fits: muscles that start on the blade would start inside the surfaces
    of the humerus that they bend around.

    The factors are wanted length / length where the landmarks lie on the joints. Where one lies beside its joint, both
    factors have a share in a length, and repeating the division finds them.

    The upper arm is shoulder to elbow, the forearm elbow to paw, in metres at the rest pose; the given arm stays as it
    is. ModelError if the landmarks do not show the segments, or something of the model cannot be scaled.
    """
    segment = _segments(arm)
    _check_scalable(arm, segment)
    shoulder = arm.landmark_positions(arm.rest_qpos[None])[0, 0]
    wanted, factors, fitted = np.array([upper_arm, forearm]), np.ones(2), arm
    for _ in range(_ROUNDS):
        lengths = np.array(fitted.segment_lengths())
        if np.allclose(lengths, wanted, rtol=_LENGTH_TOLERANCE, atol=0):
            return fitted
        factors *= wanted / np.maximum(lengths, mujoco.mjMINVAL)
        if factors.min() < _SMALLEST or factors.max() > 1 / _SMALLEST:
            break
        of_bodies = np.array([1.0, *factors])[segment]
        fitted = arm.changed(partial(scaled, factors=of_bodies, centre=shoulder))
    raise ModelError(
        f"{arm.source}: no scale gives it an upper arm of {1e3 * upper_arm:.2f} mm and a forearm of "
        f"{1e3 * forearm:.2f} mm at its rest pose. Put model.landmarks on the joints, check that the model is in "
        "metres, or leave out model.fit=animal."
    )


def _segments(arm: Arm) -> np.ndarray:
    """(nbody,) 2 for forearm and hand, 1 for the upper arm, what it hangs on and the world, 0 for everything else."""
    model = arm.model
    shoulder, elbow, paw = bodies = [body_of(model, arm.landmarks[name]) for name in LANDMARKS]
    fore = np.arange(model.nbody) == elbow
    for body in range(elbow + 1, model.nbody):  # parents come before their children
        fore[body] = fore[model.body_parentid[body]]
    upper = (model.body_rootid == model.body_rootid[elbow]) & ~fore
    if elbow == 0 or not upper.any() or not fore[paw] or not (upper[shoulder] or shoulder == 0):
        named = ", ".join(f"{name}: '{model.body(body).name}'" for name, body in zip(LANDMARKS, bodies, strict=True))
        raise ModelError(
            f"{arm.source}: cannot be scaled to the animal, because its landmarks do not show what is upper arm and "
            f"what is forearm. Bodies that they are fixed to: {named}. The elbow's must hang on another one, which is "
            "the upper arm, and the paw's must be the elbow's or hang on it; the shoulder's must not. Name the joints "
            "by model.landmarks, or leave out model.fit=animal."
        )
    segment = upper + 2 * fore
    segment[0] = 1
    return segment


def _check_scalable(arm: Arm, segment: np.ndarray) -> None:
    """Refuse what two factors cannot scale."""
    model = arm.model
    wraps = set(model.wrap_objid[np.isin(model.wrap_type, _WRAPS)])
    segment_of_mesh: dict[int, int] = {}
    for geom in range(model.ngeom):
        kind, body = mujoco.mjtGeom(model.geom_type[geom]), model.geom_bodyid[geom]
        of = int(segment[body]) if body else 0
        place = f"{arm.source}: geom '{model.geom(geom).name}' (number {geom})"
        if of and kind in _WITHOUT_A_SIZE:
            raise ModelError(f"{place} is of a type that cannot be scaled ({kind.name[7:].lower()}). {_REMEDY}")
        if kind == mujoco.mjtGeom.mjGEOM_MESH and segment_of_mesh.setdefault(int(model.geom_dataid[geom]), of) != of:
            raise ModelError(f"{place} shares its mesh with a segment that is scaled differently. {_REMEDY}")
        if body == 0 and geom in wraps:
            raise ModelError(f"{place} guides a tendon but is fixed to the world: put it into a body. {_REMEDY}")
    for i in np.flatnonzero(model.eq_active0):  # those of joints: an arm has no others
        joints = [joint for joint in (model.eq_obj1id[i], model.eq_obj2id[i]) if joint >= 0]
        if (model.jnt_type[joints] != mujoco.mjtJoint.mjJNT_HINGE).any():
            place = f"{arm.source}: equality constraint '{model.equality(i).name}' (number {i})"
            raise ModelError(f"{place} cannot be scaled; only couplings of hinges can. {_REMEDY}")
    if model.nflex or model.nskin:
        raise ModelError(f"{arm.source}: has flexes or skins, which cannot be scaled. {_REMEDY}")
