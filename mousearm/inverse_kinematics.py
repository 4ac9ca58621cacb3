"""Inverse kinematics: the joint angles that bring elbow and paw of an arm to targets, and their memory on disk."""

from collections.abc import Callable
from pathlib import Path

import daqp
import mujoco
import numpy as np

from mousearm.door import sha256
from mousearm.errors import KinematicsError
from mousearm.files import ArrayCache
from mousearm.model import Arm
from mousearm.model.arm import as_bytes, body_of
from mousearm.trajectory import FOLLOWED, LANDMARKS

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


def inverse_kinematics(arm: Arm, elbow: np.ndarray, paw: np.ndarray) -> np.ndarray:
    """Joint angles that bring elbow and paw to their targets, within the joint ranges.

    In each frame the angles q minimise |elbow(q) - elbow|^2 + |paw(q) - paw|^2 + |w (q - rest)|^2, in mm^2, by the
    method of Kanzow, Yamashita and Fukushima (2004, J Comput Appl Math 172(2):375-397). The weight w, 0.001 mm/rad,
    decides only what the targets leave open. The search starts from the frame before, in the first frame from the rest
    pose. Only ``arm.tracked_joints`` move, and joints that follow them by an equality constraint.

    Args:
        arm: whose joints they are.
        elbow: targets (T, 3) m, world frame.
        paw: targets (T, 3) m, world frame.

    Returns:
        (T, nq) joint angles, rad (m for slide joints).

    Raises:
        KinematicsError: a target is not finite.
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
        """Prepare for an arm; files are kept below ``folder/poses``, such as of `mousearm.paths.cache_folder`."""
        self._arm, self._cache = arm, ArrayCache(folder / "poses")
        marks = repr([(name, mark.field, mark.index) for name, mark in sorted(arm.landmarks.items())])
        version = _VERSION + b"coupled" * bool(arm.couplings)
        self._hash = sha256(version + as_bytes(arm.model) + arm.tracked_joints.tobytes() + marks.encode())

    def solve(self, elbow: np.ndarray, paw: np.ndarray) -> np.ndarray:
        """Joint angles (T, nq) for targets (T, 3) m, as `inverse_kinematics`; found only if they are not on disk yet.

        A damaged file is found again and replaced. KinematicsError if a target is not finite.
        """
        key = sha256(self._hash.encode() + np.stack([elbow, paw]).tobytes())
        poses = (self._cache.read(key) or {}).get("qpos")
        if poses is None or poses.shape != (len(paw), self._arm.nq) or not np.isfinite(poses).all():
            poses = inverse_kinematics(self._arm, elbow, paw)
            self._cache.write(key, {"qpos": poses})
        return poses
