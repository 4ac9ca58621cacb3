"""An arm that can be trained: a compiled model with its landmarks, joints and actuators by name."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np

from mousearm.errors import ModelError, UnknownNameError
from mousearm.model.coupling import Couplings, switched_off
from mousearm.model.xml import LARGEST
from mousearm.trajectory import LANDMARKS

# How a landmark is named in the configuration -> where MuJoCo keeps its position, and the number of such objects.
POSITION_FIELDS = {"joint": "xanchor", "site": "site_xpos", "body": "xpos", "geom": "geom_xpos"}
_COUNT_FIELDS = {"joint": "njnt", "site": "nsite", "body": "nbody", "geom": "ngeom"}


@dataclass(frozen=True, slots=True)
class Landmark:
    """A point of the arm: row ``index`` of ``field``, a field of MjData, (n, 3) metres in the world frame."""

    field: str
    index: int


def object_names(model: mujoco.MjModel, kind: str) -> list[str]:
    """Names of all objects of a kind (``joint``, ``site``, ``body`` or ``geom``) that have one."""
    names = (getattr(model, kind)(i).name for i in range(getattr(model, _COUNT_FIELDS[kind])))
    return [name for name in names if name]


def geom_name(model: mujoco.MjModel, geom: int) -> str:
    """A geom for messages: its name, or its number and body where it has none."""
    name, body = model.geom(geom).name, model.body(model.geom_bodyid[geom]).name
    return f"geom '{name}'" if name else f"geom number {geom} (of body '{body}')"


def _find_landmark(model: mujoco.MjModel, landmark: str, description: str, source: str) -> Landmark:
    """The point that ``KIND:NAME`` describes, with a kind of ``POSITION_FIELDS``, such as ``site:handm``."""
    key, (kind, _, name) = f"model.landmarks.{landmark}", description.partition(":")
    if kind not in POSITION_FIELDS or not name:
        raise ModelError(
            f"{key}='{description}' does not name a landmark. Write KIND:NAME, where KIND is one of "
            f"{', '.join(POSITION_FIELDS)}; for example {key}=site:handm."
        )
    names = object_names(model, kind)
    if name not in names:
        raise UnknownNameError(f"{kind} in {source} (key {key})", name, names)
    return Landmark(POSITION_FIELDS[kind], getattr(model, kind)(name).id)


def positions(fields: Mapping[str, np.ndarray], landmarks: Mapping[str, Landmark]) -> np.ndarray:
    """Positions of shoulder, elbow and paw, ``(..., 3, 3)`` metres, from arrays of MjData fields, ``(..., n, 3)``."""
    return np.stack([fields[landmarks[name].field][..., landmarks[name].index, :] for name in LANDMARKS], axis=-2)


def body_of(model: mujoco.MjModel, mark: Landmark) -> int:
    """Index of the body that a landmark is fixed to; a joint's anchor is fixed to the body of the joint."""
    owners = {"xanchor": model.jnt_bodyid, "site_xpos": model.site_bodyid, "geom_xpos": model.geom_bodyid}
    return mark.index if mark.field == "xpos" else int(owners[mark.field][mark.index])


