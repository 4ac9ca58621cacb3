"""Retargeting: a recorded reach becomes target points that the arm can hit, and a joint reference that hits them."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from mousearm.config import KinematicsConfig
from mousearm.errors import KinematicsError
from mousearm.kinematics import Reach
from mousearm.model import Arm
from mousearm.retarget.inverse_kinematics import inverse_kinematics
from mousearm.trajectory import FOLLOWED, SHOULDER, errors_mm

# Targets of elbow and paw, (T, 3) metres each, to joint angles, (T, nq) rad.
Solve = Callable[[np.ndarray, np.ndarray], np.ndarray]


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


def retarget(
    reach: Reach, arm: Arm, control_dt: float, config: KinematicsConfig, solve: Solve | None = None
) -> Reference:
    """Fit a reach to an arm.

    Args:
        reach: the reach, already at one row per control step.
        arm: the arm.
        control_dt: time between rows, s.
        config: the method, and the residual above which the reach is refused.
        solve: what finds the joint angles, such as ``PoseCache.solve``; None for ``inverse_kinematics``.

    Raises:
        KinematicsError: if the arm cannot come close enough to the targets; names the worst frame.
    """
    shoulder = arm.landmark_positions(arm.rest_qpos[None])[0, SHOULDER]
    elbow, paw = METHODS[config.retarget](reach, shoulder, *arm.segment_lengths())
    qpos = inverse_kinematics(arm, elbow, paw) if solve is None else solve(elbow, paw)
    points = arm.landmark_positions(qpos)[:, FOLLOWED]
    residual_mm = errors_mm(points, np.stack([elbow, paw], axis=1)).max(axis=1)
    worst = int(residual_mm.argmax())
    if residual_mm[worst] > config.max_residual_mm:
        raise KinematicsError(
            f"{reach.name}: the arm of {arm.source} cannot follow it. At frame {worst} (of {reach.n_frames}) the best "
            f"pose misses by {residual_mm[worst]:.2f} mm; kinematics.max_residual_mm={config.max_residual_mm:g} is "
            f"allowed (mean over the reach {residual_mm.mean():.2f} mm). Try kinematics.retarget=segments, check the "
            "axes and the order of the columns, or raise the bound."
        )
    return Reference(reach.name, elbow, paw, qpos, np.gradient(qpos, control_dt, axis=0), residual_mm)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
