"""Measuring trials: from what the arm did to the errors of an evaluation."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mousearm.evaluate.evaluation import ErrorScale, Evaluation
from mousearm.evaluate.results import (
    SPLITS,
    UNCERTAIN,
    Errors,
    Means,
    PawMovement,
    ReachResult,
    error_without_noise,
)
from mousearm.kinematics.noise import noise_spectrum
from mousearm.trajectory import ELBOW, FOLLOWED, PAW, Trial, errors_mm, hold

if TYPE_CHECKING:
    from mousearm.retarget import Reference

_LEAST_FLOOR_MM = 1e-3  # less is the rounding of files


def evaluate_trials(
    trials: Sequence[Trial], scale: ErrorScale, references: Mapping[str, "Reference"] | None = None
) -> Evaluation:
    """Measure the trials of a rollout, one per reach, each with its split and its effort.

    Errors count from frame 1 to the last; in frame 0 the arm is placed on the target. An arm that diverged counts as
    frozen in its last good frame until the end, so that diverging never looks like following. ``references`` of the
    reaches, by name, know the noise of the targets.
    """
    results, collected = [], {split: [] for split in SPLITS}
    for trial in trials:
        n = trial.n_frames
        errors = errors_mm(hold(trial.landmarks, n), trial.targets)[1:]
        elbow, paw = errors[:, ELBOW], errors[:, PAW]
        of_paw, of_elbow, effort = Errors.of(paw), Errors.of(elbow), float(hold(trial.effort, n)[1:].mean())
        movement = PawMovement.of(trial.targets[:, PAW], trial.dt)
        noise = _noise_mm(trial, references[trial.name]) if references else {}
        known = (trial.name, trial.split, n - 1, not trial.diverged)
        results.append(ReachResult(*known, of_paw, of_elbow, effort, movement, noise, mean_squared_control(trial)))
        collected[trial.split].append((elbow, paw))
    return Evaluation(scale, results, {split: _pool(errors) for split, errors in collected.items() if errors})


def mean_squared_control(trial: Trial) -> float | None:
    """Effort u^2: mean over steps and actuators of squared controls, of a muscle its excitation; None if unknown."""
    controls = hold(trial.ctrl, trial.n_frames)[1:]
    return float(np.square(controls).mean()) if controls.size else None


def _noise_mm(trial: Trial, reference: "Reference") -> dict[str, Means]:
    """The part of a result that noise of the targets has; nothing where it is not known, or below a micrometre."""
    floor, found = reference.noise_floor_mm, {}
    if not trial.diverged and floor and reference.recorded and min(floor.values()) >= _LEAST_FLOOR_MM:
        rate, cutoff = reference.recorded
        found["floor"] = Means(floor["paw"], floor["elbow"])
        points, targets = trial.landmarks[1:], trial.targets[1:]
        at = {"elbow": ELBOW, "paw": PAW}
        noise = partial(noise_spectrum, dt=trial.dt, rate=round(rate, 1), cutoff=cutoff)
        expected = {
            name: error_without_noise(points[:, i], targets[:, i], floor[name], noise) for name, i in at.items()
        }
        found["expected"], found[UNCERTAIN] = (Means(**{name: of[i] for name, of in expected.items()}) for i in (0, 1))
    for name, other in reference.versions.items():
        elbow, paw = errors_mm(hold(trial.landmarks, trial.n_frames)[:, FOLLOWED], other)[1:].mean(axis=0).tolist()
        found[name] = Means(paw, elbow)
    return found


def _pool(errors: Sequence[tuple[np.ndarray, np.ndarray]]) -> dict[str, Errors]:
    elbow, paw = (np.concatenate(column) for column in zip(*errors, strict=True))
    return {"paw_mm": Errors.of(paw), "elbow_mm": Errors.of(elbow)}
