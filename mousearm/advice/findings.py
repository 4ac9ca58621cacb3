"""Findings on the reaches at hand: their properties, and what they ask of motors and muscles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mousearm.config import Config, ModelConfig, compose
from mousearm.env.references import reach_files, with_lengths
from mousearm.errors import KinematicsError
from mousearm.inverse_kinematics import PoseCache
from mousearm.kinematics import Reach, Split, resample
from mousearm.kinematics.noise import FILTER_FRAMES, Cutoffs, compare_cutoffs, low_pass
from mousearm.mechanics import motions_of
from mousearm.model import load_arm
from mousearm.model.muscles import muscles_of
from mousearm.model_check.strength import MAX_RESIDUAL, strength
from mousearm.paths import PACKAGE, cache_folder
from mousearm.reach_check import Checked, ReachCheck, check_reaches
from mousearm.retarget import retarget
from mousearm.setup import Setup
from mousearm.trajectory import PAW

MOST_LOOKED_AT = 8  # reaches whose demands on the actuators are computed, the fastest among them
MOST_LACKING = 0.05  # share of a reach's frames in which the actuators may lack torque
BASELINE_MM = 0.5  # mean error of the baseline from which a reach is beyond an arm


class Demand(NamedTuple):
    """Demands of a reach on an arm."""

    reach: str
    lacking: float  # share of the frames in which no set of controls gives the torque that the movement takes
    baseline_mm: float  # mean paw error of the controller ``cmc``, which needs no training

    @property
    def is_beyond(self) -> bool:
        """True if the arm cannot move like that."""
        return self.lacking > MOST_LACKING and self.baseline_mm > BASELINE_MM


class Ability(NamedTuple):
    """Abilities of the actuators of an arm."""

    kind: str  # ``motors`` or ``muscles``
    demands: list[Demand]  # of the reaches that were looked at, in their order

    @property
    def baseline_mm(self) -> float:
        """Mean over these reaches."""
        return float(np.mean([demand.baseline_mm for demand in self.demands]))


@dataclass(frozen=True, slots=True)
class Findings:
    """Properties of the reaches of a configuration."""

    check: ReachCheck
    good: list[Checked]  # that can be trained on
    n_animals: int  # as folders or a manifest say; 0 where they do not
    n_sessions: int
    cutoffs: Cutoffs  # what low-pass filters would do for them
    abilities: list[Ability]  # of motors and of muscles, where the arm is one that ships

    @property
    def noise_mm(self) -> float:
        """Median standard deviation per axis of the paw's noise; NaN where frames are too few."""
        return float(np.median([item.measures.noise_mm for item in self.good if item.measures]))

    @property
    def floor_mm(self) -> float:
        """Mean distance that noise is expected to have moved the paw's targets by; NaN where it is not known."""
        floors = [item.reference.noise_floor_mm[1] for item in self.good if item.reference]
        return float(np.mean(floors))

    @property
    def cutoff(self) -> float | None:
        """Cut-off [Hz] of the filter that brings points nearest to the truth; None where none is worth it."""
        return self.cutoffs.hz[self.cutoffs.best] if np.isfinite(self.cutoffs.errors_mm).all() else None

    @property
    def is_muscular(self) -> bool:
        """True if the configured arm has muscles."""
        return len(muscles_of(self.check.arm)) > 0


def look_at(config: Config) -> Findings:
    """Look at every reach of a configuration, and at what some of them ask of the actuators.

    Raises:
        KinematicsError: there is no reach, or none that can be trained on; the text is that of a run.
        ConfigError, ModelError: the arm cannot be built.
    """
    check = check_reaches(config)
    good = [item for item in check.checked if not item.refusal]
    if not good:
        raise KinematicsError(check.refused[0].refusal)
    names = {item.name for item in good}
    mine = [file for file in reach_files(config) if file.name in names]
    reaches = [item.reach for item in good if item.reach]
    cutoffs = compare_cutoffs([(points, rate, noise) for points, rate, noise in (reach.tracked for reach in reaches)])
    hz = cutoffs.hz[cutoffs.best] if np.isfinite(cutoffs.errors_mm).all() else None
    chosen = [_filtered(item.reach, hz) for item in some_of(good) if item.reach]
    kinds = models_to_compare(config.model, len(muscles_of(check.arm)) > 0)
    abilities = [Ability(kind, _demands(replace(config, model=model), chosen)) for kind, model in kinds.items()]
    animals, sessions = {file.animal for file in mine} - {""}, {file.session for file in mine} - {""}
    return Findings(check, good, len(animals), len(sessions), cutoffs, abilities)


def some_of(good: Sequence[Checked]) -> list[Checked]:
    """At most `MOST_LOOKED_AT` reaches, in their order: the fastest half of them, and others from slow to fast."""
    speeds = [item.measures.peak_speed if item.measures else 0.0 for item in good]
    order = np.argsort(speeds)[::-1]
    fastest, others = order[: MOST_LOOKED_AT // 2], order[MOST_LOOKED_AT // 2 :]
    spread = others[np.linspace(0, len(others) - 1, min(len(others), MOST_LOOKED_AT // 2)).round().astype(int)]
    return [good[i] for i in sorted([*fastest, *spread])]


def models_to_compare(model: ModelConfig, is_muscular: bool) -> dict[str, ModelConfig]:
    """Motors and muscles, where the model is one of those that ship, else the model alone."""
    if model.osim is not None or not (model.file or "").startswith(PACKAGE):
        return {"muscles" if is_muscular else "motors": model}
    fitted = {"fit": model.fit, "upper_arm_mm": model.upper_arm_mm, "forearm_mm": model.forearm_mm}
    other = replace(compose([f"model={'torque' if is_muscular else 'muscle'}"]).model, **fitted)
    return {"motors": other, "muscles": model} if is_muscular else {"motors": model, "muscles": other}


def _filtered(reach: Reach, hz: float | None) -> Reach:
    """A reach less its noise, which would ask for torque too, where a filter of a cut-off is worth it."""
    if hz is None or reach.n_frames <= FILTER_FRAMES:
        return reach
    return reach.moved(low_pass(reach.tracked[0], reach.rate, hz), cutoff=hz)


def _demands(config: Config, reaches: Sequence[Reach]) -> list[Demand]:
    """Demands of reaches on an arm."""
    model, dt = with_lengths(config.model, reaches), config.env.control_dt
    arm = load_arm(model)
    solve = PoseCache(arm, cache_folder()).solve
    lenient = replace(config.kinematics, max_residual_mm=math.inf)
    references = [retarget(resample(reach, dt), arm, dt, lenient, solve) for reach in reaches]
    lacking = (
        strength(arm, motions_of([of.qpos for of in references], dt)).relative_residual().max(axis=1) > MAX_RESIDUAL
    )
    shares = [part.mean() for part in np.split(lacking, np.cumsum([len(of.qpos) for of in references])[:-1])]
    names = [reference.name for reference in references]
    setup = Setup(replace(config, model=model), arm, references, Split([], names, {}), [])
    evaluator = setup.evaluator()
    _, trials = evaluator.evaluate(setup.controller("cmc", evaluator.task))
    errors = {trial.name: float(trial.mean_errors_mm[PAW]) for trial in trials}
    return [Demand(name, float(share), errors[name]) for name, share in zip(names, shares, strict=True)]
