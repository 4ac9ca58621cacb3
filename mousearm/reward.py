"""What is rewarded: named terms, each a pure function of a step, times the weights of the configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from mousearm.config import RewardConfig
from mousearm.simulation import Snapshot


@dataclass(frozen=True, slots=True)
class Step:
    """One control step of N simulations.

    Attributes:
        before: the arms before the step.
        after: the arms after it.
        elbow_mm: (N,) how far the elbow then is from its target.
        paw_mm: (N,) likewise.
        peak_force: (nu,) what each actuator can give.
    """

    before: Snapshot
    after: Snapshot
    elbow_mm: np.ndarray
    paw_mm: np.ndarray
    peak_force: np.ndarray


def exp_mm(distance_mm: np.ndarray, sigma_mm: np.ndarray) -> np.ndarray:
    """Mean over widths s of exp(-d/s) for distances d, (N,) in mm: 1 on the target, 0 far away.

    Wide kernels guide from far, narrow ones keep the last tenths of a millimetre worth something.
    """
    return np.exp(-distance_mm[:, None] / sigma_mm).mean(axis=1)


def squared(distance_mm: np.ndarray, sigma_mm: np.ndarray) -> np.ndarray:
    """Minus the squared distance in metres^2, of distances (N,) in mm; ``sigma_mm`` plays no part."""
    return -np.square(1e-3 * distance_mm)


def effort_mean(step: Step) -> np.ndarray:
    """Minus the mean over actuators of (force / peak force)^2, so that a weight means the same for any actuators."""
    return -np.square(step.after.force / step.peak_force).mean(axis=1)


def effort_sum(step: Step) -> np.ndarray:
    """Minus the sum of absolute actuator forces, in the actuators' own units."""
    return -np.abs(step.after.force).sum(axis=1)


def qvel(step: Step) -> np.ndarray:
    """Minus the squared change of joint velocities over the step, (rad/s)^2."""
    return -np.square(step.after.qvel - step.before.qvel).sum(axis=1)


def qpos(step: Step) -> np.ndarray:
    """Minus the squared change of joint positions over the step, rad^2."""
    return -np.square(step.after.qpos - step.before.qpos).sum(axis=1)


def action(step: Step) -> np.ndarray:
    """Minus the squared change of the controls."""
    return -np.square(step.after.ctrl - step.before.ctrl).sum(axis=1)


KERNELS = MappingProxyType({"exp": exp_mm, "squared": squared})
EFFORTS = MappingProxyType({"mean": effort_mean, "sum": effort_sum})
Term = Callable[[Step], np.ndarray]


class Reward:
    """The weighted terms of a configuration.

    reward = w_bone_diff (w_elbow k(e) + w_paw k(p)) / (w_elbow + w_paw) + w_effort effort + w_qvel qvel + w_qpos qpos
    + w_action action, where k is the kernel, e and p the distances of elbow and paw from their targets. Terms of weight
    0 are not computed.
    """

    def __init__(self, config: RewardConfig):
        share = config.w_bone_diff / (config.w_elbow + config.w_paw)
        kernel, sigma_mm = KERNELS[config.kernel], np.asarray(config.sigma_mm)

        def elbow(step: Step) -> np.ndarray:
            return kernel(step.elbow_mm, sigma_mm)

        def paw(step: Step) -> np.ndarray:
            return kernel(step.paw_mm, sigma_mm)

        terms: dict[str, tuple[float, Term]] = {
            "elbow": (share * config.w_elbow, elbow),
            "paw": (share * config.w_paw, paw),
            "effort": (config.w_effort, EFFORTS[config.effort]),
            "qvel": (config.w_qvel, qvel),
            "qpos": (config.w_qpos, qpos),
            "action": (config.w_action, action),
        }
        self._terms = {name: (weight, term) for name, (weight, term) in terms.items() if weight > 0}

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each term that counts."""
        return {name: weight for name, (weight, _) in self._terms.items()}

    def terms(self, step: Step) -> dict[str, np.ndarray]:
        """Unweighted value of each term that counts, (N,) each."""
        return {name: term(step) for name, (_, term) in self._terms.items()}

    def total(self, terms: dict[str, np.ndarray]) -> np.ndarray:
        """Weighted sum of the result of ``terms``, (N,)."""
        return sum((self._terms[name][0] * value for name, value in terms.items()), start=np.zeros(1))