class Arm:
    """A compiled MuJoCo model with its landmarks, joints and actuators.

    Attributes:
        name: the file's name without suffix.
        source: the file, for messages.
        model: the compiled model; treat it as read-only.
        physics: the model that is simulated (``Simulation`` copies it): without geoms that are only seen, so that no
            time goes into placing them; the same movement to the last bit. All else has the same indices.
        nq, nu, na: numbers of joint positions, actuators and activations; na is 0 for motors.
        landmarks: shoulder, elbow and paw, by name.
        joint_names: every joint, in the order of qpos, by number where it has no name; all are hinges or slides, so
            nq = nv.
        tracked_joints: indices of the joints that inverse kinematics may move.
        actuator_names: every actuator, in the order of ctrl, by number where it has no name.
        couplings: which joints follow others, by the model's equality constraints.
        rest_qpos: (nq,) rad, the first keyframe, or the model's default pose where there is none, within the couplings.
        qpos_range: (nq, 2) rad, infinite where a joint has no limit; limits of the joints that follow it count.
        ctrl_range: (nu, 2) valid controls.
        peak_force: (nu,) the force that effort is given relative to, in the units of MuJoCo's ``actuator_force``: a
            muscle's peak isometric force in N, for other actuators gain times the largest control; at most forcerange.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        landmarks: Mapping[str, str],
        joints: list[str] | None,
        source: str,
        physics: mujoco.MjModel | None = None,
    ):
        """Look up landmarks, ``KIND:NAME`` each, and the joints that inverse kinematics may move, None for all.

        ModelError if the model has a kind of joint, or an actuator, that cannot be used; UnknownNameError if a landmark
        or joint does not exist.
        """
        self.model = model
        self.physics = model if physics is None else physics
        self.source = source
        self.name = Path(source).stem
        self._given = landmarks, joints
        _check_joints(model, source)
        self.nq, self.nu, self.na = model.nq, model.nu, model.na
        self.landmarks = {name: _find_landmark(model, name, landmarks[name], source) for name in LANDMARKS}
        self.joint_names = tuple(model.joint(i).name or f"joint {i}" for i in range(model.njnt))
        self.tracked_joints = _joint_indices(model, joints, source)
        self.actuator_names = tuple(model.actuator(i).name or f"actuator {i}" for i in range(model.nu))
        self.couplings = Couplings(model, source)
        if not self.couplings.free[self.tracked_joints].any():
            raise ModelError(f"model.joints={joints}: these follow other joints of {source}. Name those, or give null.")
        self.rest_qpos = self.couplings.complete(rest_pose(model))
        limited = model.jnt_limited[:, None] * (not switched_off(model, mujoco.mjtDisableBit.mjDSBL_LIMIT)) > 0
        limits = np.where(limited, model.jnt_range, (-np.inf, np.inf))
        self.qpos_range = self.couplings.narrowed(np.asarray(limits, dtype=float), self.rest_qpos)
        self.ctrl_range = _ctrl_range(model, source)
        self.peak_force = _peak_force(model, self.ctrl_range)
        self._check_finite()

    def changed(self, change: Callable[[mujoco.MjModel], mujoco.MjModel]) -> "Arm":
        """The arm with the same names whose models a function has changed."""
        return Arm(change(self.model), *self._given, self.source, change(self.physics))

    def landmark_positions(self, qpos: np.ndarray) -> np.ndarray:
        """Forward kinematics: shoulder, elbow and paw, (T, 3, 3) m in the world frame (z up), of poses (T, nq) rad."""
        data = mujoco.MjData(self.model)
        fields = {mark.field: getattr(data, mark.field) for mark in self.landmarks.values()}
        points = np.empty((len(qpos), 3, 3))
        for row, pose in enumerate(qpos):
            data.qpos[:] = pose
            mujoco.mj_kinematics(self.model, data)
            points[row] = positions(fields, self.landmarks)
        return points

    def _check_finite(self) -> None:
        """Refuse numbers so large that nothing can be computed with them."""
        rest = self.landmark_positions(self.rest_qpos[None])[0]
        figures = {"the rest pose": self.rest_qpos, "a control range": self.ctrl_range, "a peak force": self.peak_force}
        figures |= {f"the {name} at rest": point for name, point in zip(LANDMARKS, rest, strict=True)}
        for what, values in figures.items():
            if not (np.abs(values) < LARGEST).all():
                raise ModelError(
                    f"{self.source}: {what} is {values.tolist()}; figures in SI units must be below {LARGEST:g}. "
                    "Correct the model."
                )

    def segment_lengths(self) -> tuple[float, float]:
        """Upper arm (shoulder to elbow) and forearm (elbow to paw) at the rest pose, metres."""
        shoulder, elbow, paw = self.landmark_positions(self.rest_qpos[None])[0]
        return float(np.linalg.norm(elbow - shoulder)), float(np.linalg.norm(paw - elbow))


def _check_joints(model: mujoco.MjModel, source: str) -> None:
    for i, kind in enumerate(map(mujoco.mjtJoint, model.jnt_type)):
        if kind not in (mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_SLIDE):
            raise ModelError(
                f"{source}: joint '{model.joint(i).name}' (number {i}) is a {kind.name[6:].lower()} joint; only hinge "
                "and slide joints can be tracked. Replace a ball joint by three hinges; leave a free one out, so that "
                "its body stays, or replace it by three slides and three hinges."
            )
    for i, (low, high) in enumerate(model.jnt_range):
        if low > high:
            raise ModelError(
                f"{source}: joint '{model.joint(i).name}' (number {i}) has a range from {low:.4g} to {high:.4g}, which "
                f'counts as none. Write the smaller number first: range="{high:.4g} {low:.4g}"; in degrees unless '
                "<compiler> says otherwise."
            )
    if model.njnt == 0 or model.nu == 0:
        raise ModelError(
            f"{source}: has {model.njnt} joints and {model.nu} actuators; an arm needs at least one each: "
            "add <joint> to what moves, and an <actuator> for it."
        )


def _joint_indices(model: mujoco.MjModel, joints: list[str] | None, source: str) -> np.ndarray:
    if joints is None:
        return np.arange(model.njnt)
    if not joints:
        raise ModelError("model.joints is empty, so nothing could move. Name joints, or give null for all.")
    names = object_names(model, "joint")
    for name in joints:
        if name not in names:
            raise UnknownNameError(f"joint in {source} (key model.joints)", name, names)
    return np.array([model.joint(name).id for name in joints])


def _ctrl_range(model: mujoco.MjModel, source: str) -> np.ndarray:
    all_off = model.opt.disableflags & int(mujoco.mjtDisableBit.mjDSBL_ACTUATION)
    for i, (low, high) in enumerate(model.actuator_ctrlrange):
        place, group = f"{source}: actuator '{model.actuator(i).name}' (number {i})", int(model.actuator_group[i])
        if all_off or model.opt.disableactuator & 1 << max(group, 0):
            option = '<flag actuation="disable">' if all_off else f'<option actuatorgroupdisable="{group}">'
            raise ModelError(
                f"{place} is switched off by {option}, so it could move nothing. Leave that out, or the actuator."
            )
        if not model.actuator_ctrllimited[i] or high <= low:
            raise ModelError(
                f"{place} has no control range, so an action has nothing to be mapped to. Give it one, as "
                'ctrllimited="true" ctrlrange="-1 1" ("0 1" for a muscle).'
            )
    return model.actuator_ctrlrange.copy()


def _peak_force(model: mujoco.MjModel, ctrl_range: np.ndarray) -> np.ndarray:
    """Largest |force| of each actuator: a muscle's peak force, otherwise gain times the largest control."""
    motor = np.abs(model.actuator_gainprm[:, 0]) * np.abs(ctrl_range).max(axis=1)
    peak = np.where(model.actuator_gaintype == mujoco.mjtGain.mjGAIN_MUSCLE, peak_isometric_force(model), motor)
    limit = np.where(model.actuator_forcelimited > 0, np.abs(model.actuator_forcerange).max(axis=1), np.inf)
    return np.maximum(np.minimum(peak, limit), mujoco.mjMINVAL)


