"""Checks that refuse a recording, and how they name the place of a fault.

The same checks serve a reach built in Python, where a place is a frame, and a reach read from a file, where it is a
row of that file: a `Place` knows which of the two it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.kinematics.damage import HELD, held, jumps, lost, segment_lengths, stand_ins
from mousearm.text import plural
from mousearm.trajectory import LANDMARKS, PAW

# File axis (OpenSim, y-up) that stands behind each MuJoCo axis x, y, z: OpenSim (x, y, z) is MuJoCo (z, x, y).
COLUMN_AXES = ("z", "x", "y")
SEGMENTS = ("upper arm", "forearm")  # between `LANDMARKS`

# What a recording of a reach may have.
MIN_FRAMES = 3  # two have a velocity, three have an acceleration
RATE_RANGE = (20.0, 5000.0)  # Hz; with fewer a reach is a handful of frames
LONGEST = 60.0  # s; the recorded ones last 0.1 to 0.6
SPEED_RANGE = (0.005, 3.0)  # highest of the paw, m/s; published reaches have 0.05 to 0.35, noise adds to it
SEGMENT_RANGE = (0.002, 0.060)  # median length of a segment, m; the recorded mice have 7 to 17 mm
ZERO_SEGMENT = 1e-4  # m, below which a segment has no usable direction
FARTHEST = 1.0  # m from the origin, beyond which no landmark of a head-fixed mouse can lie

# Hints at the unit by the median segment length in [low, high); lengths in none of the intervals are in order.
UNIT_HINTS = (
    (1e-9, SEGMENT_RANGE[0], "too short for a mouse; were metres divided by 1000 once too often?"),
    (SEGMENT_RANGE[1], 0.3, "too long for a mouse, and no usual unit explains it"),
    (0.3, 4.0, "it looks like centimetres: divide the positions by 100 or import it with --units cm"),
    (4.0, 100.0, "it looks like millimetres: divide the positions by 1000 or import it with --units mm"),
    (100.0, np.inf, "it looks like pixels of a camera: calibrate them to metres first"),
)
TIME_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0}  # s


@dataclass(frozen=True, slots=True)
class Place:
    """Place of a fault in a recording."""

    source: str  # what was read, such as "reach 'a'" or "/data/a.csv"
    rows: Sequence[int] | None = None  # line of the file (the first is 1) for every frame; None without a file

    def frame(self, index: int) -> str:
        """Name the frame of an index: ``row 5`` of a file, ``frame 5`` otherwise; both count from 1."""
        return f"frame {index + 1}" if self.rows is None else f"row {self.rows[index]}"

    def error(self, what: str, index: int | None = None, column: str | None = None) -> KinematicsError:
        """The error of a fault here: ``what`` is wrong, would be valid, and is to be done; ``index`` counts from 0."""
        frame = "" if index is None else f", {self.frame(index)}"
        return KinematicsError(f"{self.source}{frame}{f', column {column}' if column else ''}: {what}")


@np.errstate(over="ignore")  # of squares of huge numbers, which are what is refused
def check_recording(time: np.ndarray, points: np.ndarray, place: Place, advice: str | None = None) -> None:
    """Refuse a recording whose numbers cannot be a reach; the first fault found is reported.

    Times are (T,) s, points those of `LANDMARKS`, (T, 3, 3) m in MuJoCo's axes. With advice, on points that are
    missing or damaged, it must be plausible as a recording, too: time is held against the animal as length is (frames
    per second, duration, speed of the paw), and rows must not be lost or held, nor points jump.

    Raises:
        KinematicsError: names the place, what is wrong, what would be valid and what to do.
    """
    check_length(len(time), place)
    names = ["time", *(f"{name}_{axis}" for name in LANDMARKS for axis in COLUMN_AXES)]
    columns = dict(zip(names, [time, *points.reshape(len(time), -1).T], strict=True))
    check_finite(columns, place, advice or "Fill the gap or cut the recording there.")
    check_time(time, place)
    if advice:
        check_rate(1 / float(np.median(np.diff(time))), place)
        check_rows(time, place, advice)
    _check_units(points, place)
    if advice:
        check_jumps(time, points, place, advice)
    _check_places(points, place)
    if advice:
        _check_speed(time, points[:, PAW], place)


def check_rate(rate: float, place: Place) -> None:
    """Refuse frames per second [Hz] with which no reach is filmed, and name the unit of time that they show."""
    low, high = RATE_RANGE
    if low <= rate <= high:
        return
    units = [f"{unit} (at {rate / scale:.4g} Hz)" for unit, scale in TIME_UNITS.items() if low <= rate / scale <= high]
    units += ["frame numbers"] if round(rate, 6) == 1 else []
    looks = f"it looks like {' or '.join(units)}" if units else "no usual unit explains it"
    leave = "leave the recording out" if rate < low else "keep every second row, or fewer"
    raise place.error(
        f"read as seconds, its times make {rate:.4g} frames a second; {low:g} to {high:g} are plausible: {looks}. "
        "Convert the times to seconds; or name their unit in the header of a CSV file, as time_ms; or say how many "
        "frames a second were filmed and import the file, by scripts/import_reaches.py with --rate HZ. If they are "
        f"seconds, {leave}."
    )


def check_length(n_frames: int, place: Place) -> None:
    """Refuse a recording of fewer than `MIN_FRAMES` frames."""
    if n_frames < MIN_FRAMES:
        raise place.error(f"{n_frames} frames; a reach needs at least {MIN_FRAMES}, to have an acceleration.")


def _first(fault: np.ndarray) -> tuple[int, ...] | None:
    """Indices of the first fault, or None."""
    found = np.argwhere(fault)
    return tuple(map(int, found[0])) if len(found) else None


def check_finite(columns: Mapping[str, np.ndarray], place: Place, advice: str) -> None:
    """Refuse NaN and infinities in columns (T,), by name."""
    values = np.column_stack([*columns.values()])
    if bad := _first(~np.isfinite(values)):
        raise place.error(f"{values[bad]} is not a finite number. {advice}", bad[0], [*columns][bad[1]])


def check_time(time: np.ndarray, place: Place) -> None:
    """Refuse a time, (T,) s, that repeats or runs backwards."""
    if bad := _first(np.diff(time) <= 0):
        frame = bad[0] + 1
        verb = "repeats" if time[frame] == time[frame - 1] else "goes back"
        raise place.error(
            f"time {verb}: {time[frame]:.9g} s follows {time[frame - 1]:.9g} s. "
            "Time must increase from frame to frame; remove or reorder the frames.",
            frame,
            "time",
        )


def _check_units(points: np.ndarray, place: Place) -> None:
    """Refuse shoulder, elbow and paw, (T, 3, 3), whose segments are not those of a mouse's arm in metres."""
    low, high = SEGMENT_RANGE
    for name, median in zip(SEGMENTS, segment_lengths(points), strict=True):
        for shortest, longest, hint in UNIT_HINTS:
            if shortest <= median < longest:
                raise place.error(
                    f"read as metres, the {name} has a median length of {median:.4g} m: {hint}. "
                    f"Positions must be in metres, with segments of {low:g} to {high:g} m."
                )


