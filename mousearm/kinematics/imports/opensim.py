"""OpenSim: marker files (.trc) and tables of points (.sto, .mot).

A .trc file says its units and rate. A table holds points as three columns each (NAME_x, NAME_tx or NAME_1, and so on)
or, where its header says DataType=Vec3, as one column with three numbers; it may say Units and DataRate. Both have
times, and OpenSim's axes by convention: x forward, y up, z to the right.
https://opensimconfluence.atlassian.net/wiki/spaces/OpenSim/pages/53089972 and .../53089996 describe them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mousearm.errors import KinematicsError
from mousearm.kinematics.files import Row, parse_number, read_rows
from mousearm.kinematics.imports.markers import MarkerRecording
from mousearm.kinematics.imports.tables import TextTable, find_points, point_of, stack_points
from mousearm.registry import FORMATS

_COLUMN = re.compile(r"(?P<name>.+)_t?(?P<coordinate>[xyz123])", re.IGNORECASE)
_TRC_HEADER = 5  # lines: PathFileType; keys; values; names; coordinates
_UNITS = {
    "m": ("m", "meter", "meters", "metre", "metres"),
    "cm": ("cm", "centimeter", "centimeters", "centimetre", "centimetres"),
    "mm": ("mm", "millimeter", "millimeters", "millimetre", "millimetres"),
}


def read_trc(path: Path, names: Mapping[str, str]) -> MarkerRecording:
    """Read a marker file of OpenSim.

    Raises:
        KinematicsError: the file is not a .trc file, is cut off, or has a cell that is not a number.
        UnknownNameError: the file lacks a name.
    """
    rows = read_rows(path, "\t")
    if not rows[0][1][0].startswith("PathFileType"):
        raise KinematicsError(f"{path}, row 1: does not start with PathFileType, so it is not a .trc file.")
    if len(rows) <= _TRC_HEADER:
        raise KinematicsError(f"{path}: ends after row {len(rows)}, within its header. Export it again.")
    keys, values, markers = ([cell for cell in rows[i][1] if cell] for i in (1, 2, 3))
    header = dict(zip(keys, values, strict=False))
    if [name.lower() for name in markers[:2]] != ["frame#", "time"]:
        raise KinematicsError(f"{path}, row 4: does not start with Frame# and Time, so it is not a .trc file.")
    _check_count(header, "NumMarkers", len(markers) - 2, "markers in row 4", path)
    columns = [(name, axis) for name in markers[2:] for axis in "xyz"]
    cells = _cells(path, rows[_TRC_HEADER:], [*markers[:2], *(f"{name} {axis}" for name, axis in columns)])
    _check_count(header, "NumFrames", len(cells.lines), "rows of data", path)
    found = find_points([None, None, *columns], names, path)
    return _recording(path, "OpenSim .trc", cells, found, 1, header)


def read_sto(path: Path, names: Mapping[str, str]) -> MarkerRecording:
    """Read a table of points of OpenSim.

    Errors as `read_trc`.
    """
    rows = read_rows(path, "\t")
    end = next((i for i, (_, cells) in enumerate(rows) if cells[0].lower() == "endheader"), None)
    if end is None or end + 1 >= len(rows):
        raise KinematicsError(f"{path}: has no line endheader with a table below it, so it is not a .sto or .mot file.")
    header = dict(_entries(rows[:end]))
    table = list(_split(rows[end + 1 :], header.get("datatype", "double"), path))
    labels = table[0][1]
    if labels[0].lower() != "time":
        raise KinematicsError(f"{path}, row {table[0][0]}: the first column is '{labels[0]}'; it must be time.")
    found = find_points((point_of(label, _COLUMN) for label in labels), names, path)
    cells = _cells(path, table[1:], labels)
    for key in ("nrows", "datarows"):
        _check_count(header, key, len(cells.lines), "rows of data", path)
    return _recording(path, "OpenSim table", cells, found, 0, header)


FORMATS.add(read_trc, "trc")
FORMATS.add(read_sto, "sto", "mot")


def _recording(
    path: Path, kind: str, cells: TextTable, found: Sequence[Mapping[str, int]], time: int, header: Mapping[str, str]
) -> MarkerRecording:
    header = {key.lower(): value for key, value in header.items()}
    positions, _ = stack_points(cells.numbers, found)
    unit = _unit(header["units"], path) if "units" in header else None
    rate = _rate(header["datarate"], path) if "datarate" in header else None
    return MarkerRecording(path, kind, cells.lines, positions, None, None, cells.numbers(time), unit, rate, "x y z")


def _cells(path: Path, rows: Sequence[Row], header: Sequence[str]) -> TextTable:
    """Read the table below the blank lines that may stand between it and the header."""
    first = next((i for i, (_, cells) in enumerate(rows) if any(cells)), len(rows))
    return TextTable(path, rows[first:], header)


def _entries(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Keys, in lower case, and values of a header: KEY=VALUE, or KEY VALUE as SIMM wrote it."""
    for _, cells in rows:
        match = re.fullmatch(r"(\w+)\s*(?:=|\s)\s*(\S+)", " ".join(cells))
        if match:
            yield match[1].lower(), match[2]


def _split(rows: Sequence[Row], data_type: str, path: Path) -> Iterator[Row]:
    """Yield the table with one number per cell; labels of points that had one column get _x, _y and _z."""
    if data_type.lower() not in ("double", "vec3"):
        raise KinematicsError(f"{path}: DataType={data_type} is not a position. Write a table of double or Vec3.")
    spaced = len(rows[0][1]) == 1  # SIMM parts its columns by spaces
    for number, (line, cells) in enumerate(rows):
        cells = " ".join(cells).split() if spaced else cells
        if data_type.lower() == "vec3" and number == 0:
            cells = [cells[0], *(f"{name}_{axis}" for name in cells[1:] if name for axis in "xyz")]
        elif data_type.lower() == "vec3":
            cells = [part.strip() for cell in cells for part in cell.split(",")]
        yield line, cells


def _check_count(header: Mapping[str, str], key: str, found: int, what: str, path: Path) -> None:
    if key in header and parse_number(header[key]) != found:
        raise KinematicsError(
            f"{path}: says {key}={header[key]}, but has {found} {what}. Is the file cut off? Export it again."
        )


def _unit(text: str, path: Path) -> str:
    for unit, names in _UNITS.items():
        if text.lower() in names:
            return unit
    raise KinematicsError(f"{path}: says Units={text}; only {', '.join(_UNITS)} are known. Correct it, or convert it.")


def _rate(text: str, path: Path) -> float:
    rate = parse_number(text)
    if rate is None or not 0 < rate < float("inf"):
        raise KinematicsError(f"{path}: says DataRate={text}; it must be a number of Hz above 0. Correct it.")
    return rate
