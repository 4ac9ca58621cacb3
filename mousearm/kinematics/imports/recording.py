"""A recording as a tracking program wrote it: in the units and axes of its file, with what the file says of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mousearm.errors import KinematicsError, UnknownNameError
from mousearm.kinematics.checks import Place

LANDMARKS = ("paw", "elbow", "shoulder")
"""The points that are taken from a file, in the order of `Recording.points`."""

COORDINATES = ("x", "y", "z", "likelihood")
"""What a column may hold of a point; of several points, every one has x, y and z."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """What one file holds of the three landmarks.

    Attributes:
        path: the file.
        kind: what wrote it, for messages.
        rows: line of the file for every frame, or None where the file has no lines.
        points: (T, 3, 3) paw, elbow, shoulder, in the unit and axes of the file; NaN where a point was not seen.
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


def seen_points(points: np.ndarray) -> np.ndarray:
    """Whether all coordinates (..., C) of a point are known, (...)."""
    return np.asarray(np.isfinite(points).all(axis=-1))


Layout = Mapping[str, Mapping[str, int]]
"""Name of a point to the columns of its coordinates, which are named as in `COORDINATES`."""


def lay_out(columns: Iterable[tuple[str, str] | None], path: Path) -> Layout:
    """Find the points among the columns of a table.

    Args:
        columns: for every column the name of its point and its coordinate, or None if it holds something else.
        path: the file, for messages.

    Raises:
        KinematicsError: a coordinate stands twice, or no point has all of x, y and z.
    """
    points: dict[str, dict[str, int]] = {}
    for index, column in enumerate(columns):
        if column is None or column[1] not in COORDINATES:
            continue
        name, coordinate = column
        point = points.setdefault(name, {})
        if coordinate in point:
            raise KinematicsError(
                f"{path}: {name} has two columns for {coordinate} ({point[coordinate] + 1} and "
                f"{index + 1}). Rename one."
            )
        point[coordinate] = index
    whole = {name: point for name, point in points.items() if {"x", "y", "z"} <= set(point)}
    if whole:
        return whole
    if any({"x", "y"} <= set(point) for point in points.values()):
        raise KinematicsError(
            f"{path}: its points ({', '.join(points)}) have x and y but no z: these are positions in one camera's "
            "picture. Triangulate them first, with DeepLabCut 3D or Anipose, and import what that writes."
        )
    raise KinematicsError(
        f"{path}: no point was found. Every point needs three columns, such as paw_x, paw_y, paw_z "
        "(or scorer, bodyparts and coords in three header rows)."
    )


def find_points(names: Mapping[str, str], layout: Layout, path: Path) -> list[Mapping[str, int]]:
    """Columns of the landmarks, in the order of `LANDMARKS`.

    Args:
        names: name of every landmark in the file.
        layout: the points of the file.
        path: the file, for messages.

    Raises:
        UnknownNameError: the file lacks a name.
    """
    for landmark in LANDMARKS:
        if names[landmark] not in layout:
            raise UnknownNameError(f"point in {path} (--points {landmark}=NAME)", names[landmark], layout)
    return [layout[names[landmark]] for landmark in LANDMARKS]
