"""Results of single reaches, what each asks of the paw, mean errors by kind, and the arm whose millimetres they are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mousearm.stats import spread

if TYPE_CHECKING:
    from mousearm.config import Config
    from mousearm.model import Arm

SPLITS = ("train", "test")  # in the order in which tables have them
# The lower and the upper end of each axis x, y, z of the world, as seen by the animal.
REACH_DIRECTIONS = ("left", "right", "back", "forward", "down", "up")
# What stands beside an error to targets that have noise.
NOISE = {
    "floor": "targets known to",  # how far noise is expected to have moved them
    "expected": "expected to truth",  # the error to where they may be without it, by `noise.possible_truths`
    "truth": "to the truth",  # that error, where the truth is known
    "recorded": "to the recording",  # the error to the positions before a filter
}
UNCERTAIN = "expected_sd"  # beside these: the standard deviation by which ``expected`` may be wrong by chance
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
class Means:
    """Mean distances, mm."""

    paw: float
    elbow: float


@dataclass(frozen=True, slots=True)
class Interval:
    """Interval of a mean over repeats, mm: its 95 % interval, of fewer than five repeats their range; see `spread`."""

    low: float
    high: float

    @property
    def half(self) -> float:
        """Half its width."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True)
class Repeats:
    """Intervals of mean errors, where the same was repeated with other noise."""

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


@dataclass(frozen=True, slots=True)
class ErrorScale:
    """The arm in whose millimetres errors are given, and how reaches were fitted to it."""

    model: str  # the file's name
    retarget: str  # ``kinematics.retarget``
    fit: str  # ``model.fit``: ``none`` or ``animal``
    upper_arm_mm: float  # length of the arm's upper arm
    forearm_mm: float  # of its forearm, at the rest pose

    @staticmethod
    def of(config: "Config", arm: "Arm") -> "ErrorScale":
        """The scale of a configuration and the arm that was built of it."""
        upper_arm, forearm = arm.segment_lengths()
        return ErrorScale(arm.name, config.kinematics.retarget, config.model.fit, 1e3 * upper_arm, 1e3 * forearm)

    def text(self) -> str:
        """One line of text."""
        whose = "animal" if self.fit == "animal" else "model"
        return f"millimetres of the {whose} (upper arm {self.upper_arm_mm:.2f}, forearm {self.forearm_mm:.2f} mm)"


@dataclass(frozen=True, slots=True)
class OtherEngine:
    """Mean errors in the engine that a network was trained in, where that is not MuJoCo, which is the judge."""

    engine: str
    splits: dict[str, Means]  # of ``train`` and ``test``, mm


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
