"""Cut a recording into reaches by the speed of the paw."""

from collections import Counter
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.kinematics.imports.cleaning import low_pass, runs
from mousearm.kinematics.imports.markers import MarkerTrajectory
from mousearm.trajectory import PAW

DETECTION_HZ = 20.0
"""Cut-off below which the speed is looked at, so that noise starts no reach; the reaches themselves are not changed."""


@dataclass(frozen=True, slots=True)
class CutRule:
    """Definition of a reach by the paw's speed.

    The paw moves where it is faster than ``rest_speed``. Movements with less than ``pause_ms`` between them are one.
    Those that reach ``peak_speed`` and last ``min_ms`` to ``max_ms`` are reaches; ``pad_ms`` are kept at both ends.
    The published reaches have peaks of 0.17 to 0.36 m/s and last 0.1 to 0.6 s.

    Raises:
        KinematicsError: a number is out of its range.
    """

    peak_speed: float = 0.12  # m/s
    rest_speed: float = 0.03  # m/s
    pause_ms: float = 100.0
    pad_ms: float = 50.0
    min_ms: float = 80.0
    max_ms: float = 1500.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not (0 <= value < np.inf and (value > 0 or field.name == "pad_ms")):
                raise KinematicsError(f"{_option(field.name)} {value:g}: give a number above 0.")
        self._check_order("rest_speed", "peak_speed")
        self._check_order("min_ms", "max_ms")
        if 2 * self.pad_ms > self.pause_ms:
            raise KinematicsError(
                f"--pad-ms {self.pad_ms:g} at both ends is more than --pause-ms {self.pause_ms:g}, so reaches would "
                "overlap. Give at most half of the pause."
            )

    def _check_order(self, low: str, high: str) -> None:
        if getattr(self, low) >= getattr(self, high):
            raise KinematicsError(
                f"{_option(low)} {getattr(self, low):g} must be below {_option(high)} {getattr(self, high):g}."
            )


class Cut(NamedTuple):
    """Reaches of a markers.

    Attributes:
        reaches: their frames.
        left_out: why movements are not among them, with their numbers.
        peak_speed: the highest speed of the paw that was seen [m/s].
    """

    reaches: list[slice]
    left_out: Counter[str]
    peak_speed: float


def cut_reaches(markers: MarkerTrajectory, rule: CutRule) -> Cut:
    """Find the reaches of a session without gaps.

    A movement without ``pad_ms`` of rest before and after it is left out: the session may hold a part of it only.

    Args:
        markers: in metres, without gaps and long enough to filter.
        rule: what a reach is.
    """
    speed = paw_speed(markers)
    pad = round(1e-3 * rule.pad_ms * markers.rate)
    reaches, left_out = [], Counter[str]()
    for movement in _join(runs(speed > rule.rest_speed), 1e-3 * rule.pause_ms * markers.rate):
        whole = pad < movement.start and movement.stop + pad < len(speed)
        milliseconds = 1e3 * (movement.stop - movement.start) / markers.rate
        if speed[movement].max() < rule.peak_speed:
            left_out[f"slower than {rule.peak_speed:g} m/s"] += 1
        elif not whole:
            left_out["cut off by a gap or an end of the recording"] += 1
        elif milliseconds < rule.min_ms:
            left_out[f"shorter than {rule.min_ms:g} ms"] += 1
        elif milliseconds > rule.max_ms:
            left_out[f"longer than {rule.max_ms:g} ms"] += 1
        else:
            reaches.append(slice(movement.start - pad, movement.stop + pad))
    return Cut(reaches, left_out, float(speed.max()))


def paw_speed(markers: MarkerTrajectory) -> np.ndarray:
    """Speed of the paw (T,) [m/s] below `DETECTION_HZ`, or below a fifth of the rate where that is less."""
    paw = low_pass(markers, min(DETECTION_HZ, 0.2 * markers.rate))[:, PAW]
    return np.linalg.norm(np.gradient(paw, 1 / markers.rate, axis=0), axis=1)


def _join(movements: list[slice], pause: float) -> list[slice]:
    """Movements with those joined between which there are fewer frames than the pause."""
    joined: list[slice] = []
    for movement in movements:
        if joined and movement.start - joined[-1].stop < pause:
            joined[-1] = slice(joined[-1].start, movement.stop)
        else:
            joined.append(movement)
    return joined


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
