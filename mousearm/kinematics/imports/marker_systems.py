"""Marker systems: OpenSim's marker files (.trc) and tables of points (.sto, .mot), and C3D.

A .trc file says its units and rate; the rate is not believed against its times, since some programs always write 120.
A table holds points as three columns each (NAME_x, NAME_tx or NAME_1, and so on) or, where its header says
DataType=Vec3, as one column with three numbers; it may say Units and DataRate. Its header is free text up to
``endheader``: version 1 has blank lines in it, version 3 and SIMM none. Both have times, and OpenSim's axes by
convention: x forward, y up, z to the right.
https://opensimconfluence.atlassian.net/wiki/spaces/OpenSim/pages/53089972 and .../53089996 describe them.

C3D (Vicon, Motive, Qualisys, Theia) has units, rate and occlusions, and the axes of the laboratory. A point with a
negative residual was not seen. The package ezc3d reads the file. A damaged one can crash it or make it ask for all
memory, so it works in a process of its own, with limits.
"""

import importlib.util
import io
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.kinematics.imports.conversion import UNITS
from mousearm.kinematics.imports.markers import MarkerRecording
from mousearm.kinematics.imports.tables import find_points, point_of, stack_points, unit_of
from mousearm.kinematics.sheets import NumberTable, Row, Sheet, parse_number, read_head, refuse_other
from mousearm.registry import FORMATS

_TRC_HEADER = 5  # lines: PathFileType; keys; values; names; coordinates
_SECONDS, _BYTES_PER_SECOND = 15, 5e6  # that reading may take, and of a large file in addition
_READ = """
import contextlib, io, sys
with contextlib.suppress(ImportError, OSError, ValueError):
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
import ezc3d, numpy
file = ezc3d.c3d(sys.argv[1])
point, data, into = file["parameters"]["POINT"], file["data"], io.BytesIO()
numpy.savez(into, points=data["points"], residuals=data["meta_points"]["residuals"][0], labels=point["LABELS"]["value"],
            unit=point["UNITS"]["value"][:1], rate=point["RATE"]["value"][:1])
sys.stdout.buffer.write(into.getvalue())
"""


def read_trc(sheet: Sheet, names: Mapping[str, str]) -> MarkerRecording:
    """Read a marker file of OpenSim, whose first line starts with PathFileType; errors as `read_markers`."""
    path = sheet.path
    if len(sheet.lines) <= _TRC_HEADER:
        raise KinematicsError(f"{path}: ends after row {len(sheet.lines)}, within its header. Export it again.")
    keys, values, labels = (sheet.cells(index) for index in (1, 2, 3))
    header = {key.lower(): value for key, value in zip(keys, values, strict=False) if key and value}
    if [name.lower().replace(" ", "") for name in labels[:2]] != ["frame#", "time"]:
        raise KinematicsError(f"{path}, row 4: does not start with Frame# and Time, so it is not a .trc file.")
    markers = [name for name in labels[2:] if name]
    check_count(header, "NumMarkers", len(markers), "markers in row 4", path)
    places = [index for index, name in enumerate(labels) if index > 1 and name]
    if places != list(range(2, 2 + 3 * len(markers), 3)) and places != list(range(2, 2 + len(markers))):
        raise KinematicsError(
            f"{path}, row 4: a marker has no name, or does not stand above its three columns. Name every marker, in "
            "the first of its columns, or leave all empty cells of the row out."
        )
    columns = [(name, axis) for name in markers for axis in "xyz"]
    first = 5 if any(parse_number(cell) is None for cell in sheet.cells(4) if cell) else 4
    labels = [*labels[:2], *map(" ".join, columns)]
    return _recording(sheet, "OpenSim .trc", sheet.rows(first), labels, [None, None, *columns], names, header)


def read_sto(sheet: Sheet, names: Mapping[str, str]) -> MarkerRecording:
    """Read a table of points of OpenSim; errors as `read_markers`."""
    path = sheet.path
    header, sheet, start = open_sto(sheet)
    labels, kind = sheet.cells(start), header.get("datatype", "double")
    if kind.lower() not in ("double", "vec3"):
        raise KinematicsError(f"{path}: DataType={kind} is not a position. Write a table of double or Vec3.")
    rows = sheet.rows(start + 1)
    if kind.lower() == "vec3":
        labels = [labels[0], *(f"{name}_{axis}" for name in labels[1:] if name for axis in "xyz")]
        rows = ((line, _numbers_apart(cells)) for line, cells in rows)
    return _recording(sheet, "OpenSim table", rows, labels, list(map(point_of, labels)), names, header)


