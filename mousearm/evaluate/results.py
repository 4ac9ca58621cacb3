"""Results of single reaches, what each asks of the paw, and mean errors by distance, speed and direction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

SPLITS = ("train", "test")
"""Sides of the split, in the order in which tables have them."""

REACH_DIRECTIONS = ("left", "right", "back", "forward", "down", "up")
"""The lower and the upper end of each axis x, y, z of the world, as seen by the animal."""

_FEWEST = 6  # with fewer reaches a third of them says nothing


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


class Category(NamedTuple):
    """Reaches of similar distance, peak speed or direction."""

    by: str  # ``distance``, ``peak speed`` or ``direction``
    kind: str  # the range or the direction, such as ``4.1 to 6.3 mm``
    splits: dict[str, dict[str, float]]  # of ``train`` and ``test``: number of reaches, ``paw_mm`` and ``elbow_mm``


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
