"""Tables of markers: which columns hold which point, and cells that become numbers."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from mousearm.errors import KinematicsError, UnknownNameError
from mousearm.kinematics.checks import Place
from mousearm.kinematics.files import Row, parse_number
from mousearm.trajectory import LANDMARKS

COORDINATES = ("x", "y", "z", "likelihood")
"""Contents of a column of a point; every point has x, y and z."""

# Beyond it the whole numbers that a float can hold have gaps.
_LAST_FRAME = 2.0**53


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


class TextTable:
    """Rows of a table below its header.

    Args:
        path: the file, for messages.
        rows: line number and cells; empty cells beyond the header's width are dropped.
        header: the name of every column.

    Raises:
        KinematicsError: there is no row, or a row has more or fewer cells than the header.
    """

    def __init__(self, path: object, rows: Sequence[Row], header: Sequence[str]):
        self.lines = [line for line, _ in rows]
        self.place = Place(str(path), self.lines)
        self._header = header
        self._rows = [_shorten(cells, len(header)) for _, cells in rows]
        if not rows:
            raise self.place.error("has a header but no rows below it. Export the recording again.")
        for index, cells in enumerate(self._rows):
            if len(cells) != len(header):
                raise self.place.error(
                    f"has {len(cells)} columns instead of the {len(header)} of the header. Is the file cut off, or "
                    "was it edited by hand? Export it again.",
                    index,
                )

    def numbers(self, column: int) -> np.ndarray:
        """Parse the numbers of one column, (T,); NaN where a cell is empty or says NaN or infinity.

        Triangulation puts a point at infinity where two cameras see it along parallel rays: it was not seen.

        Raises:
            KinematicsError: a cell holds something else; names its row and column.
        """
        values = np.full(len(self._rows), np.nan)
        for index, cells in enumerate(self._rows):
            if not cells[column]:
                continue
            number = parse_number(cells[column])
            if number is None:
                raise self.place.error(
                    f"'{cells[column]}' is not a number. Write a decimal number, or leave the cell empty where "
                    "the point was not seen.",
                    index,
                    self._header[column],
                )
            values[index] = number
        return np.where(np.isfinite(values), values, np.nan)

    def points(self, columns: Sequence[Mapping[str, int]]) -> tuple[np.ndarray, np.ndarray | None]:
        """Positions (T, P, 3) and likelihoods (T, P) of the points whose columns are given.

        The likelihoods are None unless every point has one.
        """
        positions = np.stack([np.stack([self.numbers(point[axis]) for axis in "xyz"], 1) for point in columns], 1)
        if not all("likelihood" in point for point in columns):
            return positions, None
        return positions, np.stack([self.numbers(point["likelihood"]) for point in columns], 1)


def whole_numbers(values: np.ndarray, column: str, place: Place) -> np.ndarray:
    """Frame numbers as integers.

    Args:
        values: (T,) as they were read.
        column: what they are called in the file.
        place: names the row in errors.

    Raises:
        KinematicsError: a number is missing or is not whole.
    """
    bad = np.flatnonzero(~(np.abs(values) < _LAST_FRAME) | (values != np.round(values)))
    if len(bad):
        raise place.error(f"{values[bad[0]]:g} is not a frame number. Write a whole number.", int(bad[0]), column)
    return values.astype(int)


def _shorten(cells: list[str], width: int) -> list[str]:
    return cells[:width] if not any(cells[width:]) else cells
