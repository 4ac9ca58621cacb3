"""Marker positions as a tracking program wrote them, and on an even grid of times, where dropped frames are gaps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mousearm.kinematics.checks import (
    RATE_RANGE,
    TIME_UNITS,
    Place,
    check_finite,
    check_length,
    check_rate,
    check_recording,
    check_time,
)
from mousearm.kinematics.damage import GAP
from mousearm.kinematics.reach import JITTER_TOLERANCE, Reach
from mousearm.trajectory import LANDMARKS

RATE_TOLERANCE = 0.01  # relative difference allowed between the stated rate and that of the times
MOST_MISSING = 20  # times as long as its frames a recording may be; beyond it, a number or time is taken for a fault
LEAST_UNEVEN = 0.3  # mean intervals by which frames are apart at least to be resampled; no camera films closer ones
_AS_FRAMES = "Write frame numbers (1, 2, 3 ...) in place of the times, and give --rate HZ."
_MUJOCO = [2, 0, 1]  # OpenSim's axes that MuJoCo's x, y, z are
_LONGEST_GAP = 1e9  # frames, at most, so that they can be counted; far more are refused


@dataclass(frozen=True, slots=True, eq=False)
class MarkerRecording:
    """Recording of the three landmarks, as one file holds it."""

    path: Path
    kind: str  # what wrote it, for messages
    rows: Sequence[int] | None  # line of the file for every frame, or None where the file has no lines
    points: np.ndarray  # (T, 3, 3) shoulder, elbow and paw, in unit and axes of the file; NaN where one was not seen
    likelihood: np.ndarray | None = None  # (T, 3) how sure the program was, NaN where it did not say
    frames: np.ndarray | None = None  # (T,) numbers; None where there are times, or each row is a frame
    time: np.ndarray | None = None  # (T,) s, or None where the file has none
    unit: str | None = None  # that the file says
    rate: float | None = None  # that the file says, Hz
    axes: str | None = None  # by convention of the format, as `read_axes` reads them, or None where there is none
    turned: np.ndarray | None = None  # (4, 3) M and centre of Anipose: points = camera points @ M.T - centre; or None

    @property
    def place(self) -> Place:
        """The file and its rows, for errors."""
        return Place(str(self.path), self.rows)


@dataclass(frozen=True, slots=True, eq=False)
class MarkerTrajectory:
    """Positions at an even rate."""

    place: Place  # names the file and its rows in errors; of a dropped frame, the row before it
    start: float  # time of the first frame, s
    rate: float  # Hz
    points: np.ndarray  # (T, 3, 3) shoulder, elbow and paw; NaN where one was not seen
    truth: np.ndarray | None = None  # (T, 3, 3) the same without noise, where the file holds that

    @property
    def time(self) -> np.ndarray:
        """(T,) s."""
        return self.start + np.arange(len(self.points)) / self.rate

    def part(self, frames: slice) -> "MarkerTrajectory":
        """Some of the frames."""
        rows = None if self.place.rows is None else self.place.rows[frames]
        place = replace(self.place, rows=rows)
        truth = None if self.truth is None else self.truth[frames]
        return replace(self, place=place, start=float(self.time[frames][0]), points=self.points[frames], truth=truth)

    def reach(self, name: str, noise: np.ndarray, cutoff: float | None, before: "MarkerTrajectory") -> Reach:
        """Make it a reach, of points in metres and OpenSim's axes, which become MuJoCo's; errors name file and row.

        The noise (3,) m is that of ``before``, the same without the filter of a cut-off.
        """
        points = self.points[:, :, _MUJOCO]
        advice = "Lower --max-gap, so that no gap is filled there, or leave this recording out."
        check_recording(self.time, points, self.place, advice)
        versions = {} if cutoff is None else {"recorded": before.points}
        versions |= {} if self.truth is None or not np.isfinite(self.truth).all() else {"truth": self.truth}
        return Reach.of(
            name,
            self.time,
            points,
            measured_noise_mm={mark: 1e3 * float(of) for mark, of in zip(LANDMARKS, noise, strict=True) if of == of},
            cutoff=cutoff,
            versions={of: positions[:, :, _MUJOCO] for of, positions in versions.items()},
        )


def even(recording: MarkerRecording, rate: float | None) -> tuple[MarkerTrajectory, str]:
    """Put a recording on an even grid.

    Frame numbers are divided by the rate; without them each row is a frame. Times say the rate themselves: their
    intervals are taken as whole numbers of the mean one. Frames that are missing become gaps. Times that are further
    from the grid than `JITTER_TOLERANCE`, of cameras that are not triggered evenly, are resampled by cubic splines. A
    given rate decides where the file contradicts itself, or where the times are frame numbers, ms, us or ns.

    Returns the recording on its grid, and in words where the rate is from. Refused are a rate [Hz] that is unknown or
    contradicts the file, frames or times that do not increase, too uneven times, and nearly all frames missing.
    """
    place, frames = recording.place, recording.frames
    check_length(len(recording.points), place)
    if recording.time is not None:
        time, unit = _in_seconds(recording, recording.time, rate)
        return _on_grid(recording, time, rate, unit)
    by = "the file" if rate is None else "--rate"
    if rate is not None and recording.rate is not None and abs(recording.rate / rate - 1) > RATE_TOLERANCE:
        by += f"; the file says {recording.rate:.5g} Hz"
    rate = rate or recording.rate or np.nan
    if frames is None:
        frames, by = np.arange(len(recording.points)), f"{by}; without frame numbers, each row is a frame"
    bad = np.flatnonzero(np.diff(frames) <= 0)
    if len(bad):
        what = f"frame {frames[bad[0] + 1]} follows frame {frames[bad[0]]}; frame numbers must increase."
        raise place.error(f"{what} Remove or reorder the rows.", int(bad[0]) + 1)
    return _spread(recording, frames - frames[0], float(frames[0] / rate), rate), by


def _in_seconds(recording: MarkerRecording, time: np.ndarray, rate: float | None) -> tuple[np.ndarray, str]:
    """Times (T,) in s, and what they are in the file if a given rate [Hz] shows that they are not seconds."""
    place = recording.place
    check_finite({"time": time}, place, "Write a time in every row, or remove the row.")
    if (np.diff(time) == 0).any() and (np.diff(time) >= 0).all():
        frame = int((np.diff(time) == 0).argmax()) + 1
        what = f"{time[frame]:.9g} s. Were times rounded? {_AS_FRAMES} Otherwise remove the repeated rows."
        raise place.error(f"time repeats: {what}", frame, "time")
    check_time(time, place)
    interval = float(np.median(np.diff(time)))
    if rate is None or 0.5 < interval * rate < 2:
        return time, ""
    units = {"frame numbers": 1 / rate, **TIME_UNITS}
    if interval > 1 / RATE_RANGE[0]:  # ticks of a clock
        units["in an unknown unit"] = 1 / (interval * rate)
    for unit, length in units.items():
        if abs(interval * length * rate - 1) < 0.2:
            return time * length, f"; its times are {unit}"
    return time, ""


def _on_grid(
    recording: MarkerRecording, time: np.ndarray, wanted: float | None, unit: str
) -> tuple[MarkerTrajectory, str]:
    """Put the frames at times (T,) [s] on a grid with their rate; returns also where that is from."""
    intervals = np.diff(time)
    ratios = np.clip(np.round(intervals / np.median(intervals)), 1, _LONGEST_GAP)
    steps = np.concatenate([[0], np.cumsum(ratios)]).astype(int)
    rate = float(steps[-1] / (time[-1] - time[0]))
    uneven = np.abs((time - time[0]) * rate - steps).max() > JITTER_TOLERANCE
    if uneven:
        rate = 1 / float(intervals[intervals < GAP * np.median(intervals)].mean())
    rate, by = _agreed_rate(recording, rate, wanted, JITTER_TOLERANCE if uneven else RATE_TOLERANCE)
    if not uneven:
        return _spread(recording, steps, float(time[0]), rate), by + unit
    frame = int(intervals.argmin()) + 1
    if intervals.min() * rate < LEAST_UNEVEN:
        raise recording.place.error(
            f"times are too uneven: only {intervals.min() * rate:.2g} of a mean interval before {time[frame]:.9g} s "
            f"(at least {LEAST_UNEVEN:g} is needed). {_AS_FRAMES}",
            frame,
            "time",
        )
    rate = wanted or rate
    apart = f"{intervals.min() * rate:.2f} to {intervals.max() * rate:.2f} of the mean interval apart"
    return _resampled(recording, time, rate), f"{by}{unit}; uneven, {apart}, resampled by cubic splines"


def _agreed_rate(recording: MarkerRecording, rate: float, wanted: float | None, tolerance: float) -> tuple[float, str]:
    """Rate [Hz] of times, with what the file and ``--rate`` say of it, and where it is from."""
    stated, place = recording.rate or rate, recording.place
    is_stated = abs(stated / rate - 1) <= tolerance
    if wanted is None:
        check_rate(rate, place)
        if not is_stated:
            raise place.error(
                f"its times run at {rate:.5g} Hz, but the file's DataRate is {stated:g} Hz. Say --rate {rate:.4g} if "
                f"the times are right, --rate {stated:g} if DataRate is."
            )
    elif abs(wanted / rate - 1) > tolerance:
        if abs(wanted / stated - 1) > tolerance:
            raise place.error(
                f"its times run at {rate:.5g} Hz, but --rate is {wanted:g} Hz. Leave --rate out if the times are "
                f"right. If not: {_AS_FRAMES}"
            )
        return wanted, f"--rate and DataRate; its times run at {rate:.5g} Hz"
    return rate, "its times" + ("" if is_stated else f" and --rate; its DataRate is {stated:g} Hz")


def _spread(recording: MarkerRecording, steps: np.ndarray, start: float, rate: float) -> MarkerTrajectory:
    """Put the frames at their places on the grid, NaN in between."""
    place = _place_on_grid(recording, steps)
    points = np.full((int(steps[-1]) + 1, *recording.points.shape[1:]), np.nan)
    points[steps] = recording.points
    return MarkerTrajectory(place, start, rate, points)


def _resampled(recording: MarkerRecording, time: np.ndarray, rate: float) -> MarkerTrajectory:
    """Evaluate cubic splines through the positions at times (T,) [s] on an even grid; NaN in gaps."""
    from scipy.interpolate import CubicSpline

    place = _place_on_grid(recording, (time - time[0]) * rate)
    grid = time[0] + np.arange(int((time[-1] - time[0]) * rate + 1e-6) + 1) / rate
    points = np.full((len(grid), len(LANDMARKS), 3), np.nan)
    for index in range(len(LANDMARKS)):
        known = np.flatnonzero(seen_points(recording.points[:, index]))
        for part in np.split(known, np.flatnonzero(np.diff(time[known]) > GAP / rate) + 1):
            within = (grid >= time[part[0]]) & (grid <= time[part[-1]]) if len(part) > 1 else np.zeros(len(grid), bool)
            if within.any():
                points[within, index] = CubicSpline(time[part], recording.points[part, index])(grid[within])
    return MarkerTrajectory(place, float(time[0]), rate, points)


def _place_on_grid(recording: MarkerRecording, at: np.ndarray) -> Place:
    """For each place of a grid the last row at or before it; the frames, at places (T,) of it, must not be too few."""
    if at[-1] + 1 > MOST_MISSING * len(at):
        jump = int(np.diff(at).argmax()) + 1
        raise recording.place.error(
            f"{at[jump] - at[jump - 1] - 1:.0f} frames are missing before this one, and "
            f"{at[-1] + 1 - len(at):.0f} beside the {len(at)} of the file. Correct the frame number or time, or cut "
            "the file there.",
            jump,
        )
    if recording.rows is None:
        return recording.place
    last = np.searchsorted(at, np.arange(int(at[-1] + 1e-6) + 1) + 1e-6, side="right") - 1
    return replace(recording.place, rows=np.asarray(recording.rows)[last].tolist())


def seen_points(points: np.ndarray) -> np.ndarray:
    """Tell whether all coordinates (..., C) of a point are known, (...)."""
    return np.asarray(np.isfinite(points).all(axis=-1))
