"""Retargeting: a recorded reach becomes target points that the arm can hit, and a joint reference that hits them."""

from dataclasses import dataclass
from types import MappingProxyType

import mujoco
import numpy as np
from scipy.optimize import least_squares

from mousearm.config import KinematicsConfig
from mousearm.errors import KinematicsError
from mousearm.kinematics import Reach
from mousearm.model import Arm
from mousearm.model.landmark import body_of

# Pull of the joints towards the rest pose, in mm per rad: decides only what the targets leave open (redundant joints).
_REST_PULL_MM = 1e-3


@dataclass(frozen=True, slots=True)
class Reference:
    """What the arm is to do.

    Attributes:
        name: the reach's name.
        elbow: (T, 3) target in metres, world frame (z up), one row per control step.
        paw: (T, 3) target in metres.
        qpos: (T, nq) joint angles that hit the targets best, rad.
        qvel: (T, nq) their velocities, rad/s (central differences).
        residual_mm: (T,) distance of elbow or paw, whichever is larger, from its target under ``qpos``.
    """

    name: str
    elbow: np.ndarray
    paw: np.ndarray
    qpos: np.ndarray
    qvel: np.ndarray
    residual_mm: np.ndarray

    @property
    def n_frames(self) -> int:
        """Number of frames; an episode has one step less."""
        return len(self.paw)


def segments(reach: Reach, shoulder: np.ndarray, upper_arm: float, forearm: float) -> tuple[np.ndarray, np.ndarray]:
    """Keep the directions of both segments and take the model's lengths, so that every frame can be reached.

    elbow = shoulder + U unit(elbow - shoulder), paw = elbow + L unit(paw - elbow), the recorded shoulder's own
    movement (the trunk's) being dropped.

    Args:
        reach: the recorded reach, T frames.
        shoulder: (3,) the model's shoulder, metres.
        upper_arm: U, metres.
        forearm: L, metres.

    Returns:
        Targets of elbow and paw, (T, 3) each, metres.
    """
    elbow = shoulder + upper_arm * _unit(reach.elbow - reach.shoulder)
    return elbow, elbow + forearm * _unit(reach.paw - reach.elbow)


def uniform(reach: Reach, shoulder: np.ndarray, upper_arm: float, forearm: float) -> tuple[np.ndarray, np.ndarray]:
    """Divide the reach by one scale s = (u^2 + l^2) / (u U + l L), so that u/s and l/s fit U and L best.

    Keeps the recorded shape, but leaves millimetres at the elbow that no controller can remove where the animal's
    proportions are not the model's. Arguments and result as ``segments``; u, l are the recorded median lengths.
    """
    u, length = reach.upper_arm_length, reach.forearm_length
    scale = (u**2 + length**2) / (u * upper_arm + length * forearm)
    return shoulder + (reach.elbow - reach.shoulder) / scale, shoulder + (reach.paw - reach.shoulder) / scale


METHODS = MappingProxyType({"segments": segments, "uniform": uniform})


def retarget(reach: Reach, arm: Arm, control_dt: float, config: KinematicsConfig) -> Reference:
    """Fit a reach to an arm.

    Args:
        reach: the reach, already at one row per control step.
        arm: the arm.
        control_dt: time between rows, s.
        config: the method, and the residual above which the reach is refused.

    Raises:
        KinematicsError: if the arm cannot come close enough to the targets; names the worst frame.
    """
    shoulder = arm.landmark_positions(arm.rest_qpos[None])[0, 0]
    elbow, paw = METHODS[config.retarget](reach, shoulder, *arm.segment_lengths())
    qpos = inverse_kinematics(arm, elbow, paw)
    points = arm.landmark_positions(qpos)
    misses = np.linalg.norm(points[:, 1:] - np.stack([elbow, paw], axis=1), axis=2)
    residual_mm = 1e3 * misses.max(axis=1)
    worst = int(residual_mm.argmax())
    if residual_mm[worst] > config.max_residual_mm:
        raise KinematicsError(
            f"{reach.name}: the arm of {arm.source} cannot follow it. At frame {worst} (of {reach.n_frames}) the best "
            f"pose misses by {residual_mm[worst]:.2f} mm; kinematics.max_residual_mm={config.max_residual_mm:g} is "
            f"allowed (mean over the reach {residual_mm.mean():.2f} mm). Try kinematics.retarget=segments, check the "
            "axes and the order of the columns, or raise the bound."
        )
    return Reference(reach.name, elbow, paw, qpos, np.gradient(qpos, control_dt, axis=0), residual_mm)


