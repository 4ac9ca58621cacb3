"""Tables of points in text: which columns hold which point, frame numbers or times, in any of the usual headers.

- One header row with NAME_x, NAME_y, NAME_z, NAME_score: Anipose, FreeMoCap, the project's own files.
- A row with names above one with x, y, z, confidence: JARVIS, and tables of pandas. Names that stand over the first of
  their columns only count for the others too.
- DeepLabCut 3D: scorer, (individuals,) bodyparts and coords, one below the other. With individuals a point is called
  INDIVIDUAL/BODYPART.

The frame number is a column ``fnum``, ``frame``, ``index`` or the like, or the first one without a name; instead, a
column ``time`` is understood, in seconds or in the unit of its name (``time_ms``). Without either a row is a frame.
A point that was not seen has empty cells. Anipose's M_00 ... center_2 say how it turned the points, the same in every
row; other columns are ignored.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mousearm.errors import KinematicsError, UnknownNameError
from mousearm.kinematics.checks import Place
from mousearm.kinematics.files import COLUMNS, OWN_COLUMNS, SECONDS, TIME_NAME
from mousearm.kinematics.imports.markers import MarkerRecording
from mousearm.kinematics.sheets import NumberTable, Sheet, to_number
from mousearm.trajectory import LANDMARKS

LEVELS = ("scorer", "individuals", "bodyparts", "coords")  # DeepLabCut's header rows; individuals may be missing
_LAST_FRAME = 2.0**53  # beyond it the whole numbers that a float can hold have gaps
_SYNONYMS = {"1": "x", "2": "y", "3": "z", "score": "likelihood", "confidence": "likelihood"}
_CONTENT = r"t?(?P<coordinate>[xyz123]|likelihood|score|confidence)(?:[\s_]*[(\[]?(?P<unit>mm|cm|m)[)\]]?)?"
_IN_NAME = re.compile(rf"(?i:(?P<name>.+?)[\s_.:/-]+{_CONTENT})")
_CAMEL = re.compile(r"(?P<name>.+[a-z0-9])(?P<coordinate>[XYZ])(?P<unit>)")
_ALONE = re.compile(rf"(?P<name>){_CONTENT}\d*", re.IGNORECASE)
_FRAMES = ("fnum", "frame", "frames", "frameidx", "frameindex", "framenumber", "frameid", "index", "sample", "0")
_TURN = (*(f"M_{i}{j}" for i in range(3) for j in range(3)), *(f"center_{i}" for i in range(3)))  # of Anipose
_POINT_NAMES = ("bodypart", "bodyparts", "keypoint", "keypoints", "marker", "node", "label", "landmark")


class Header(NamedTuple):
    """Meaning of the columns of a table."""

    names: Sequence[str]  # of every column, for messages
    points: Sequence[tuple[str, str] | None]  # of every column the name of its point and its coordinate
    unit: str | None  # of the positions
    column: int | None  # of times or frame numbers
    second: float | None  # the length [s] of the unit of times; None for frame numbers

    @property
    def turn(self) -> list[int]:
        """Columns of how Anipose turned the points; empty unless all are there."""
        found = [self.names.index(name) for name in _TURN if name in self.names]
        return found if len(found) == len(_TURN) else []


class _HeaderRows(NamedTuple):
    """The rows of a sheet above its numbers, all of the same width, without comment signs."""

    cells: list[list[str]]
    end: int  # index of the first line below
    index_name: str  # of the index of pandas, which stands below the names of columns; empty if there is none
    corner: str  # the first cell below them, "0" if there is no line


def read_columns(sheet: Sheet, names: Mapping[str, str]) -> MarkerRecording:
    """Read a table of points by the name of every landmark in the file; errors as `find_points` and `NumberTable`."""
    path, rows = sheet.path, _header_rows(sheet)
    is_deeplabcut = rows.cells[0][0].lower() == LEVELS[0]
    header = _deeplabcut_header(rows, path) if is_deeplabcut else _header(rows.cells, path)
    landmarks = find_points(header.points, names, path)
    # Without times and frame numbers, a first column without a point may number the rows.
    numbers_rows = header.column is None and header.points[0] is None and to_number(rows.corner) is not None
    wanted = {*header.turn, *(column for point in landmarks for column in point.values())}
    if numbers_rows or header.column is not None:
        wanted.add(header.column or 0)
    table = NumberTable(path, sheet.rows(rows.end), header.names, wanted)
    positions, likelihood = stack_points(table.numbers, landmarks)
    time, frames = None, None
    if header.column is None:
        _check_rows(table, header.names[0] if numbers_rows else "")
    elif header.second:
        time = header.second * table.numbers(header.column)
    else:
        frames = whole_numbers(table.numbers(header.column), header.names[header.column], table.place)
    if not set(OWN_COLUMNS).isdisjoint(header.names):
        return MarkerRecording(path, "reach", table.lines, positions, likelihood, frames, time, "m", axes="x y z")
    kind = "DeepLabCut CSV" if is_deeplabcut else "table with times" if header.second else "table of points"
    turned = np.array([table.numbers(column)[0] for column in header.turn]).reshape(4, 3) if header.turn else None
    return MarkerRecording(path, kind, table.lines, positions, likelihood, frames, time, header.unit, turned=turned)


def _header_rows(sheet: Sheet) -> _HeaderRows:
    """Find the header's rows; KinematicsError if there is none."""
    rows: list[list[str]] = []
    index_name = ""
    for index in range(len(sheet.lines)):
        cells = sheet.cells(index)
        filled = [cell for cell in cells if cell]
        if not filled and not (
            rows and len(cells) > 1 and any(_ALONE.fullmatch(cell) or _matched(cell) for cell in rows[-1])
        ):
            continue
        if cells[0].lower() not in LEVELS and 2 * sum(to_number(cell) is not None for cell in filled) >= len(filled):
            break
        if cells[0].startswith(("#", "%")):
            cells = [cell for cell in [cells[0].lstrip("#% "), *cells[1:]] if cell]
        if rows and len(cells) > 1 and filled == [cells[0]]:  # it stands below the names of columns
            index_name = cells[0]
            rows[-1][0] = rows[-1][0] if rows[-1][0].lower() in LEVELS else index_name
            continue
        rows.append(cells)
    else:
        index = len(sheet.lines)
    if not rows and len(sheet.cells(0)) == len(COLUMNS):
        return _HeaderRows([list(COLUMNS)], 0, "", sheet.cells(0)[0])
    if not rows:
        raise KinematicsError(
            f"{sheet.path}: has no header, so nobody knows which column is which. Put a row above the numbers, such as "
            "time,paw_x,paw_y,paw_z,elbow_x,elbow_y,elbow_z,shoulder_x,shoulder_y,shoulder_z."
        )
    width = max(map(len, rows))
    below = sheet.cells(index) if index < len(sheet.lines) else []
    if len(rows) == 1 and len(below) == width + 1 and below[-1]:  # R's write.table: names of rows, but none above them
        rows, width = [["", *rows[0]]], width + 1
    cells = [row + [""] * (width - len(row)) for row in rows]
    return _HeaderRows(cells, index, index_name, below[0] if index < len(sheet.lines) else "0")


