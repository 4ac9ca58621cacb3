"""Measuring trials: from what the arm did to the errors of an evaluation."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.results import (
    SPLITS,
    UNCERTAIN,
    Errors,
    ErrorScale,
    Means,
    PawMovement,
    ReachResult,
    Repeats,
)
from mousearm.trajectory import ELBOW, FOLLOWED, PAW, Trial, errors_mm, hold

if TYPE_CHECKING:
    from mousearm.retarget import Reference


def evaluate_trials(
    trials: Sequence[Trial], scale: ErrorScale, references: Mapping[str, "Reference"] | None = None
) -> Evaluation:
    """Measure the trials of a rollout, each with its split and its effort, perhaps several of a reach.

    Errors count from frame 1 to the last; in frame 0 the arm is placed on the target. An arm that diverged counts as
    frozen in its last good frame until the end, so that diverging never looks like following. ``references`` of the
    reaches, by name, know the noise of the targets.
    Several trials of a reach, as many of each, in the same order, are repeats with noise; all of their steps count.
    """
    by_name: dict[str, list[Trial]] = {}
    for trial in trials:
        by_name.setdefault(trial.name, []).append(trial)
    results, collected = [], {split: [] for split in SPLITS}
    for name, repeats in by_name.items():
        errors = np.stack([_errors_mm(trial) for trial in repeats])  # (repeats, T - 1, 3)
        results.append(_measure(repeats, errors, references[name] if references else None))
        collected[repeats[0].split].append(errors)
    pooled = {split: np.concatenate(errors, axis=1) for split, errors in collected.items() if errors}
    known = {split: _repeats(errors) for split, errors in pooled.items()}
    return Evaluation(
        scale,
        results,
        {split: _pool(errors) for split, errors in pooled.items()},
        repeats={split: repeats for split, repeats in known.items() if repeats is not None},
    )


def _errors_mm(trial: Trial) -> np.ndarray:
    """(T - 1, 3) distances of shoulder, elbow and paw from frame 1 on, mm."""
    return errors_mm(hold(trial.landmarks, trial.n_frames), trial.targets)[1:]


def _measure(repeats: Sequence[Trial], errors: np.ndarray, reference: "Reference | None") -> ReachResult:
    """The result of one reach from its repeats and their errors, (repeats, T - 1, 3) mm."""
    trial, n = repeats[0], repeats[0].n_frames
    of_both = _pool(errors)
    effort = np.mean([hold(one.effort, n)[1:].mean() for one in repeats])
    squared = [one for one in map(mean_squared_control, repeats) if one is not None]
    return ReachResult(
        name=trial.name,
        split=trial.split,
        steps=n - 1,
        completed=not any(one.diverged for one in repeats),
        **of_both,
        effort=float(effort),
        movement=PawMovement.of(trial.targets[:, PAW], trial.dt),
        noise_mm=_noise_mm(repeats, reference) if reference else {},
        excitation=float(np.mean(squared)) if squared else None,
        repeats=_repeats(errors),
    )


def _repeats(errors: np.ndarray) -> Repeats | None:
    """Intervals of the means over errors, (repeats, steps, 3) mm."""
    means = errors.mean(axis=1)
    return Repeats.of(means[:, PAW].tolist(), means[:, ELBOW].tolist())


def mean_squared_control(trial: Trial) -> float | None:
    """Effort u^2: mean over steps and actuators of squared controls, of a muscle its excitation; None if unknown."""
    controls = hold(trial.ctrl, trial.n_frames)[1:]
    return float(np.square(controls).mean()) if controls.size else None


def _noise_mm(repeats: Sequence[Trial], reference: "Reference") -> dict[str, Means]:
    """Effect of the targets' noise on a reach, over its repeats; nothing of it where it is not known.

    The error to the truth is that to each movement that may be the true one: they give its mean and its uncertainty.
    """
    points = np.stack([hold(trial.landmarks, trial.n_frames)[1:, FOLLOWED] for trial in repeats])
    found, truths = {}, reference.truths
    if truths is not None:
        targets = repeats[0].targets[1:, FOLLOWED]
        errors = np.mean([errors_mm(one, truths[:, 1:]).mean(axis=1) for one in points], axis=0)  # (N, 2)
        floor = errors_mm(targets, truths[:, 1:]).mean(axis=(0, 1))
        found = {"floor": floor, "expected": errors.mean(axis=0), UNCERTAIN: errors.std(axis=0)}
    found |= {name: errors_mm(points, other[1:]).mean(axis=(0, 1)) for name, other in reference.versions.items()}
    return {name: Means(paw=float(paw), elbow=float(elbow)) for name, (elbow, paw) in found.items()}


def _pool(errors: np.ndarray) -> dict[str, Errors]:
    """Errors of paw and elbow over all repeats and steps, (repeats, steps, 3) mm."""
    return {"paw_mm": Errors.of(errors[..., PAW].ravel()), "elbow_mm": Errors.of(errors[..., ELBOW].ravel())}
