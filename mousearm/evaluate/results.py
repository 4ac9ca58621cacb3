"""Results of single reaches, what each asks of the paw, how far noise hides what is true, and mean errors by kind."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np

from mousearm.kinematics.noise import spectrum, windows
from mousearm.stats import spread

SPLITS = ("train", "test")  # in the order in which tables have them
# The lower and the upper end of each axis x, y, z of the world, as seen by the animal.
REACH_DIRECTIONS = ("left", "right", "back", "forward", "down", "up")
# What stands beside an error to targets that have noise.
NOISE = {
    "floor": "targets known to",  # how far noise is expected to have moved them
    "expected": "expected to truth",  # the error to where they would be without it, by `error_without_noise`
    "truth": "to the truth",  # that error, where the truth is known
    "recorded": "to the recording",  # the error to the positions before a filter
}
UNCERTAIN = "expected_sd"  # beside these: the standard deviation by which ``expected`` may be wrong
_FEWEST = 6  # with fewer reaches a third of them says nothing
_MEAN_OF_RMS = float(np.sqrt(8 / (3 * np.pi)))  # of the length of normal noise in space
_WIDER, _WIDEST = 1.35, 10.0  # bands of oscillations: of one to the next, and of the last
# The gain is found in the same frames, which adds to the variance by chance; and a noise's variance may be wrong by a
# share. With these two, 96 % of 768 errors in 384 synthetic reaches are within two standard deviations of the truth.
_GAIN_TOO, _UNSURE = 1.5, 0.25
_AROUND = 11  # frames that an error is a mean of where an arm errs more or less
_NO_POWER = 1e-18  # mm^2, of an oscillation that targets do not have


@dataclass(frozen=True, slots=True)
class Errors:
    """Distance from the target over the steps of one or several reaches, mm."""

    mean: float
    rms: float
    max: float

    @staticmethod
    def of(distances_mm: np.ndarray) -> "Errors":
        """Summarise (n,) distances in mm."""
        rms = float(np.sqrt(np.square(distances_mm).mean()))
        return Errors(float(distances_mm.mean()), rms, float(distances_mm.max()))


@dataclass(frozen=True, slots=True)
class Means:
    """Mean distances, mm."""

    paw: float
    elbow: float


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a mean over repeats lies, mm: its 95 % interval, of fewer than five repeats their range; see `spread`."""

    low: float
    high: float

    @property
    def half(self) -> float:
        """Half its width."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True)
class Repeats:
    """How far mean errors are known, where the same was repeated with other noise."""

    n: int
    paw_mm: Interval
    elbow_mm: Interval

    @staticmethod
    def of(paw_mm: Sequence[float], elbow_mm: Sequence[float]) -> "Repeats | None":
        """Summarise the mean errors of each repeat, mm; None for a single one."""
        elbow, paw = spread(tuple(elbow_mm)), spread(tuple(paw_mm))
        return Repeats(paw.n, Interval(paw.low, paw.high), Interval(elbow.low, elbow.high)) if paw.n > 1 else None


@dataclass(frozen=True, slots=True)
class PawMovement:
    """Demands of a reach on the paw, with the way from the first target to the farthest from it."""

    distance_mm: float  # of that way
    peak_speed_m_s: float  # of the target, by central differences
    direction: str  # the one of ``REACH_DIRECTIONS`` that is nearest to that way

    @staticmethod
    def of(paw: np.ndarray, dt: float) -> "PawMovement":
        """Measure paw targets, (T, 3) metres in the world frame (z up), dt seconds apart."""
        offsets = paw - paw[0]
        distances = np.linalg.norm(offsets, axis=1)
        way = offsets[distances.argmax()]
        axis = int(np.abs(way).argmax())
        speed = np.linalg.norm(np.gradient(paw, dt, axis=0), axis=1).max()
        return PawMovement(float(1e3 * distances.max()), float(speed), REACH_DIRECTIONS[2 * axis + int(way[axis] > 0)])


@dataclass(frozen=True, slots=True)
class ReachResult:
    """Errors over all steps of one reach, after a divergence those of the last good frame, and its effort.

    Where the reach was repeated, with noise, they are over all steps of all repeats.
    """

    name: str
    split: str  # ``train`` or ``test``
    steps: int  # of control
    completed: bool  # whether the simulation lived to the end
    paw_mm: Errors
    elbow_mm: Errors
    effort: float  # mean over steps and actuators of (force / peak force)^2
    movement: PawMovement
    noise_mm: dict[str, Means] = field(default_factory=dict)  # by names of `NOISE` and `UNCERTAIN`, as far as known
    excitation: float | None = None  # mean over steps and actuators of squared excitation (of motors: control), u^2
    repeats: Repeats | None = None


class Expected(NamedTuple):
    """What is expected of a distance, mm."""

    mean: float
    sd: float  # by which it may be wrong


class Category(NamedTuple):
    """Reaches of similar distance, peak speed or direction."""

    by: str  # ``distance``, ``peak speed`` or ``direction``
    kind: str  # the range or the direction, such as ``4.1 to 6.3 mm``
    splits: dict[str, dict[str, float]]  # of ``train`` and ``test``: number of reaches, ``paw_mm`` and ``elbow_mm``


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
    """Where bands of n oscillations, from slow to fast, begin: 1 wide at first, then wider and wider."""
    first, width = [0], 1.0
    while first[-1] + round(width) + round(min(_WIDEST, width * _WIDER)) / 2 < n:
        first.append(first[-1] + round(width))
        width = min(_WIDEST, width * _WIDER)
    return np.array(first)


def breakdown(results: Sequence[ReachResult]) -> list[Category]:
    """Group reaches by distance and peak speed, in thirds, and by direction; none for fewer than six reaches."""
    if len(results) < _FEWEST:
        return []
    movements = [result.movement for result in results]
    labels = {
        "distance": _thirds([movement.distance_mm for movement in movements], "{:.1f} to {:.1f} mm"),
        "peak speed": _thirds([movement.peak_speed_m_s for movement in movements], "{:.2f} to {:.2f} m/s"),
        "direction": [(REACH_DIRECTIONS.index(movement.direction), movement.direction) for movement in movements],
    }
    found = []
    for by, of_reach in labels.items():
        for label in sorted({*of_reach}):
            same = [result for result, of_result in zip(results, of_reach, strict=True) if of_result == label]
            by_split = {split: [result for result in same if result.split == split] for split in SPLITS}
            found.append(Category(by, label[1], {split: _mean(some) for split, some in by_split.items() if some}))
    return found


def _mean(results: Sequence[ReachResult]) -> dict[str, float]:
    """Number of results, and their mean errors over all steps."""
    steps = [result.steps for result in results]
    points = ("paw_mm", "elbow_mm")
    means = {key: float(np.average([getattr(result, key).mean for result in results], weights=steps)) for key in points}
    return {"reaches": len(results), **means}


def _thirds(values: Sequence[float], text: str) -> list[tuple[int, str]]:
    """For each value the number and the range of the third that it lies in; equal values lie in one."""
    array = np.asarray(values)
    third = np.searchsorted(np.quantile(array, [1 / 3, 2 / 3]), array)
    return [(int(i), text.format(array[third == i].min(), array[third == i].max())) for i in third]
