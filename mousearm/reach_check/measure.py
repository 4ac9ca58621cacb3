"""What a reach is like, in numbers."""

from dataclasses import dataclass

import numpy as np

from mousearm.kinematics import Reach

GAP = 1.5
"""An interval of more than this many median intervals is a gap."""

MOST_SPREAD = 0.05
"""Standard deviation of a segment's length, relative to its median, above which it is remarked upon."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The length of a segment, which would be constant if points sat on joints and were seen without error.

    Attributes:
        median_mm: over the frames.
        spread_mm: standard deviation over the frames.
        drift_mm: change from the first to the last frame along the line that fits best.
    """

    median_mm: float
    spread_mm: float
    drift_mm: float

    def __str__(self) -> str:
        drift = round(self.drift_mm, 2) + 0.0  # without the sign of a zero
        return f"{self.median_mm:.2f} ±{self.spread_mm:.2f} {drift:+.2f}"


@dataclass(frozen=True, slots=True)
class Measures:
    """Numbers of one reach as it was recorded.

    Attributes:
        n_frames: of the file.
        rate: Hz.
        n_gaps: intervals of more than `GAP` median ones.
        longest_gap_ms: the longest interval, 0 if there is no gap.
        upper_arm: shoulder to elbow.
        forearm: elbow to paw.
        peak_speed: of the paw [m/s].
        peak_acceleration: of the paw [m/s^2]; noise raises it first.
    """

    n_frames: int
    rate: float
    n_gaps: int
    longest_gap_ms: float
    upper_arm: Segment
    forearm: Segment
    peak_speed: float
    peak_acceleration: float

    def remarks(self) -> list[str]:
        """What is allowed but should be looked at."""
        found = []
        if self.n_gaps:
            found.append(f"gaps in time: {self.n_gaps}, the longest of {self.longest_gap_ms:.4g} ms")
        for name, segment in (("upper arm", self.upper_arm), ("forearm", self.forearm)):
            if segment.spread_mm > MOST_SPREAD * segment.median_mm:
                share = segment.spread_mm / segment.median_mm
                found.append(
                    f"the {name} changes its length by {share:.0%} (standard deviation): "
                    "a point was tracked badly or does not sit on its joint"
                )
        return found


def measure(reach: Reach) -> Measures:
    """Measure a reach as it was recorded."""
    intervals = np.diff(reach.time)
    gaps = intervals[intervals > GAP * np.median(intervals)]
    velocity = paw_velocity(reach)
    acceleration = np.gradient(velocity, reach.time, axis=0)
    return Measures(
        n_frames=reach.n_frames,
        rate=reach.rate,
        n_gaps=len(gaps),
        longest_gap_ms=1e3 * float(gaps.max(initial=0.0)),
        upper_arm=_segment(reach.time, reach.elbow - reach.shoulder),
        forearm=_segment(reach.time, reach.paw - reach.elbow),
        peak_speed=float(np.linalg.norm(velocity, axis=1).max()),
        peak_acceleration=float(np.linalg.norm(acceleration, axis=1).max()),
    )


def paw_velocity(reach: Reach) -> np.ndarray:
    """(T, 3) m/s, by central differences."""
    return np.gradient(reach.paw, reach.time, axis=0)


def _segment(time: np.ndarray, vectors: np.ndarray) -> Segment:
    length = 1e3 * np.linalg.norm(vectors, axis=1)
    elapsed = time - time.mean()
    slope = float(elapsed @ length / (elapsed @ elapsed))
    return Segment(float(np.median(length)), float(length.std()), slope * float(time[-1] - time[0]))
