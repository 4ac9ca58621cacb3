"""Fitting an arm to an animal: what of it is forearm, and by what its parts are scaled."""

from functools import partial

import mujoco
import numpy as np

from mousearm.errors import ModelError
from mousearm.model.arm import Arm
from mousearm.model.landmark import body_of
from mousearm.model.scaling import scaled
from mousearm.trajectory import LANDMARKS

_ROUNDS = 50
_LENGTH_TOLERANCE = 1e-12
_SMALLEST = 1e-3  # factor that a model may need, if it is one of an arm in metres; largest: one over it
_WITHOUT_A_SIZE = (mujoco.mjtGeom.mjGEOM_HFIELD, mujoco.mjtGeom.mjGEOM_SDF)
_WRAPS = (mujoco.mjtWrap.mjWRAP_SPHERE, mujoco.mjtWrap.mjWRAP_CYLINDER)
_REMEDY = "Change that, or leave out model.fit=animal."


def fit_segments(arm: Arm, upper_arm: float, forearm: float) -> Arm:
    """Scale an arm so that its segments have given lengths; the shoulder keeps its place.

    There are two factors. One is for the bodies from the elbow on, hand included: recordings do not show the wrist well
    enough for a third. The other is for the upper arm and all that it hangs on. The shoulder blade has it too, because
    a shoulder scaled on one side only no longer fits: muscles that start on the blade would start inside the surfaces
    of the humerus that they bend around.

    The factors are wanted length / length where the landmarks lie on the joints. Where one lies beside its joint, both
    factors have a share in a length, and repeating the division finds them.

    Args:
        arm: the arm; it is not changed.
        upper_arm: shoulder to elbow at the rest pose, metres.
        forearm: elbow to paw at the rest pose, metres.

    Raises:
        ModelError: if the landmarks do not show the segments, or something of the model cannot be scaled.
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
    fore, whole = _subtree(model, elbow), _subtree(model, model.body_rootid[elbow])
    upper = whole & ~fore
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


def _subtree(model: mujoco.MjModel, top: int) -> np.ndarray:
    """(nbody,) a body and all that hang on it; parents come before their children."""
    inside = np.arange(model.nbody) == top
    for body in range(top + 1, model.nbody):
        inside[body] = inside[model.body_parentid[body]]
    return inside


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
    for i in range(model.neq):
        joints = [joint for joint in (model.eq_obj1id[i], model.eq_obj2id[i]) if joint >= 0]
        coupling = model.eq_type[i] == mujoco.mjtEq.mjEQ_JOINT
        if not coupling or (model.jnt_type[joints] != mujoco.mjtJoint.mjJNT_HINGE).any():
            place = f"{arm.source}: equality constraint '{model.equality(i).name}' (number {i})"
            raise ModelError(f"{place} cannot be scaled; only couplings of hinges can. {_REMEDY}")
    if model.nflex or model.nskin:
        raise ModelError(f"{arm.source}: has flexes or skins, which cannot be scaled. {_REMEDY}")