def _check_places(points: np.ndarray, place: Place) -> None:
    """Refuse segments that vanish in a frame, and landmarks farther than `FARTHEST` from the origin."""
    lengths = np.linalg.norm(np.diff(points, axis=1), axis=2)
    if bad := _first(lengths.T < ZERO_SEGMENT):
        segment, frame = bad
        raise place.error(
            f"the {SEGMENTS[segment]} is {lengths[frame, segment] * 1e3:.3g} mm long, so it has no direction "
            f"(at least {ZERO_SEGMENT * 1e3:g} mm is needed). Were two markers swapped or merged here?",
            frame,
        )
    distance = np.linalg.norm(points, axis=2)
    if bad := _first(distance.T > FARTHEST):
        landmark, frame = bad
        raise place.error(
            f"the {LANDMARKS[landmark]} is {distance[frame, landmark]:.4g} m from the origin; more than {FARTHEST:g} m "
            "is implausible for a mouse. Move the origin: subtract a point near it, such as the first shoulder.",
            frame,
        )


def check_rows(time: np.ndarray, place: Place, advice: str) -> None:
    """Refuse times, (T,) s, of more than a reach, and even ones between which rows are lost."""
    duration = float(time[-1] - time[0])
    if duration > LONGEST:
        raise place.error(
            f"lasts {duration:.4g} s; up to {LONGEST:g} s are a reach. Are its times in seconds? Cut a session into "
            "its reaches by scripts/import_reaches.py with --cut."
        )
    missing = lost(time)
    if missing.any():
        frame = int(missing.argmax())
        raise place.error(
            f"{plural(missing[frame], 'row')} lost after this one: {1e3 * (time[frame + 1] - time[frame]):.4g} ms pass "
            f"until the next, {1e3 * np.median(np.diff(time)):.4g} ms between others. {advice}",
            frame,
            "time",
        )


def check_jumps(time: np.ndarray, points: np.ndarray, place: Place, advice: str) -> None:
    """Refuse points, (T, 3, 3) m, that jump, stand for a point that was not seen, or repeat while the arm moves."""
    if bad := _first(stand_ins(points)):
        values = " ".join(f"{value:g}" for value in points[bad])
        what = f"the {LANDMARKS[bad[1]]} is at {values}, which programs write for a point that was not seen"
        raise place.error(f"{what}. {advice}", bad[0])
    off, _ = jumps(time, points)
    if off.any():
        frame, landmark = (int(index) for index in np.unravel_index(off.argmax(), off.shape))
        what = f"the {LANDMARKS[landmark]} is {off[frame, landmark] * 1e3:.3g} mm from where it is before and after"
        raise place.error(f"{what}. {advice}", frame)
    if bad := _first(held(points, HELD * segment_lengths(points)[0])):
        raise place.error(f"repeats the positions of the row before while the arm moves. {advice}", bad[0])


def _check_speed(time: np.ndarray, paw: np.ndarray, place: Place) -> None:
    """Refuse a paw, (T, 3) m, that hardly moves, or faster than any."""
    peak = float(np.linalg.norm(np.gradient(paw, time, axis=0), axis=1).max())
    low, high = SPEED_RANGE
    if not low <= peak <= high:
        raise place.error(
            f"the highest speed of the paw is {peak:.3g} m/s; {low:g} to {high:g} m/s are plausible, and published "
            "reaches have 0.05 to 0.35. Check the unit of time, the frame rate and the paw's columns; leave out a "
            "recording in which the paw rests."
        )