def _deeplabcut_header(rows: _HeaderRows, path: Path) -> Header:
    """Read the header of DeepLabCut 3D, below which the first column has frame numbers or, by its name, times."""
    levels, *columns = zip(*rows.cells, strict=True)
    points = deeplabcut_points(list(map(str.lower, levels)), columns, rows.corner, Place(str(path), [rows.end + 1]))
    time = TIME_NAME.fullmatch(rows.index_name.lower())
    second = SECONDS[time[1] or "s"] if time else None
    return Header(["frame", *map("/".join, points)], [None, *points], None, 0, second)


def _header(rows: Sequence[Sequence[str]], path: Path) -> Header:
    """Read a header of one row with names and coordinates, or of a row of names and one of coordinates."""
    alone = [sum(_ALONE.fullmatch(cell) is not None for cell in row) for row in rows]
    named = [sum(map(bool, map(_matched, row))) for row in rows]  # below names there may be a row of units
    labels = int(np.argmax(alone if max(alone) >= 3 else named))
    owners, match_label = [""] * len(rows[labels]), _matched
    if max(alone) >= 3 and len(rows) > 1:
        match_label = _ALONE.fullmatch
        owners, last = list(rows[labels - 1 if labels else 1]), ""
        for index, label in enumerate(rows[labels]):  # a name may stand over the first of its columns only
            last = owners[index] or last
            owners[index] = last if match_label(label) else owners[index]
    matches = [(owner, match_label(cell)) for owner, cell in zip(owners, rows[labels], strict=True)]
    points = [(owner or match["name"], _coordinate(match)) if match else None for owner, match in matches]
    names = ["/".join(filter(None, pair)) for pair in zip(owners, rows[labels], strict=True)]
    below = [[cell.strip("()[]") for cell in row] for row in rows[labels + 1 :]]
    units = {match["unit"].lower() for _, match in matches if match and match["unit"]}
    units |= {unit for row in below for cell in row if (unit := unit_of(cell))}
    if len(units) > 1:
        raise KinematicsError(f"{path}: its header says several units, {', '.join(sorted(units))}. Write all in one.")
    others = [(index, name.lower()) for index, name in enumerate(names) if points[index] is None]
    unit = next(iter(units), None)
    for index, name in others:
        if match := TIME_NAME.fullmatch(name):
            said = match[1] or next((row[index] for row in below if row[index] in SECONDS), "s")
            return Header(names, points, unit, index, SECONDS[said])
    frames = [index for index, name in others if re.sub(r"[\s_#:]|unnamed", "", name) in _FRAMES]
    if not points[0] and (not names[0] or names[0].lower().split("/")[0] in _POINT_NAMES):  # the index of pandas
        frames.append(0)
    return Header(names, points, unit, frames[0] if frames else None, None)


