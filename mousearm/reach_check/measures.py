"""Numbers of one reach as it was recorded, remarks on them, and how its joint angles lie in the arm's ranges."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mousearm.kinematics import Reach
from mousearm.kinematics.noise import noise_uncertainty
from mousearm.kinematics.synthetic import RECORDED_QPOS
from mousearm.model import Arm
from mousearm.trajectory import PAW

# What is remarked upon outside a range, with unit and range.
USUAL = (("the highest speed of the paw is", "m/s", 0.05, 0.5), ("it lasts", "s", 0.05, 5.0))
MOST_SPREAD = 0.05  # standard deviation of a segment's length, relative to its median
AT_LIMIT = 0.01  # a joint is at its limit where it is nearer to it than this part of its range
BEYOND = 0.05  # rad, by which a joint leaves the range of the recorded reaches


class SegmentLength(NamedTuple):
    """The length of a segment, which would be constant if points sat on joints and were seen without error."""

    median_mm: float
    spread_mm: float  # standard deviation over the frames
    drift_mm: float  # change from the first to the last frame along the line that fits best

    def __str__(self) -> str:
        drift = round(self.drift_mm, 2) + 0.0  # without the sign of a zero
        return f"{self.median_mm:.2f} ±{self.spread_mm:.2f} {drift:+.2f}"


@dataclass(frozen=True, slots=True)
class Measures:
    """Numbers of one reach as it was recorded."""

    n_frames: int
    rate: float  # Hz
    upper_arm: SegmentLength
    forearm: SegmentLength
    noise_mm: float  # of the paw, per axis
    noise_uncertainty: float  # two standard deviations relative to it; NaN where the file states it, or nothing can
    peak_speed: float  # of the paw, m/s
    peak_acceleration: float  # of the paw, m/s^2; noise raises it first

    def remarks(self) -> list[str]:
        """Remarks on what is allowed but should be looked at."""
        found = []
        for (what, unit, low, high), value in zip(USUAL, (self.peak_speed, self.n_frames / self.rate), strict=True):
            if not low <= value <= high:
                found.append(f"{what} {value:.3g} {unit}, usual is {low:g} to {high:g}: check rate and unit of time")
                found[-1] += ", or import a session with --cut" if unit == "s" and value > high else ""
        for name, segment in (("upper arm", self.upper_arm), ("forearm", self.forearm)):
            if segment.spread_mm > MOST_SPREAD * segment.median_mm:
                share = segment.spread_mm / segment.median_mm
                found.append(
                    f"the {name} changes its length by {share:.0%} (standard deviation): "
                    "a point was tracked badly or does not sit on its joint"
                )
        return found


def at_limits(arm: Arm, qpos: np.ndarray, joints: Sequence[int]) -> float:
    """Share of the frames of (T, len(joints)) rad in which one of the arm's joints is at a limit of its range.

    A joint without limits is never at one.
    """
    low, high = arm.qpos_range[list(joints)].T
    margin = np.where(np.isfinite(high - low), AT_LIMIT * (high - low), 0.0)
    return float(((qpos <= low + margin) | (qpos >= high - margin)).any(axis=1).mean())


def beyond_recorded(arm: Arm, qpos: np.ndarray) -> float:
    """Share of the frames of (T, nq) rad in which a joint is outside its range in recorded reaches."""
    known = [(qpos[:, i], RECORDED_QPOS[name]) for i, name in enumerate(arm.joint_names) if name in RECORDED_QPOS]
    outside = [(angles < low - BEYOND) | (angles > high + BEYOND) for angles, (low, high) in known]
    return float(np.any(outside, axis=0).mean())


def measure(reach: Reach) -> Measures:
    """Measure a reach as it was recorded."""
    acceleration = np.gradient(reach.paw_velocity, reach.time, axis=0)
    return Measures(
        n_frames=reach.n_frames,
        rate=reach.rate,
        upper_arm=_segment(reach.time, reach.elbow - reach.shoulder),
        forearm=_segment(reach.time, reach.paw - reach.elbow),
        noise_mm=1e3 * float(reach.tracked[2][PAW]),
        noise_uncertainty=math.nan if reach.measured_noise_mm else noise_uncertainty([reach.n_frames], reach.rate),
        peak_speed=reach.peak_speed,
        peak_acceleration=float(np.linalg.norm(acceleration, axis=1).max()),
    )


def _segment(time: np.ndarray, vectors: np.ndarray) -> SegmentLength:
    length = 1e3 * np.linalg.norm(vectors, axis=1)
    elapsed = time - time.mean()
    slope = float(elapsed @ length / (elapsed @ elapsed))
    return SegmentLength(float(np.median(length)), float(length.std()), slope * float(time[-1] - time[0]))
