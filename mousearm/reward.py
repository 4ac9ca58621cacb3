"""Reward terms, each a pure function of a step, and their weighted sum.

A term is a function below `REWARDS.add`; its weight is the key ``reward.w_NAME`` then, and its value the metric
``reward/NAME``. What it can be set to, beside its weight, stands in `RewardForm`.
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mousearm.arrays import Array, namespace
from mousearm.keys import Range, key
from mousearm.registry import EFFORTS, KERNELS, REWARDS
from mousearm.trajectory import Snapshot


@dataclass(frozen=True, slots=True)
class Step:
    """One control step of N simulations: the arms before and after it.

    ``elbow_mm`` and ``paw_mm``, (N,), are the distances from the targets after it, ``peak_force``, (nu,), the largest
    force of each actuator. ``emg_error``, (N,), is how far muscles are from recorded EMG, see `emg`; None without.
    """

    before: Snapshot
    after: Snapshot
    elbow_mm: Array
    paw_mm: Array
    peak_force: Array
    emg_error: Array | None = None


@dataclass(kw_only=True)
class RewardForm:
    """The form that the terms take; what is handed to a term has its lists as arrays."""

    kernel: str = key("Of the elbow and paw errors.", KERNELS)
    sigma_mm: list[float] = key(
        "Widths of the exp kernel: wide ones guide from far, narrow ones keep tenths of a millimetre worth something.",
        Range("at least one width, each above 0", lambda widths: widths and all(0 < s < math.inf for s in widths)),
        "mm",
    )
    effort: str = key("Of the forces.", EFFORTS)


@KERNELS.add
def exp(distance_mm: Array, sigma_mm: Array) -> Array:
    """Mean of e^(-d/s) over the widths s, 1 on the target, 0 far away; for distances d, (N,) in mm.

    Wide kernels guide from far, narrow ones keep the last tenths of a millimetre worth something.
    """
    xp = namespace(distance_mm)
    return xp.sum(xp.exp(-distance_mm[:, None] / sigma_mm), axis=1) / len(sigma_mm)


@KERNELS.add
def squared(distance_mm: Array, sigma_mm: Array) -> Array:
    """Minus the squared distance, m^2, of distances (N,) in mm; the widths play no part."""
    return -namespace(distance_mm).square(1e-3 * distance_mm)


def effort_mean(step: Step) -> Array:
    """Minus the mean over actuators of (force / peak force)^2, so that a weight means the same for any actuators."""
    xp = namespace(step.paw_mm)
    return -xp.mean(xp.square(step.after.force / step.peak_force), axis=1)


def effort_sum(step: Step) -> Array:
    """Minus the sum of absolute forces, in the actuators' units."""
    xp = namespace(step.paw_mm)
    return -xp.sum(xp.abs(step.after.force), axis=1)


def effort_excitation(step: Step) -> Array:
    """Minus the mean over actuators of squared excitation (of motors, control): what optimal control weighs."""
    xp = namespace(step.paw_mm)
    return -xp.mean(xp.square(step.after.ctrl), axis=1)


EFFORTS.add(effort_mean, "mean")
EFFORTS.add(effort_sum, "sum")
EFFORTS.add(effort_excitation, "excitation")


@REWARDS.add
def elbow(step: Step, form: RewardForm) -> Array:
    """Kernel of the elbow's error; the weight is its part of `reward.w_bone_diff`."""
    return KERNELS[form.kernel](step.elbow_mm, form.sigma_mm)


@REWARDS.add
def paw(step: Step, form: RewardForm) -> Array:
    """Kernel of the paw's error; the weight is its part of `reward.w_bone_diff`."""
    return KERNELS[form.kernel](step.paw_mm, form.sigma_mm)


@REWARDS.add
def effort(step: Step, form: RewardForm) -> Array:
    """Minus the effort of the actuators, in the form of `reward.effort`."""
    return EFFORTS[form.effort](step)


@REWARDS.add
def emg(step: Step, form: RewardForm) -> Array:
    """Minus the mean over channels of squared differences of muscles from the EMG of `kinematics.emg`; 0 where none."""
    assert step.emg_error is not None
    return -step.emg_error


@REWARDS.add
def qvel(step: Step, form: RewardForm) -> Array:
    """Minus the squared change of the joint velocities over the step, (rad/s)^2."""
    return -_squared_length(step.after.qvel - step.before.qvel)


@REWARDS.add
def qpos(step: Step, form: RewardForm) -> Array:
    """Minus the squared change of the joint positions over the step, rad^2."""
    return -_squared_length(step.after.qpos - step.before.qpos)


@REWARDS.add
def action(step: Step, form: RewardForm) -> Array:
    """Minus the squared change of the controls over the step."""
    return -_squared_length(step.after.ctrl - step.before.ctrl)


def _squared_length(change: Array) -> Array:
    xp = namespace(change)
    return xp.sum(xp.square(change), axis=1)


class Reward:
    """The weighted terms of a configuration.

    reward = w_bone_diff (w_elbow elbow + w_paw paw) / (w_elbow + w_paw) + w_effort effort + w_qvel qvel + ... Terms of
    weight 0 are not computed.
    """

    def __init__(self, config: Any, as_array: Callable[[Sequence[float]], Array] = np.asarray):
        """Weigh the terms by a ``RewardConfig``: a `RewardForm` with the weights ``w_``.

        ``as_array`` makes arrays of the kind of those in a `Step`.
        """
        share = config.w_bone_diff / (config.w_elbow + config.w_paw)
        weights = {name: getattr(config, f"w_{name}") for name in REWARDS}
        weights |= {"elbow": share * config.w_elbow, "paw": share * config.w_paw}
        self.form: RewardForm = copy.copy(config)
        self.form.sigma_mm = as_array(config.sigma_mm)
        self._nothing = as_array([0.0])
        self.by_name = {name: REWARDS[name] for name, weight in weights.items() if weight > 0}
        self.weights: dict[str, float] = {name: weights[name] for name in self.by_name}

    def terms(self, step: Step) -> dict[str, Array]:
        """Unweighted value of each term that counts, (N,) each."""
        return {name: term(step, self.form) for name, term in self.by_name.items()}

    def total(self, terms: dict[str, Array]) -> Array:
        """Weighted sum of the result of ``terms``, (N,)."""
        return sum((self.weights[name] * value for name, value in terms.items()), start=self._nothing)
