"""Marker positions as a tracking program wrote them, and on an even grid of times, where dropped frames are gaps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mousearm.kinematics.checks import Place, check_finite, check_length, check_recording, check_time
from mousearm.kinematics.reach import JITTER_TOLERANCE, Reach
from mousearm.trajectory import LANDMARKS

RATE_TOLERANCE = 0.01
"""Relative difference allowed between the stated rate and that of the times."""

MOST_MISSING = 20
"""How many times as long as its frames a recording may be; beyond it, a number or time is taken for a fault."""

_LONGEST_GAP = 1e9  # frames, at most, so that they can be counted; far more are refused


@dataclass(frozen=True, slots=True, eq=False)
class MarkerRecording:
    """Recording of the three landmarks, as one file holds it.

    Attributes:
        path: the file.
        kind: what wrote it, for messages.
        rows: line of the file for every frame, or None where the file has no lines.
        points: (T, 3, 3) shoulder, elbow and paw, in the unit and axes of the file; NaN where a point was not seen.
        likelihood: (T, 3) how sure the program was, NaN where it did not say; or None.
        frames: (T,) frame numbers, or None where the file has times.
        time: (T,) s, or None where the file has frame numbers.
        unit: what the file says its unit is, or None.
        rate: what the file says its rate is [Hz], or None.
        axes: the axes by convention of the format, in the notation of `Axes.parse`, or None where there is none.
    """

    path: Path
    kind: str
    rows: Sequence[int] | None
    points: np.ndarray
    likelihood: np.ndarray | None = None
    frames: np.ndarray | None = None
    time: np.ndarray | None = None
    unit: str | None = None
    rate: float | None = None
    axes: str | None = None

    @property
    def place(self) -> Place:
        """Names the file and its rows in errors."""
        return Place(str(self.path), self.rows)


@dataclass(frozen=True, slots=True, eq=False)
class MarkerTrajectory:
    """Positions at an even rate.

    Attributes:
        place: names the file and its rows in errors; of a dropped frame, the row before it.
        start: time of the first frame [s].
        rate: frames per second [Hz].
        points: (T, 3, 3) shoulder, elbow and paw; NaN where one was not seen.
    """

    place: Place
    start: float
    rate: float
    points: np.ndarray

    @property
    def time(self) -> np.ndarray:
        """(T,) s."""
        return self.start + np.arange(len(self.points)) / self.rate

    def part(self, frames: slice) -> "MarkerTrajectory":
        """Some of the frames."""
        rows = None if self.place.rows is None else self.place.rows[frames]
        place = replace(self.place, rows=rows)
        return replace(self, place=place, start=float(self.time[frames][0]), points=self.points[frames])

    def reach(self, name: str) -> Reach:
        """Make it a reach; its points must be metres in OpenSim's axes, which become MuJoCo's.

        Raises:
            KinematicsError: the numbers cannot be a reach; names the file and the row.
        """
        landmarks = {mark: self.points[:, i][:, [2, 0, 1]] for i, mark in enumerate(LANDMARKS)}
        check_recording(self.time, landmarks, self.place)
        return Reach(name, self.time, **landmarks)


def even(recording: MarkerRecording, rate: float | None) -> MarkerTrajectory:
    """Put a recording on an even grid.

    Frame numbers are divided by the rate, which must be given then. Times say the rate themselves: their intervals are
    taken as whole numbers of the median one. Frames that are missing become gaps.

    Raises:
        KinematicsError: the rate [Hz] is unknown or contradicts the file, frames or times do not increase, times are
            not evenly spaced, or nearly all frames are missing.
    """
    place = recording.place
    check_length(len(recording.points), place)
    if recording.time is not None:
        steps, rate = _steps_of_times(recording, recording.time, rate)
        return _spread(recording, steps, float(recording.time[0]), rate)
    assert recording.frames is not None  # every reader gives one of the two
    if rate is None:
        raise place.error("has frame numbers but no times. Say how many frames a second were filmed: --rate HZ.")
    _check_frames(recording.frames, place)
    return _spread(recording, recording.frames - recording.frames[0], float(recording.frames[0] / rate), rate)


def _steps_of_times(recording: MarkerRecording, time: np.ndarray, wanted: float | None) -> tuple[np.ndarray, float]:
    """Place (T,) of every frame on the grid of its times (T,) [s], and the rate [Hz] of the grid."""
    place = recording.place
    check_finite(time, {}, place)
    check_time(time, place)
    intervals = np.diff(time)
    ratios = np.clip(np.round(intervals / np.median(intervals)), 1, _LONGEST_GAP)
    steps = np.concatenate([[0], np.cumsum(ratios)]).astype(int)
    rate = float(steps[-1] / (time[-1] - time[0]))
    off = np.abs((time - time[0]) * rate - steps)
    if off.max() > JITTER_TOLERANCE:
        worst = int(off.argmax())
        raise place.error(
            f"times are not evenly spaced: at {rate:.4g} Hz, {time[worst]:.9g} s is off by {off[worst]:.2g} intervals "
            f"(at most {JITTER_TOLERANCE:g}). Write the table at a fixed rate.",
            worst,
            "time",
        )
    for said, by in ((recording.rate, "the file's DataRate"), (wanted, "--rate")):
        if said is not None and abs(said / rate - 1) > RATE_TOLERANCE:
            raise place.error(
                f"its times run at {rate:.5g} Hz, but {by} is {said:g} Hz. Leave --rate out, or correct the times."
            )
    return steps, rate


def _check_frames(frames: np.ndarray, place: Place) -> None:
    bad = np.flatnonzero(np.diff(frames) <= 0)
    if len(bad):
        frame = int(bad[0]) + 1
        raise place.error(
            f"frame {frames[frame]} follows frame {frames[frame - 1]}; frame numbers must increase. Remove or reorder "
            "the rows.",
            frame,
        )


def _spread(recording: MarkerRecording, steps: np.ndarray, start: float, rate: float) -> MarkerTrajectory:
    """Put the frames at their places on the grid, NaN in between."""
    n_frames = int(steps[-1]) + 1
    if n_frames > MOST_MISSING * len(steps):
        jump = int(np.diff(steps).argmax()) + 1
        raise recording.place.error(
            f"{steps[jump] - steps[jump - 1] - 1} frames are missing before this one, and {n_frames - len(steps)} "
            f"beside the {len(steps)} frames of the file. Correct the frame number or time, or cut the file there.",
            jump,
        )
    points = np.full((n_frames, *recording.points.shape[1:]), np.nan)
    points[steps] = recording.points
    rows = None
    if recording.rows is not None:
        rows = np.asarray(recording.rows)[np.searchsorted(steps, np.arange(n_frames), side="right") - 1].tolist()
    return MarkerTrajectory(replace(recording.place, rows=rows), start, rate, points)


def seen_points(points: np.ndarray) -> np.ndarray:
    """Tell whether all coordinates (..., C) of a point are known, (...)."""
    return np.asarray(np.isfinite(points).all(axis=-1))
