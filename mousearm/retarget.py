"""Retargeting: a recorded reach becomes target points that the arm can hit, and a joint reference that hits them.

`inverse_kinematics` finds the joint angles.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import mujoco
import numpy as np

from mousearm.config import KinematicsConfig
from mousearm.errors import KinematicsError
from mousearm.inverse_kinematics import Solve, inverse_kinematics
from mousearm.kinematics import Reach
from mousearm.kinematics.orientation import unit
from mousearm.model import Arm
from mousearm.model.arm import geom_name
from mousearm.model.coupling import switched_off
from mousearm.trajectory import FOLLOWED, SHOULDER, errors_mm


@dataclass(frozen=True, slots=True)
class Reference:
    """The movement that the arm is to perform, one row per control step; made by `retarget`.

    Points are in MuJoCo's world frame: x to the right of the animal, y forward, z up.
    """

    name: str  # of the reach
    elbow: np.ndarray  # (T, 3) target, m
    paw: np.ndarray  # (T, 3) target, m
    qpos: np.ndarray  # (T, nq) joint angles that hit the targets best, rad
    qvel: np.ndarray  # (T, nq) their velocities, rad/s (central differences)
    residual_mm: np.ndarray  # (T,) distance of elbow or paw, whichever is larger, from its target under `qpos`
    activation: np.ndarray  # (T, na) of the muscles, where an arm is put into that frame
    # (N, T, 2, 3) targets of elbow and paw, m, as they may have been without the tracking's noise; None where that is
    # not known, or negligible.
    truths: np.ndarray | None = None
    # (T, 2, 3) targets of elbow and paw, m, made of what the file holds of `VERSIONS` of the reach.
    versions: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def noise_floor_mm(self) -> tuple[float, float]:
        """Mean distance of the targets of elbow and paw from where the animal's may have been; NaN if not known.

        No controller can be known to be nearer.
        """
        if self.truths is None:
            return np.nan, np.nan
        elbow, paw = errors_mm(np.stack([self.elbow, self.paw], axis=1), self.truths).mean(axis=(0, 1)).tolist()
        return elbow, paw


def segments(reach: Reach, shoulder: np.ndarray, upper_arm: float, forearm: float) -> tuple[np.ndarray, np.ndarray]:
    """Keep the directions of both segments and take the model's lengths, so that every frame can be reached.

    With the recorded points e, p, s of elbow, paw and shoulder, and S, U, L of the model,

        elbow = S + U (e - s) / |e - s|,    paw = elbow + L (p - e) / |p - e|.

    The movement of the recorded shoulder, which is the trunk's, is dropped.

    Args:
        reach: the recording, T frames.
        shoulder: S, (3,) m, where the model's shoulder is at rest, world frame.
        upper_arm: U, the model's distance from shoulder to elbow [m].
        forearm: L, its distance from elbow to paw [m].

    Returns:
        Targets of elbow and paw, (T, 3) m each, world frame.
    """
    elbow = shoulder + upper_arm * unit(reach.elbow - reach.shoulder)
    return elbow, elbow + forearm * unit(reach.paw - reach.elbow)


def uniform(reach: Reach, shoulder: np.ndarray, upper_arm: float, forearm: float) -> tuple[np.ndarray, np.ndarray]:
    """Divide the reach by one number k, which keeps its shape: elbow = S + (e - s) / k, paw = S + (p - s) / k.

    k = (u^2 + l^2) / (u U + l L), with the recorded median lengths u and l, minimises (u/k - U)^2 + (l/k - L)^2. Where
    the animal's proportions are not the model's, it leaves millimetres at the elbow that no controller can remove.
    Arguments and result are those of `segments`.
    """
    scale = _uniform_scale(reach, upper_arm, forearm)
    return shoulder + (reach.elbow - reach.shoulder) / scale, shoulder + (reach.paw - reach.shoulder) / scale


def _uniform_scale(reach: Reach, upper_arm: float, forearm: float) -> float:
    u, length = reach.upper_arm_length, reach.forearm_length
    return (u**2 + length**2) / (u * upper_arm + length * forearm)


# Ways to fit a reach to an arm, by their names in ``kinematics.retarget``.
METHODS = {"segments": segments, "uniform": uniform}


def beside_animal(method: str, reach: Reach, arm: Arm, points: np.ndarray) -> np.ndarray:
    """Place points of an arm beside the animal: the way back of a method of `METHODS`.

    It starts at the animal's shoulder, where that was in each frame, and takes the animal's lengths, so it brings the
    targets to where the animal was. An error becomes millimetres of the animal: u/U and l/L times the model's, with the
    lengths u, l of the frame (``segments``), or k times (``uniform``).

    Args:
        method: a name in `METHODS`.
        reach: the recording, T frames.
        arm: whose points they are; it has the lengths U and L, and the shoulder.
        points: (T, 3, 3) m, shoulder, elbow and paw at the frames of the reach, world frame.

    Returns:
        (T, 3, 3) m, in the frame of the reach.
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
    """Fit a reach to an arm: targets by the configured method, joint angles by inverse kinematics, their velocities.

    Args:
        reach: one row per control step, as `resample` makes it.
        arm: that is to perform it.
        control_dt: time from one row to the next [s].
        config: has the method (``retarget``) and the largest residual that is allowed (``max_residual_mm``).
        solve: finds the joint angles, such as `PoseCache.solve`; None for `inverse_kinematics`.

    Raises:
        KinematicsError: the arm cannot come close enough, or contacts or tendons keep it from the poses that do. The
            worst frame is named.
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
    qvel, activation = np.gradient(qpos, control_dt, axis=0), np.zeros((len(qpos), arm.na))
    truths = None if reach.truths is None else _fitted_truths(reach, reach.truths, fitted)
    return Reference(reach.name, elbow, paw, qpos, qvel, residual_mm, activation, truths, versions)


def _fitted_truths(
    reach: Reach, truths: np.ndarray, fitted: Callable[[Reach], tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Targets (N, T, 2, 3) of elbow and paw of landmarks (N, T, 3, 3), in single precision, for there are many."""
    points = truths.reshape(-1, *truths.shape[2:])
    targets = np.stack(fitted(reach.moved(points, time=np.arange(len(points)), versions={}, truths=None)), axis=1)
    return targets.reshape(*truths.shape[:2], *targets.shape[1:]).astype(np.float32)


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