def open_sto(sheet: Sheet) -> tuple[dict[str, str], Sheet, int]:
    """Header of a table of OpenSim by key in lower case, the table separated as it is, and the index of its labels.

    KinematicsError if there is none, or the first column is not the time.
    """
    end = next((i for i, line in enumerate(sheet.lines) if line.strip().lower() == "endheader"), len(sheet.lines))
    start = next((i for i in range(end + 1, len(sheet.lines)) if sheet.lines[i].strip()), None)
    if start is None:
        what = "has no line endheader with a table below it, so it is not a .sto or .mot file."
        raise KinematicsError(f"{sheet.path}: {what}")
    entries = (re.fullmatch(r"(\w+)\s*(?:=|\s)\s*(\S+)", line.strip()) for line in sheet.lines[:end])  # SIMM: without =
    sheet = sheet.split_at(start)
    first = sheet.cells(start)[0]
    if first.lower() != "time":
        raise KinematicsError(f"{sheet.path}, row {start + 1}: the first column is '{first}'; it must be time.")
    return {entry[1].lower(): entry[2] for entry in entries if entry}, sheet, start


def _numbers_apart(cells: Sequence[str]) -> list[str]:
    """Cells with one number each; an empty one below a vector stands for three."""
    return [cell.strip() for cell in ",".join([cells[0], *(cell or ",," for cell in cells[1:])]).split(",")]


def _recording(
    sheet: Sheet,
    kind: str,
    rows: Iterator[Row],
    labels: Sequence[str],
    columns: Sequence[tuple[str, str] | None],
    names: Mapping[str, str],
    header: Mapping[str, str],
) -> MarkerRecording:
    path = sheet.path
    found, time = find_points(columns, names, path), [label.lower() for label in labels].index("time")
    table = NumberTable(path, rows, labels, [time, *(column for point in found for column in point.values())])
    for key in ("NumFrames", "nRows", "datarows"):
        check_count(header, key, len(table.lines), "rows of data", path)
    positions, _ = stack_points(table.numbers, found)
    unit = unit_of(header["units"]) if "units" in header else None
    if "units" in header and unit is None:
        raise KinematicsError(
            f"{path}: says Units={header['units']}; only {', '.join(UNITS)} are known. Correct it there, "
            "and the numbers if need be."
        )
    rate = parse_number(header.get("datarate", "")) or None  # 0 is what some write who do not know it
    return MarkerRecording(path, kind, table.lines, positions, None, None, table.numbers(time), unit, rate, "x y z")


def check_count(header: Mapping[str, str], key: str, found: int, what: str, path: Path) -> None:
    """Refuse a file of OpenSim that has other than the number of things that a key of its header says."""
    said = header.get(key.lower())
    if said is not None and parse_number(said) != found:
        raise KinematicsError(
            f"{path}: says {key}={said}, but has {found} {what}. Is the file cut off? Export it again or, if all is "
            f"there, correct {key}."
        )


def read_c3d(path: Path, names: Mapping[str, str]) -> MarkerRecording:
    """Read a C3D file; needs the package ezc3d.

    Errors as `read_markers`: the file is not C3D, is damaged or cut off, or ezc3d is not installed.
    """
    head = read_head(path)
    if head[1:2] != b"\x50":
        refuse_other(path, head, "C3D")
    if importlib.util.find_spec("ezc3d") is None:
        raise KinematicsError(f"{path}: C3D needs the package ezc3d: pip install 'mousearm[c3d]'. Or export .trc.")
    limit, command = _SECONDS + path.stat().st_size / _BYTES_PER_SECOND, [sys.executable, "-c", _READ, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=limit, check=True)
        with np.load(io.BytesIO(done.stdout), allow_pickle=False) as archive:
            file = dict(archive)
    except (subprocess.SubprocessError, ValueError, OSError) as error:
        last = getattr(error, "stderr", None) or b"it cannot be read"
        why = last.decode(errors="replace").strip().rpartition("\n")[2]
        remedy = "Export it again, or export .trc."
        raise KinematicsError(f"{path}: is damaged, or no C3D file ({why}). {remedy}") from error
    labels, unit = [str(label).strip() for label in file["labels"]], "".join(map(str, file["unit"])).strip()
    points, rate = file["points"][:3], float(file["rate"].sum())
    first, last = (int.from_bytes(head[start : start + 2], "little") for start in (6, 8))
    if last < 2**16 - 1 and points.shape[2] != last - first + 1:
        what = f"says that it has frames {first} to {last}, but has {points.shape[2]}"
        raise KinematicsError(f"{path}: {what}. Is it cut off? Export it again.")
    found = find_points(((label, axis) for label in labels[: points.shape[1]] for axis in "xyz"), names, path)
    chosen = [column["x"] // 3 for column in found]
    seen = (file["residuals"][chosen] >= 0) & np.isfinite(points[:, chosen]).all(axis=0)
    positions = np.where(seen, points[:, chosen], np.nan).transpose(2, 1, 0)
    if unit and unit_of(unit) is None:
        raise KinematicsError(f"{path}: says its unit is {unit}; m, cm and mm are known. Export it in one of these.")
    frames = first - 1 + np.arange(len(positions))  # the first frame of a trial is 1, at time 0
    known = rate if 0 < rate < np.inf else None
    return MarkerRecording(path, "C3D", None, positions, None, frames, unit=unit_of(unit), rate=known)


FORMATS.add(read_c3d, "c3d")
