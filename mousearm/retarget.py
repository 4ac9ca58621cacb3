"""Retargeting: a recorded reach becomes target points that the arm can hit, and a joint reference that hits them.

Inverse kinematics finds the joint angles that bring elbow and paw to their targets, and remembers them on disk.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import daqp
import mujoco
import numpy as np

from mousearm.config import KinematicsConfig
from mousearm.door import sha256
from mousearm.errors import KinematicsError, OutputError
from mousearm.files import make_folder, staged
from mousearm.kinematics import Reach
from mousearm.kinematics.orientation import unit
from mousearm.kinematics.reach import noise_floor_mm
from mousearm.model import Arm
from mousearm.model.arm import body_of, geom_name
from mousearm.model.coupling import switched_off
from mousearm.trajectory import FOLLOWED, LANDMARKS, SHOULDER, errors_mm

# Pull of the joints towards the rest pose, in mm per rad: decides only what the targets leave open (redundant joints).
_REST_PULL_MM = 1e-3
# A step of every joint below this, in rad (or m), ends the search, and so does a gain below this part of the cost.
_SMALLEST_STEP, _SMALLEST_GAIN = 1e-8, 1e-12
# Damping in (mm/rad)^2: a thousandth of the pull squared, so that joints which only the pull moves are not slowed.
_LEAST_DAMPING = 1e-9
# Ends the search where targets are centimetres out of reach, on the way to which the last micrometres take long.
_MOST_STEPS = 200

# Part of every key of the cache: raise it when inverse kinematics gives other results.
_VERSION = b"1"

# Targets of elbow and paw, (T, 3) metres each, to joint angles, (T, nq) rad.
Solve = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Reference:
    """The movement that the arm is to perform, one row per control step; world frame (z up)."""

    name: str  # of the reach
    elbow: np.ndarray  # (T, 3) target, m
    paw: np.ndarray  # (T, 3) target, m
    qpos: np.ndarray  # (T, nq) joint angles that hit the targets best, rad
    qvel: np.ndarray  # (T, nq) their velocities, rad/s (central differences)
    residual_mm: np.ndarray  # (T,) distance of elbow or paw, whichever is larger, from its target under `qpos`
    activation: np.ndarray  # (T, na) of the muscles, where an arm is put into that frame
    # Expected mean distance of the targets of `elbow` and `paw` from where the animal's were, as far as the tracking's
    # noise is the reason: no controller can be known to be nearer. NaN where it is not known.
    noise_floor_mm: Mapping[str, float] = field(default_factory=dict)
    # Rate [Hz] and cut-off of the recording in which that noise was white; None where it is not known.
    recorded: tuple[float, float | None] | None = None
    # (T, 2, 3) targets of elbow and paw, m, made of what the file holds of `VERSIONS` of the reach.
    versions: Mapping[str, np.ndarray] = field(default_factory=dict)


def segments(reach: Reach, shoulder: np.ndarray, upper_arm: float, forearm: float) -> tuple[np.ndarray, np.ndarray]:
    """Keep the directions of both segments and take the model's lengths, so that every frame can be reached.

    elbow = shoulder + U unit(elbow - shoulder), paw = elbow + L unit(paw - elbow), the recorded shoulder's own
    movement (the trunk's) being dropped. The shoulder, (3,) m, and the lengths U, L [m] are the model's. Returns the
    targets of elbow and paw, (T, 3) m each.
    """
    elbow = shoulder + upper_arm * unit(reach.elbow - reach.shoulder)
    return elbow, elbow + forearm * unit(reach.paw - reach.elbow)


def uniform(reach: Reach, shoulder: np.ndarray, upper_arm: float, forearm: float) -> tuple[np.ndarray, np.ndarray]:
    """Divide the reach by one scale s = (u^2 + l^2) / (u U + l L), so that u/s and l/s fit U and L best.

    Keeps the recorded shape, but leaves millimetres at the elbow that no controller can remove where the animal's
    proportions are not the model's. Arguments and result as ``segments``; u, l are the recorded median lengths.
    """
    scale = _uniform_scale(reach, upper_arm, forearm)
    return shoulder + (reach.elbow - reach.shoulder) / scale, shoulder + (reach.paw - reach.shoulder) / scale


def _uniform_scale(reach: Reach, upper_arm: float, forearm: float) -> float:
    u, length = reach.upper_arm_length, reach.forearm_length
    return (u**2 + length**2) / (u * upper_arm + length * forearm)


METHODS = {"segments": segments, "uniform": uniform}


def beside_animal(method: str, reach: Reach, arm: Arm, points: np.ndarray) -> np.ndarray:
    """Where points of an arm, (T, 3, 3) m shoulder, elbow and paw, are beside the animal at the frames of its reach.

    It is the way back of a method, which brings targets to where the animal was: from its shoulder, where that was in
    each frame, with its own lengths. So an error is shown in millimetres of the animal, u/U and l/L times the model's
    (``segments``, with the lengths u, l of the frame), or s times (``uniform``).
    """
    shoulder = arm.landmark_positions(arm.rest_qpos[None])[0, SHOULDER]
    animal, (upper_arm, forearm) = reach.landmarks, arm.segment_lengths()
    if method == "uniform":
        scale = _uniform_scale(reach, upper_arm, forearm)
        return animal[:, :1] + scale * (points - shoulder)
    u, length = np.moveaxis(np.linalg.norm(np.diff(animal, axis=1), axis=2), 1, 0)[..., None]
    upper = animal[:, SHOULDER, None] + u[:, None] / upper_arm * (points[:, :2] - shoulder)
    paw = upper[:, 1] + length / forearm * (points[:, 2] - points[:, 1])
    return np.concatenate([upper, paw[:, None]], axis=1)


def retarget(
    reach: Reach, arm: Arm, control_dt: float, config: KinematicsConfig, solve: Solve | None = None
) -> Reference:
    """Fit a reach, of one row per control step [s], to an arm, by the configured method and up to its residual.

    Joint angles are found by ``solve``, such as ``PoseCache.solve``; None for ``inverse_kinematics``. KinematicsError,
    with the worst frame, if the arm cannot come close enough, or contacts or tendons keep it from the poses that do.
    """
    shoulder = arm.landmark_positions(arm.rest_qpos[None])[0, SHOULDER]

    def fitted(to: Reach) -> tuple[np.ndarray, np.ndarray]:
        return METHODS[config.retarget](to, shoulder, *arm.segment_lengths())

    elbow, paw = fitted(reach)
    qpos = inverse_kinematics(arm, elbow, paw) if solve is None else solve(elbow, paw)
    points = arm.landmark_positions(qpos)[:, FOLLOWED]
    residual_mm = errors_mm(points, np.stack([elbow, paw], axis=1)).max(axis=1)
    worst = int(residual_mm.argmax())
    if residual_mm[worst] > config.max_residual_mm:
        held = ", ".join(name for name, free in zip(arm.joint_names, arm.couplings.free, strict=True) if not free)
        advice = f"Joints that follow others by equality constraints, which may forbid it: {held}. " if held else ""
        advice += "Try kinematics.retarget=segments. " if config.retarget != "segments" else ""
        raise KinematicsError(
            f"{reach.name}: the arm of {arm.source} cannot follow it. At frame {worst} (of {reach.n_frames}) the best "
            f"pose misses by {residual_mm[worst]:.2f} mm; kinematics.max_residual_mm={config.max_residual_mm:g} is "
            f"allowed (mean over the reach {residual_mm.mean():.2f} mm). {advice}Check the axes and the "
            "order of the columns, or raise the bound."
        )
    _check_free(reach.name, arm, qpos, config.max_residual_mm)
    versions = {name: np.stack(fitted(reach.moved(points)), axis=1) for name, points in reach.versions.items()}
    qvel = np.gradient(qpos, control_dt, axis=0)
    floor, recorded = noise_floor_mm(reach, fitted), reach.origin or (reach.rate, reach.cutoff)
    activation = np.zeros((len(qpos), arm.na))
    return Reference(reach.name, elbow, paw, qpos, qvel, residual_mm, activation, floor, recorded, versions)


def _check_free(name: str, arm: Arm, qpos: np.ndarray, allowed_mm: float) -> None:
    """Refuse poses that contacts or limits of tendons, which inverse kinematics does not see, would not let be."""
    model, data = arm.model, mujoco.MjData(arm.model)
    limited = model.tendon_limited * (not switched_off(model, mujoco.mjtDisableBit.mjDSBL_LIMIT)) > 0
    if not (limited.any() or model.geom_contype.any() or model.npair):
        return
    worst = (0.0, 0, "", "")
    for frame, pose in enumerate(qpos):
        data.qpos[:] = pose
        mujoco.mj_fwdPosition(model, data)
        if data.ncon and -1e3 * data.contact.dist.min() > worst[0]:
            depth = -data.contact.dist.min()
            pair = [geom_name(model, i) for i in data.contact.geom[data.contact.dist.argmin()]]
            remedy = 'give one of them contype="0" conaffinity="0", or exclude the pair by <contact><exclude>'
            worst = (1e3 * depth, frame, f"{pair[0]} and {pair[1]} overlap by {1e3 * depth:.2f} mm", remedy)
        low, high = model.tendon_range.T
        past = np.where(limited, np.maximum(data.ten_length - high, low - data.ten_length), 0.0)
        if 1e3 * past.max(initial=0.0) > worst[0]:
            tendon = model.tendon(past.argmax()).name or f"number {past.argmax()}"
            what = f"tendon '{tendon}' is {past.max():.3g} past its range (m; rad if it is of hinges)"
            worst = (1e3 * past.max(), frame, what, 'correct its range, or give it limited="false"')
    if worst[0] > allowed_mm:
        raise KinematicsError(
            f"{name}: the arm of {arm.source} cannot be where this reach takes it. At frame {worst[1]} (of "
            f"{len(qpos)}) {worst[2]}, which the simulation does not let be; kinematics.max_residual_mm={allowed_mm:g} "
            f"is allowed. If that is not meant, {worst[3]}; or raise the bound."
        )


def inverse_kinematics(arm: Arm, elbow: np.ndarray, paw: np.ndarray) -> np.ndarray:
    """Joint angles that bring elbow and paw to their targets, within the joint ranges.

    Bounded least squares frame by frame, each started from the one before, the first from the rest pose; joints that
    the targets leave free stay near the rest pose, and joints that follow others by an equality constraint do so. Only
    ``arm.tracked_joints`` move, and those that follow them. Targets are (T, 3) metres each, the result is (T, nq) rad.
    KinematicsError if a target is not finite.
    """
    finite = np.isfinite(elbow).all(axis=1) & np.isfinite(paw).all(axis=1)
    if not finite.all():
        raise KinematicsError(f"The targets of frame {int(finite.argmin())} are not finite, so no pose can hit them.")
    solver = _PoseSolver(arm)
    poses = np.empty((len(paw), arm.nq))
    pose = arm.rest_qpos
    for frame in range(len(paw)):
        pose = poses[frame] = solver.solve(elbow[frame], paw[frame], pose)
    return poses


class _PoseSolver:
    """Bounded least squares for one pose at a time, with MuJoCo's analytic Jacobians.

    The residual r(q) is the misses of elbow and paw in mm, then the pull towards the rest pose. Levenberg-Marquardt:
    each step d minimises |r + J d|^2 + damping |d|^2 within the joint ranges, exactly, which is a quadratic programme
    in as many unknowns as joints (Kanzow, Yamashita, Fukushima 2004, J Comput Appl Math 172(2):375-397). Damping grows
    where r is less linear than a step takes it for, and falls where it is; a step that makes things worse is not done.
    """

    def __init__(self, arm: Arm):
        self._model = arm.model
        self._data = mujoco.MjData(arm.model)
        self._couplings = arm.couplings
        self._joints = arm.tracked_joints[arm.couplings.free[arm.tracked_joints]]
        self._low, self._high = arm.qpos_range[self._joints].T
        self._rest = arm.rest_qpos[self._joints]
        marks = [arm.landmarks[name] for name in LANDMARKS[FOLLOWED]]
        self._points = [getattr(self._data, mark.field)[mark.index] for mark in marks]  # views, which move with data
        self._bodies = [body_of(arm.model, mark) for mark in marks]
        n = len(self._joints)
        self._full = np.empty((3 * len(marks), arm.model.nv))
        self._pull = _REST_PULL_MM * np.eye(n)
        self._unit, self._no_rows, self._kinds = np.eye(n), np.zeros((0, n)), np.zeros(n, dtype=np.int32)

    def solve(self, elbow: np.ndarray, paw: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The pose (nq,) nearest to targets of (3,) metres, searched from a pose (nq,)."""
        pose, target = start.copy(), np.concatenate([elbow, paw])
        q = np.clip(start[self._joints], self._low, self._high)
        residual = self._residual(pose, q, target)
        cost, damping = residual @ residual, _LEAST_DAMPING
        for _ in range(_MOST_STEPS):
            jacobian = self._jacobian(pose, q)
            step = self._step(jacobian, residual, q, damping)
            ahead, promised = self._residual(pose, q + step, target), residual + jacobian @ step
            gain, promised_gain = cost - ahead @ ahead, cost - promised @ promised
            if gain >= 0:
                q, residual, cost = q + step, ahead, cost - gain
            if gain > 0.75 * promised_gain:
                damping = max(damping / 4, _LEAST_DAMPING)
            elif gain < 0.25 * promised_gain:
                damping *= 4
            if np.abs(step).max() < _SMALLEST_STEP or 0 <= gain < _SMALLEST_GAIN * cost:
                break
        pose[self._joints] = np.clip(q, self._low, self._high)
        return self._couplings.complete(pose)

    def _step(self, jacobian: np.ndarray, residual: np.ndarray, q: np.ndarray, damping: float) -> np.ndarray:
        hessian = jacobian.T @ jacobian + damping * self._unit
        slope = jacobian.T @ residual
        return daqp.solve(hessian, slope, self._no_rows, self._high - q, self._low - q, self._kinds)[0]

    def _move(self, pose: np.ndarray, q: np.ndarray) -> None:
        self._data.qpos[:] = pose
        self._data.qpos[self._joints] = q
        self._data.qpos[:] = self._couplings.complete(self._data.qpos)
        mujoco.mj_kinematics(self._model, self._data)

    def _residual(self, pose: np.ndarray, q: np.ndarray, target: np.ndarray) -> np.ndarray:
        self._move(pose, q)
        return np.concatenate([1e3 * (np.concatenate(self._points) - target), _REST_PULL_MM * (q - self._rest)])

    def _jacobian(self, pose: np.ndarray, q: np.ndarray) -> np.ndarray:
        self._move(pose, q)
        mujoco.mj_comPos(self._model, self._data)
        for i, (point, body) in enumerate(zip(self._points, self._bodies, strict=True)):
            mujoco.mj_jac(self._model, self._data, self._full[3 * i : 3 * i + 3], None, point, body)
        full = self._full
        if self._couplings:
            full = full @ self._couplings.derivatives(self._data.qpos, self._data.qvel)[0]
        return np.concatenate([1e3 * full[:, self._joints], self._pull])


class PoseCache:
    """Inverse kinematics of one arm, remembered on disk by content.

    The key is a hash of everything that inverse kinematics depends on: the model with its landmarks and joints, and the
    targets, into which the reach, the way of retargeting and the control rate have gone. So no file gets out of date.
    """

    def __init__(self, arm: Arm, folder: Path):
        self._arm = arm
        self._folder = folder / "poses"
        compiled = np.empty(mujoco.mj_sizeModel(arm.model), dtype=np.uint8)
        mujoco.mj_saveModel(arm.model, None, compiled)
        marks = repr([(name, mark.field, mark.index) for name, mark in sorted(arm.landmarks.items())])
        version = _VERSION + b"coupled" * bool(arm.couplings)
        self._hash = sha256(version + compiled.tobytes() + arm.tracked_joints.tobytes() + marks.encode())

    def solve(self, elbow: np.ndarray, paw: np.ndarray) -> np.ndarray:
        """Joint angles for targets, as ``inverse_kinematics``; found only if they are not on disk yet.

        A damaged file is found again and replaced. A folder that cannot be written costs time, nothing else.
        """
        name = sha256(self._hash.encode() + np.stack([elbow, paw]).tobytes())
        file = self._folder / name[:2] / f"{name}.npz"
        poses = self._read(file, len(paw))
        if poses is None:
            poses = inverse_kinematics(self._arm, elbow, paw)
            with suppress(OutputError):  # a home that is full, or cannot be written to
                make_folder(file.parent)
                with staged(file) as new:
                    np.savez(new, qpos=poses)
        return poses

    def _read(self, file: Path, n_frames: int) -> np.ndarray | None:
        try:
            with np.load(file, allow_pickle=False) as content:
                poses = content["qpos"]  # with its checksum, because npz is a zip archive
        except Exception:  # there is none, or it is damaged, for which numpy and zipfile raise many kinds
            return None
        return poses if poses.shape == (n_frames, self._arm.nq) and np.isfinite(poses).all() else None