def as_bytes(model: mujoco.MjModel) -> bytes:
    """All of a compiled model, for hashes."""
    compiled = np.empty(mujoco.mj_sizeModel(model), dtype=np.uint8)
    mujoco.mj_saveModel(model, None, compiled)
    return compiled.tobytes()


def rest_pose(model: mujoco.MjModel) -> np.ndarray:
    """(nq,) the first keyframe, or the default pose where there is none."""
    return np.array(model.key_qpos[0] if model.nkey else model.qpos0)


def peak_isometric_force(model: mujoco.MjModel) -> np.ndarray:
    """(nu,) N, peak isometric force of each actuator, read as a muscle: scale / acc0 where the file's is negative."""
    given, scale = model.actuator_gainprm[:, 2], model.actuator_gainprm[:, 3]
    return np.where(given >= 0, given, scale / np.maximum(model.actuator_acc0, mujoco.mjMINVAL))


def at_poses(model: mujoco.MjModel, poses: np.ndarray) -> Iterator[mujoco.MjData]:
    """The same data at one pose of (n, nq) after the other: positions of everything, and tendon lengths."""
    data = mujoco.MjData(model)
    for qpos in poses:
        data.qpos[:] = qpos
        mujoco.mj_kinematics(model, data)
        mujoco.mj_comPos(model, data)
        mujoco.mj_tendon(model, data)
        yield data


def tendon_lengths(model: mujoco.MjModel, poses: np.ndarray) -> np.ndarray:
    """(n, ntendon) lengths in m."""
    return np.array([data.ten_length.copy() for data in at_poses(model, poses)])
