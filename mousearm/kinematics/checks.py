"""Checks that refuse a recording, and how they name the place of a fault.

The same checks serve a reach built in Python, where a place is a frame, and a reach read from a file, where it is a
row of that file: a `Place` knows which of the two it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mousearm.errors import KinematicsError

COLUMN_AXES = ("z", "x", "y")
"""File axis (OpenSim, y-up) that stands behind each MuJoCo axis x, y, z: OpenSim (x, y, z) is MuJoCo (z, x, y)."""

MIN_FRAMES = 3
"""Fewest frames of a reach: two have a velocity, three have an acceleration."""

SEGMENT_RANGE = (0.002, 0.060)
"""Median length [m] that an upper arm or a forearm may have. The recorded mice have 7 to 17 mm."""

ZERO_SEGMENT = 1e-4
"""Length [m] below which a segment has no usable direction."""

FARTHEST = 1.0
"""Distance [m] from the origin beyond which no landmark of a head-fixed mouse can lie."""

UNIT_HINTS = (
    (1e-9, SEGMENT_RANGE[0], "too short for a mouse; were metres divided by 1000 once too often?"),
    (SEGMENT_RANGE[1], 0.3, "too long for a mouse, and no usual unit explains it"),
    (0.3, 4.0, "it looks like centimetres: divide the positions by 100"),
    (4.0, 100.0, "it looks like millimetres: divide the positions by 1000"),
    (100.0, np.inf, "it looks like pixels of a camera: calibrate them to metres first"),
)
"""Hints at the unit by the median segment length in [low, high); lengths in none of the intervals are in order."""


@dataclass(frozen=True, slots=True)
class Place:
    """Place of a fault in a recording.

    Args:
        source: what was read, such as ``"reach 'a'"`` or ``"/data/a.csv"``.
        rows: line of the file (the first is 1) for every frame, or None when the source is not a file.
    """

    source: str
    rows: Sequence[int] | None = None

    def frame(self, index: int) -> str:
        """Name the frame of an index: ``row 5`` of a file, ``frame 5`` otherwise; both count from 1."""
        return f"frame {index + 1}" if self.rows is None else f"row {self.rows[index]}"

    def error(self, what: str, index: int | None = None, column: str | None = None) -> KinematicsError:
        """Build the error that says what is wrong at this place.

        Args:
            what: the fault, what would be valid and what to do.
            index: the frame, counted from 0, or None when the whole recording is meant.
            column: the column that is wrong, or None.
        """
        frame = "" if index is None else f", {self.frame(index)}"
        return KinematicsError(f"{self.source}{frame}{f', column {column}' if column else ''}: {what}")


def check_recording(time: np.ndarray, landmarks: Mapping[str, np.ndarray], place: Place) -> None:
    """Refuse a recording whose numbers cannot be a reach; the first fault found is reported.

    Args:
        time: (T,) s.
        landmarks: ``shoulder``, ``elbow`` and ``paw``, each (T, 3) m, MuJoCo axes.
        place: where the numbers come from.

    Raises:
        KinematicsError: names the place, what is wrong and what would be valid.
    """
    check_length(len(time), place)
    check_finite(time, landmarks, place)
    check_time(time, place)
    upper_arm, forearm = landmarks["elbow"] - landmarks["shoulder"], landmarks["paw"] - landmarks["elbow"]
    _check_segments({"upper arm": upper_arm, "forearm": forearm}, place)
    _check_near(landmarks, place)


def check_length(n_frames: int, place: Place) -> None:
    """Refuse a recording of fewer than `MIN_FRAMES` frames."""
    if n_frames < MIN_FRAMES:
        raise place.error(f"{n_frames} frames; a reach needs at least {MIN_FRAMES}, to have an acceleration.")


def check_finite(time: np.ndarray, landmarks: Mapping[str, np.ndarray], place: Place) -> None:
    """Refuse NaN and infinities among times (T,) and positions (T, 3); arguments as `check_recording`."""
    names = ["time", *(f"{name}_{axis}" for name in landmarks for axis in COLUMN_AXES)]
    values = np.column_stack([time, *landmarks.values()])
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        frame, column = (int(index) for index in bad[0])
        what = f"{values[frame, column]} is not a finite number. Fill the gap or cut the recording there."
        raise place.error(what, frame, names[column])


def check_time(time: np.ndarray, place: Place) -> None:
    """Refuse a time, (T,) s, that repeats or runs backwards."""
    bad = np.flatnonzero(np.diff(time) <= 0)
    if len(bad):
        frame = int(bad[0]) + 1
        verb = "repeats" if time[frame] == time[frame - 1] else "goes back"
        raise place.error(
            f"time {verb}: {time[frame]:.9g} s follows {time[frame - 1]:.9g} s. "
            "Time must increase from frame to frame; remove or reorder the frames.",
            frame,
            "time",
        )


def _check_segments(segments: Mapping[str, np.ndarray], place: Place) -> None:
    """Refuse segments, vectors (T, 3), that are not a mouse's arm in metres, or that vanish in a frame."""
    lengths = {name: np.linalg.norm(vectors, axis=1) for name, vectors in segments.items()}
    low, high = SEGMENT_RANGE
    for name, length in lengths.items():
        median = float(np.median(length))
        for shortest, longest, hint in UNIT_HINTS:
            if shortest <= median < longest:
                raise place.error(
                    f"read as metres, the {name} has a median length of {median:.4g} m: {hint}. "
                    f"Positions must be in metres, with segments of {low:g} to {high:g} m."
                )
    for name, length in lengths.items():
        bad = np.flatnonzero(length < ZERO_SEGMENT)
        if len(bad):
            raise place.error(
                f"the {name} is {length[bad[0]] * 1e3:.3g} mm long, so it has no direction "
                f"(at least {ZERO_SEGMENT * 1e3:g} mm is needed). Were two markers swapped or merged here?",
                int(bad[0]),
            )


def _check_near(landmarks: Mapping[str, np.ndarray], place: Place) -> None:
    """Refuse landmarks, (T, 3) m, farther than `FARTHEST` from the origin."""
    for name, positions in landmarks.items():
        distance = np.linalg.norm(positions, axis=1)
        bad = np.flatnonzero(distance > FARTHEST)
        if len(bad):
            raise place.error(
                f"the {name} is {distance[bad[0]]:.4g} m from the origin; more than {FARTHEST:g} m is implausible for "
                "a mouse. Positions are in metres: check their unit and their origin.",
                int(bad[0]),
            )
