"""Measuring trials: from what the arm did to the errors of an evaluation."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

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
from mousearm.kinematics.noise import noise_spectrum, spectrum, windows
from mousearm.trajectory import ELBOW, FOLLOWED, PAW, Trial, errors_mm, hold

if TYPE_CHECKING:
    from mousearm.retarget import Reference

_LEAST_FLOOR_MM = 1e-3  # less is the rounding of files
_MEAN_OF_RMS = float(np.sqrt(8 / (3 * np.pi)))  # of the length of normal noise in space
_WIDER, _WIDEST = 1.35, 10.0  # bands of oscillations: of one to the next, and of the last
# The gain is found in the same frames, which adds to the variance by chance; and a noise's variance may be wrong by a
# share. With these two, 91 to 95 % of errors of synthetic reaches are within two standard deviations (docs/results.md).
_GAIN_TOO, _UNSURE = 1.5, 0.25
_AROUND = 11  # frames that an error is a mean of where an arm errs more or less
_NO_POWER = 1e-18  # mm^2, of an oscillation that targets do not have


class Expected(NamedTuple):
    """Expected value of a distance, mm."""

    mean: float
    sd: float  # by which it may be wrong


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
        noise_mm=_mean_noise_mm(repeats, reference) if reference else {},
        excitation=float(np.mean(squared)) if squared else None,
        repeats=_repeats(errors),
    )


def _repeats(errors: np.ndarray) -> Repeats | None:
    """Intervals of the means over errors, (repeats, steps, 3) mm."""
    means = errors.mean(axis=1)
    return Repeats.of(means[:, PAW].tolist(), means[:, ELBOW].tolist())


def _mean_noise_mm(repeats: Sequence[Trial], reference: "Reference") -> dict[str, Means]:
    """Effect of the targets' noise on a reach: means over the repeats that have it."""
    found = [_noise_mm(trial, reference) for trial in repeats]
    every = found[0].keys() if all(one.keys() == found[0].keys() for one in found) else ()
    return {
        name: Means(*np.mean([(one[name].paw, one[name].elbow) for one in found], axis=0).tolist()) for name in every
    }


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


def _pool(errors: np.ndarray) -> dict[str, Errors]:
    """Errors of paw and elbow over all repeats and steps, (repeats, steps, 3) mm."""
    return {"paw_mm": Errors.of(errors[..., PAW].ravel()), "elbow_mm": Errors.of(errors[..., ELBOW].ravel())}


def error_without_noise(
    points: np.ndarray, targets: np.ndarray, floor_mm: float, noise: Callable[[int], np.ndarray]
) -> Expected:
    """Expected mean distance of points (T, 3) from targets (T, 3), both m, if these were without their noise.

    With a the arm, x = s + n its targets, s without noise, E|a - s|^2 = E|a - x|^2 - E|n|^2 + 2 E[a n]. Oscillation by
    oscillation of `spectrum` the arm follows its targets by a gain G, and their noise as well: E[a n] = sum(G N). The
    noise has the spectrum N: that of ``noise(T)``, (T,), in T frames, with the floor's mean square. G = sum(a x) /
    sum(x^2) over a band: an oscillation alone where the movement is, and up to ten where noise is alike.
    Squares are changed by that everywhere alike, and become distances where they are: an arm errs in parts of a reach.
    """
    errors = 1e3 * np.linalg.norm(points - targets, axis=1)
    parts = [*zip(*(windows(1e3 * rows[:, None]) for rows in (points, targets)), strict=True)]
    changes, variances = zip(*(_change(a, x, floor_mm, noise(len(x))) for a, x in parts), strict=True)
    lengths, around = [len(x) for _, x in parts], np.ones(min(_AROUND, len(errors)))
    local = np.convolve(np.square(errors), around, "same") / np.convolve(np.ones(len(errors)), around, "same")
    root, after = np.sqrt(local).mean(), np.maximum(local + np.repeat(changes, lengths), 0)
    mean_of_root = errors.mean() / root if root > 0 else _MEAN_OF_RMS
    uncertain = np.sqrt(np.dot(np.square(lengths), variances)) / len(errors)  # mm^2
    expected = mean_of_root * np.sqrt(after).mean()
    return Expected(float(expected), float(uncertain / (2 * np.sqrt(after.mean()) + np.sqrt(uncertain) + _NO_POWER)))


def _change(a: np.ndarray, x: np.ndarray, floor_mm: float, noise: np.ndarray) -> tuple[float, float]:
    """What E|a - s|^2 has more than E|a - x|^2, mm^2, and its variance: a and x (T, 1, 3) mm, noise (T,) of any size.

    With e = a - x and r = e + (1 - G) n, which has none of the noise, it is the mean of 2 e n + n^2 = 2 r n + (2 G - 1)
    n^2: normal noise gives it the variance sum(4 r^2 N + 2 (2 G - 1)^2 N^2) over oscillations and axes.
    """
    bands, n = _bands(len(x)), len(x)
    sizes = np.diff([*bands, n])
    own, missed, sums = (np.add.reduceat(spectrum(of)[:, 0], bands) / sizes for of in (x, a - x, a + x))
    gain = (sums - missed) / 4 / (own + _NO_POWER)
    level = np.add.reduceat(noise, bands) / sizes / noise.mean() * (floor_mm / _MEAN_OF_RMS) ** 2 / 3
    change = 3 * (sizes * (2 * gain - 1) * level).sum() / n
    without = np.maximum(missed - np.square(1 - gain) * level, 0)
    by_chance = 3 * (sizes * level * (4 * without + 2 * np.square(2 * gain - 1) * level)).sum() / n**2
    return float(change), float(_GAIN_TOO * by_chance + np.square(_UNSURE * change))


@cache
def _bands(n: int) -> np.ndarray:
    """First indices of bands of n oscillations, from slow to fast: 1 wide at first, then wider and wider."""
    first, width = [0], 1.0
    while first[-1] + round(width) + round(min(_WIDEST, width * _WIDER)) / 2 < n:
        first.append(first[-1] + round(width))
        width = min(_WIDEST, width * _WIDER)
    return np.array(first)
