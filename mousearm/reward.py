"""Reward terms, each a pure function of a step, and their weighted sum.

A term is a function below `REWARDS.add`; its weight is the key ``reward.w_NAME`` then, and its value the metric
``reward/NAME``. What it can be set to, beside its weight, stands in `RewardForm`.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mousearm.keys import Range, key
from mousearm.registry import EFFORTS, KERNELS, REWARDS
from mousearm.trajectory import Snapshot


@dataclass(frozen=True, slots=True)
class Step:
    """One control step of N simulations: the arms before and after it.

    ``elbow_mm`` and ``paw_mm``, (N,), are the distances from the targets after it, ``peak_force``, (nu,), the largest
    force of each actuator.
    """

    before: Snapshot
    after: Snapshot
    elbow_mm: np.ndarray
    paw_mm: np.ndarray
    peak_force: np.ndarray


@dataclass(kw_only=True)
class RewardForm:
    """The form that the terms take."""

    kernel: str = key("Of the elbow and paw errors.", KERNELS)
    sigma_mm: list[float] = key(
        "Widths of the exp kernel: wide ones guide from far, narrow ones keep tenths of a millimetre worth something.",
        Range("at least one width, each above 0", lambda widths: widths and all(0 < s < math.inf for s in widths)),
        "mm",
    )
    effort: str = key("Of the forces.", EFFORTS)


@KERNELS.add
def exp(distance_mm: np.ndarray, sigma_mm: np.ndarray) -> np.ndarray:
    """Mean of e^(-d/s) over the widths s, 1 on the target, 0 far away; for distances d, (N,) in mm.

    Wide kernels guide from far, narrow ones keep the last tenths of a millimetre worth something.
    """
    return np.exp(-distance_mm[:, None] / sigma_mm).mean(axis=1)


@KERNELS.add
def squared(distance_mm: np.ndarray, sigma_mm: np.ndarray) -> np.ndarray:
    """Minus the squared distance, m^2, of distances (N,) in mm; the widths play no part."""
    return -np.square(1e-3 * distance_mm)


def effort_mean(step: Step) -> np.ndarray:
    """Minus the mean over actuators of (force / peak force)^2, so that a weight means the same for any actuators."""
    return -np.square(step.after.force / step.peak_force).mean(axis=1)


def effort_sum(step: Step) -> np.ndarray:
    """Minus the sum of absolute forces, in the actuators' units."""
    return -np.abs(step.after.force).sum(axis=1)


EFFORTS.add(effort_mean, "mean")
EFFORTS.add(effort_sum, "sum")


@REWARDS.add
def elbow(step: Step, form: RewardForm) -> np.ndarray:
    """Kernel of the elbow's error; the weight is its part of `reward.w_bone_diff`."""
    return KERNELS[form.kernel](step.elbow_mm, np.asarray(form.sigma_mm))


@REWARDS.add
def paw(step: Step, form: RewardForm) -> np.ndarray:
    """Kernel of the paw's error; the weight is its part of `reward.w_bone_diff`."""
    return KERNELS[form.kernel](step.paw_mm, np.asarray(form.sigma_mm))


@REWARDS.add
def effort(step: Step, form: RewardForm) -> np.ndarray:
    """Minus the effort of the actuators, in the form of `reward.effort`."""
    return EFFORTS[form.effort](step)


@REWARDS.add
def qvel(step: Step, form: RewardForm) -> np.ndarray:
    """Minus the squared change of the joint velocities over the step, (rad/s)^2."""
    return -np.square(step.after.qvel - step.before.qvel).sum(axis=1)


@REWARDS.add
def qpos(step: Step, form: RewardForm) -> np.ndarray:
    """Minus the squared change of the joint positions over the step, rad^2."""
    return -np.square(step.after.qpos - step.before.qpos).sum(axis=1)


@REWARDS.add
def action(step: Step, form: RewardForm) -> np.ndarray:
    """Minus the squared change of the controls over the step."""
    return -np.square(step.after.ctrl - step.before.ctrl).sum(axis=1)


class Reward:
    """The weighted terms of a configuration.

    reward = w_bone_diff (w_elbow elbow + w_paw paw) / (w_elbow + w_paw) + w_effort effort + w_qvel qvel + ... Terms of
    weight 0 are not computed.
    """

    def __init__(self, config: Any):
        """Weigh the terms by a ``RewardConfig``: a `RewardForm` with the weights ``w_``."""
        share = config.w_bone_diff / (config.w_elbow + config.w_paw)
        weights = {name: getattr(config, f"w_{name}") for name in REWARDS}
        weights |= {"elbow": share * config.w_elbow, "paw": share * config.w_paw}
        self._form: RewardForm = config
        self._terms = {name: REWARDS[name] for name, weight in weights.items() if weight > 0}
        self.weights: dict[str, float] = {name: weights[name] for name in self._terms}

    def terms(self, step: Step) -> dict[str, np.ndarray]:
        """Unweighted value of each term that counts, (N,) each."""
        return {name: term(step, self._form) for name, term in self._terms.items()}

    def total(self, terms: dict[str, np.ndarray]) -> np.ndarray:
        """Weighted sum of the result of ``terms``, (N,)."""
        return sum((self.weights[name] * value for name, value in terms.items()), start=np.zeros(1))
