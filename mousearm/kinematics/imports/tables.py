"""Tables of points: which columns hold which point, cells that become numbers; and the plainest of them, Anipose's.

Anipose, and SLEAP by way of it, writes one header row with NAME_x, NAME_y, NAME_z, NAME_error, NAME_ncams, NAME_score.
The frame number is the column ``fnum``; instead, a column ``time`` in seconds is understood. A point that was not seen
has empty cells. Other columns, such as the rotation M_00 ... center_2, are ignored. Neither units nor the rate are in
the file: units are those of the calibration board.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from mousearm.errors import KinematicsError, UnknownNameError
from mousearm.kinematics.checks import Place
from mousearm.kinematics.files import Row, parse_number
from mousearm.kinematics.imports.markers import MarkerRecording
from mousearm.trajectory import LANDMARKS

COORDINATES = ("x", "y", "z", "likelihood")
"""Contents of a column of a point; every point has x, y and z."""

_SYNONYMS = {"1": "x", "2": "y", "3": "z", "score": "likelihood"}
_ANIPOSE_COLUMN = re.compile(r"(?P<name>.+)[_.](?P<coordinate>x|y|z|score|likelihood)", re.IGNORECASE)
_LAST_FRAME = 2.0**53  # beyond it the whole numbers that a float can hold have gaps


def read_anipose(path: Path, rows: Sequence[Row], names: Mapping[str, str]) -> MarkerRecording:
    """Read the rows of a CSV file of Anipose, or of one with times, by the name of every landmark in the file.

    Raises:
        KinematicsError: the table has no points, neither frame numbers nor times, or a cell that is not a number.
        UnknownNameError: the file lacks a name.
    """
    header = rows[0][1]
    found = find_points((point_of(column, _ANIPOSE_COLUMN) for column in header), names, path)
    cells = TextTable(path, rows[1:], header)
    positions, likelihood = stack_points(cells.numbers, found)
    lower = [name.lower() for name in header]
    if "time" in lower:
        time = cells.numbers(lower.index("time"))
        return MarkerRecording(path, "CSV with times", cells.lines, positions, likelihood, time=time)
    if "fnum" not in lower:
        raise KinematicsError(
            f"{path}, row {rows[0][0]}: there is neither a column fnum (frame number, as Anipose writes it) nor a "
            f"column time (in s); there are {', '.join(header)}. Add one, so that dropped frames are known."
        )
    frames = whole_numbers(cells.numbers(lower.index("fnum")), "fnum", cells.place)
    return MarkerRecording(path, "Anipose CSV", cells.lines, positions, likelihood, frames)


def point_of(column: str, pattern: re.Pattern[str]) -> tuple[str, str] | None:
    """Name of the point and coordinate of a column, by a pattern with these two groups; None of another column."""
    match = pattern.fullmatch(column)
    if match is None:
        return None
    coordinate = match["coordinate"].lower()
    return match["name"], _SYNONYMS.get(coordinate, coordinate)


def find_points(
    columns: Iterable[tuple[str, str] | None], names: Mapping[str, str], path: Path
) -> list[Mapping[str, int]]:
    """Find the columns of each landmark, by coordinate, in the order of `LANDMARKS`.

    Args:
        columns: for every column the name of its point and its coordinate, or None if it holds something else.
        names: name of every landmark in the file.
        path: the file, for messages.

    Raises:
        KinematicsError: a coordinate stands twice, or no point has all of x, y and z.
        UnknownNameError: the file lacks a name.
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
    if not whole and any({"x", "y"} <= set(point) for point in points.values()):
        raise KinematicsError(
            f"{path}: its points ({', '.join(points)}) have x and y but no z: these are positions in one camera's "
            "picture. Triangulate them first, with DeepLabCut 3D or Anipose, and import what that writes."
        )
    if not whole:
        raise KinematicsError(
            f"{path}: no point was found. Every point needs three columns, such as paw_x, paw_y, paw_z "
            "(or scorer, bodyparts and coords in three header rows)."
        )
    for landmark in LANDMARKS:
        if names[landmark] not in whole:
            raise UnknownNameError(f"point in {path} (--points {landmark}=NAME)", names[landmark], whole)
    return [whole[names[landmark]] for landmark in LANDMARKS]


class TextTable:
    """Rows of a table below its header; empty cells beyond the header's width are dropped.

    Raises:
        KinematicsError: there is no row, or a row has more or fewer cells than the header.
    """

    def __init__(self, path: Path, rows: Sequence[Row], header: Sequence[str]):
        self.lines = [line for line, _ in rows]
        self.place = Place(str(path), self.lines)
        self._header = header
        width = len(header)
        self._rows = [cells if any(cells[width:]) else cells[:width] for _, cells in rows]
        if not rows:
            raise self.place.error("has a header but no rows below it. Export the recording again.")
        for index, cells in enumerate(self._rows):
            if len(cells) != width:
                raise self.place.error(
                    f"has {len(cells)} columns instead of the {width} of the header. Is the file cut off, or "
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


def stack_points(
    numbers: Callable[[int], np.ndarray], found: Sequence[Mapping[str, int]]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Positions (T, 3, 3) and likelihoods (T, 3) of the points that were found, from the numbers (T,) of each column.

    The likelihoods are None unless every point has one.
    """
    positions = np.stack([np.stack([numbers(point[axis]) for axis in "xyz"], 1) for point in found], 1)
    if not all("likelihood" in point for point in found):
        return positions, None
    return positions, np.stack([numbers(point["likelihood"]) for point in found], 1)


def whole_numbers(values: np.ndarray, column: str, place: Place) -> np.ndarray:
    """Turn frame numbers (T,), called so in the file, into integers; refuse those that are missing or not whole."""
    bad = np.flatnonzero(~(np.abs(values) < _LAST_FRAME) | (values != np.round(values)))
    if len(bad):
        raise place.error(f"{values[bad[0]]:g} is not a frame number. Write a whole number.", int(bad[0]), column)
    return values.astype(int)
