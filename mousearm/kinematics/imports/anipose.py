"""Anipose, and SLEAP by way of it: one header row with NAME_x, NAME_y, NAME_z, NAME_error, NAME_ncams, NAME_score.

The frame number is the column ``fnum``; instead, a column ``time`` in seconds is understood. A point that was not seen
has empty cells. Other columns, such as the rotation M_00 ... center_2, are ignored. Neither units nor the rate are in
the file: units are those of the calibration board.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from mousearm.errors import KinematicsError
from mousearm.kinematics.files import Row
from mousearm.kinematics.imports.cells import TextTable, find_points, lay_out, whole_numbers
from mousearm.kinematics.imports.markers import MarkerRecording

_COLUMN = re.compile(r"(?P<name>.+)[_.](?P<coordinate>x|y|z|score|likelihood)", re.IGNORECASE)


def read_anipose(path: Path, rows: Sequence[Row], names: Mapping[str, str]) -> MarkerRecording:
    """Read a CSV file of Anipose, or one with times.

    Args:
        path: the file.
        rows: its lines.
        names: name of every landmark in the file.

    Raises:
        KinematicsError: the table has no points, neither frame numbers nor times, or a cell that is not a number.
        UnknownNameError: the file lacks a name.
    """
    header = rows[0][1]
    found = find_points(names, lay_out(map(_point, header), path), path)
    cells = TextTable(path, rows[1:], header)
    positions, likelihood = cells.points(found)
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


def _point(column: str) -> tuple[str, str] | None:
    match = _COLUMN.fullmatch(column)
    if match is None:
        return None
    coordinate = match["coordinate"].lower()
    return match["name"], "likelihood" if coordinate == "score" else coordinate