def inverse_kinematics(arm: Arm, elbow: np.ndarray, paw: np.ndarray) -> np.ndarray:
    """Joint angles that bring elbow and paw to their targets, within the joint ranges.

    Bounded least squares frame by frame, each started from the one before, the first from the rest pose; joints that
    the targets leave free stay near the rest pose.

    Args:
        arm: the arm; only ``arm.tracked_joints`` move.
        elbow: (T, 3) metres.
        paw: (T, 3) metres.

    Returns:
        (T, nq) rad.
    """
    solver = _PoseSolver(arm)
    poses = np.empty((len(paw), arm.nq))
    pose = arm.rest_qpos
    for frame in range(len(paw)):
        pose = poses[frame] = solver.solve(elbow[frame], paw[frame], pose)
    return poses


class _PoseSolver:
    """Least squares for one pose at a time, with MuJoCo's analytic Jacobians."""

    def __init__(self, arm: Arm):
        self._arm = arm
        self._data = mujoco.MjData(arm.model)
        self._joints = arm.tracked_joints
        self._bounds = low, high = arm.qpos_range[self._joints].T
        self._inside = low + 1e-9, high - 1e-9  # least_squares must start between its bounds
        self._marks = [arm.landmarks["elbow"], arm.landmarks["paw"]]
        self._bodies = [body_of(arm.model, mark) for mark in self._marks]

    def solve(self, elbow: np.ndarray, paw: np.ndarray, start: np.ndarray) -> np.ndarray:
        target = np.stack([elbow, paw])
        pose = start.copy()
        inside = np.clip(start[self._joints], *self._inside)
        solution = least_squares(
            lambda q: self._residual(pose, q, target),
            inside,
            jac=lambda q: self._jacobian(pose, q),  # type: ignore[arg-type]
            bounds=self._bounds,
            xtol=1e-12,
            ftol=1e-12,
            gtol=1e-12,
        )
        pose[self._joints] = solution.x
        return pose

    def _move(self, pose: np.ndarray, q: np.ndarray) -> None:
        self._data.qpos[:] = pose
        self._data.qpos[self._joints] = q
        mujoco.mj_kinematics(self._arm.model, self._data)

    def _residual(self, pose: np.ndarray, q: np.ndarray, target: np.ndarray) -> np.ndarray:
        self._move(pose, q)
        misses_mm = 1e3 * (self._arm.landmarks_of(self._data)[1:] - target).ravel()
        return np.concatenate([misses_mm, _REST_PULL_MM * (q - self._arm.rest_qpos[self._joints])])

    def _jacobian(self, pose: np.ndarray, q: np.ndarray) -> np.ndarray:
        self._move(pose, q)
        mujoco.mj_comPos(self._arm.model, self._data)
        points = self._arm.landmarks_of(self._data)[1:]
        rows = []
        for point, body in zip(points, self._bodies, strict=True):
            jacobian = np.empty((3, self._arm.model.nv))
            mujoco.mj_jac(self._arm.model, self._data, jacobian, None, point, body)
            rows.append(1e3 * jacobian[:, self._joints])
        rows.append(_REST_PULL_MM * np.eye(len(self._joints)))
        return np.concatenate(rows)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