def _coordinate(match: re.Match[str]) -> str:
    return _SYNONYMS.get(coordinate := match["coordinate"].lower(), coordinate)


def _check_rows(table: NumberTable, first: str) -> None:
    """Refuse blank lines where a row is a frame, and a first column, of that name, that seems to number the rows."""
    if first and (np.diff(table.numbers(0)) > 0).all():
        raise table.place.error(
            f"its first column, {first}, increases from row to row. Call it frame, if it has frame numbers, or time "
            "(time_ms if in ms), or remove it: each row is a frame then."
        )
    gap = np.flatnonzero(np.diff(table.lines) != 1)
    if len(gap):
        raise table.place.error(
            "blank lines follow, and there is neither a column of frame numbers nor of times. Remove them or, where a "
            "point was not seen, write the separators.",
            int(gap[0]),
        )


def deeplabcut_points(
    levels: Sequence[str], columns: Iterable[Sequence[str]], frame: str, place: Place
) -> list[tuple[str, str]]:
    """Name of the point and coordinate of every column of DeepLabCut 3D, by its names from scorer to coords."""
    if tuple(levels) not in (LEVELS, (LEVELS[0], *LEVELS[2:])):
        raise place.error(
            f"its header rows are {', '.join(levels)}; DeepLabCut 3D has scorer, (individuals,) bodyparts and "
            "coords. Give the file that deeplabcut.triangulate wrote."
        )
    if to_number(frame) is None:
        what = (
            "is not a frame number; tables of labelled pictures have names there. Give the file that "
            "deeplabcut.triangulate wrote, which has a row for every frame of the film."
        )
        raise place.error(f"'{frame}' {what}", 0, "frame")
    return [("/".join(column[1:-1]), column[-1].lower()) for column in columns]


def point_of(column: str) -> tuple[str, str] | None:
    """Name of the point and coordinate of a column with a name such as paw_x; None of another column."""
    match = _matched(column)
    return (match["name"], _coordinate(match)) if match else None


def _matched(column: str) -> re.Match[str] | None:
    return _IN_NAME.fullmatch(column) or _CAMEL.fullmatch(column)


def unit_of(text: str) -> str | None:
    """Unit of length that a program calls so, or None."""
    match = re.fullmatch("(centi|milli|)met(?:er|re)s?|([cm]?)m", text, re.IGNORECASE)
    return {"": "m", "c": "cm", "m": "mm"}[(match[1] or match[2] or "")[:1].lower()] if match else None


def find_points(
    columns: Iterable[tuple[str, str] | None], names: Mapping[str, str], path: Path, hint: str = "NAME"
) -> list[Mapping[str, int]]:
    """Find the columns of each landmark, by coordinate, in the order of `LANDMARKS`; errors as `read_markers`.

    Columns are the name of a point and its coordinate, or None if they hold something else; names are those of the
    landmarks in the file, and the hint is what is to be given with ``--points``.
    """
    points: dict[str, dict[str, int]] = {}
    for index, (name, coordinate) in enumerate(column or ("", "") for column in columns):
        if coordinate not in ("x", "y", "z", "likelihood"):
            continue
        point = points.setdefault(name, {})
        if coordinate in point:
            twice = f"{point[coordinate] + 1} and {index + 1}"
            raise KinematicsError(f"{path}: {name} has two columns for {coordinate} ({twice}). Rename one.")
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
            "(or its name above columns x, y, z in a second header row); angles of joints are not enough. Where a row "
            "is a point: pandas.read_csv(path).pivot(index='frame', columns='bodypart').to_csv(other)."
        )
    for landmark in LANDMARKS:
        if names[landmark] not in whole:
            raise UnknownNameError(f"point in {path} (--points {landmark}={hint})", names[landmark], whole)
    return [whole[names[landmark]] for landmark in LANDMARKS]


def stack_points(
    numbers: Callable[[int], np.ndarray], found: Sequence[Mapping[str, int]]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Positions (T, 3, 3) and likelihoods (T, 3) of the points that were found, from the numbers (T,) of each column.

    The likelihoods are None unless every point has one. Infinity becomes NaN: triangulation puts a point there where
    two cameras see it along parallel rays, so it was not seen.
    """
    positions = np.stack([np.stack([numbers(point[axis]) for axis in "xyz"], 1) for point in found], 1)
    positions = np.where(np.isfinite(positions), positions, np.nan)
    if not all("likelihood" in point for point in found):
        return positions, None
    return positions, np.stack([numbers(point["likelihood"]) for point in found], 1)


def whole_numbers(values: np.ndarray, column: str, place: Place) -> np.ndarray:
    """Turn frame numbers (T,), called so in the file, into integers; refuse those that are missing or not whole."""
    bad = np.flatnonzero(~(np.abs(values) < _LAST_FRAME) | (values != np.round(values)))
    if len(bad):
        what = "is not a frame number. Write a whole number or, where these are seconds, call the column time."
        raise place.error(f"{values[bad[0]]:g} {what}", int(bad[0]), column)
    return values.astype(int)
