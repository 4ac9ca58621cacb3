"""Results of single reaches, what each asks of the paw, how far noise hides what is true, and mean errors by kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from mousearm.kinematics.noise import spectrum

SPLITS = ("train", "test")  # in the order in which tables have them
# The lower and the upper end of each axis x, y, z of the world, as seen by the animal.
REACH_DIRECTIONS = ("left", "right", "back", "forward", "down", "up")
# What stands beside an error to targets that have noise.
NOISE = {
    "floor": "targets known to",  # how far noise is expected to have moved them
    "expected": "expected to the truth",  # the error to where they would be without it, by `error_without_noise`
    "truth": "to the truth",  # that error, where the truth is known
    "recorded": "to the recording",  # the error to the positions before a filter
}
_FEWEST = 6  # with fewer reaches a third of them says nothing
_MEAN_OF_RMS = float(np.sqrt(8 / (3 * np.pi)))  # of the length of normal noise in space
_BAND, _AS_MUCH = 10, 0.6  # oscillations that an arm follows alike; share of a level that chance may leave of it
_WINDOW = 128  # frames that are looked at together
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
    """Errors over all steps of one reach, after a divergence those of the last good frame, and its effort."""

    name: str
    split: str  # ``train`` or ``test``
    steps: int  # of control
    completed: bool  # whether the simulation lived to the end
    paw_mm: Errors
    elbow_mm: Errors
    effort: float  # mean over steps and actuators of (force / peak force)^2
    movement: PawMovement
    noise_mm: dict[str, Means] = field(default_factory=dict)  # by names of `NOISE`, without what is not known


class Category(NamedTuple):
    """Reaches of similar distance, peak speed or direction."""

    by: str  # ``distance``, ``peak speed`` or ``direction``
    kind: str  # the range or the direction, such as ``4.1 to 6.3 mm``
    splits: dict[str, dict[str, float]]  # of ``train`` and ``test``: number of reaches, ``paw_mm`` and ``elbow_mm``


def error_without_noise(points: np.ndarray, targets: np.ndarray, floor_mm: float) -> float:
    """Expected mean distance [mm] of points (T, 3) from targets (T, 3), both m, if these were without their noise.

    With a the arm, x = s + n its targets, s without noise, E|a - s|^2 = E|a - x|^2 - E|n|^2 + 2 E[a n]. In a band of
    oscillations of `spectrum` the arm follows its targets by the gain G = sum(a x) / sum(x^2), and their noise as well:
    E[a n] = sum(G N). The spectrum N of the noise has the floor's mean square, and one level wherever x has as much.
    """
    square, errors = 0.0, 1e3 * np.linalg.norm(points - targets, axis=1)
    both = (np.array_split(1e3 * rows[:, None], -(-len(rows) // _WINDOW)) for rows in (points, targets))
    for a, x in zip(*both, strict=True):
        n_bands = max(1, len(x) // _BAND)
        products = ((spectrum(a + x) - spectrum(a - x)) / 4, spectrum(x) + _NO_POWER)
        follows, power = (np.array([part.mean() for part in np.array_split(of, n_bands)]) for of in products)
        sizes = np.array([len(part) for part in np.array_split(x, n_bands)])
        noise = _noise_in(power, sizes, len(x) * (floor_mm / _MEAN_OF_RMS) ** 2 / 3)
        square += 3 * (sizes * (2 * follows / power - 1) * noise).sum()
    rms = np.sqrt(np.square(errors).mean())
    return float(errors.mean() / rms * np.sqrt(max(rms**2 + square / len(points), 0.0))) if rms > 0 else 0.0


def _noise_in(power: np.ndarray, sizes: np.ndarray, total: float) -> np.ndarray:
    """Noise in bands of these sizes: one level where there is as much power, else all the power; a total over all."""
    full = np.ones(len(power), dtype=bool)
    level = total / sizes.sum()
    while (lower := full & (power < _AS_MUCH * level)).any() and not (lower == full).all():
        full &= ~lower
        level = (total - (power * sizes)[~full].sum()) / sizes[full].sum()
    return np.where(full, level, power)


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
