"""Reading and writing reaches as CSV files.

A file has one row per frame: the time in seconds and the positions of paw, wrist, shoulder and elbow in metres, in the
ground axes of OpenSim (y-up). OpenSim (x, y, z) is MuJoCo (z, x, y), a proper rotation; `Reach` has MuJoCo's axes.

- With a header, columns are found by name (`time, paw_x ... shoulder_z`), in any order; others are ignored. A column
  `time_ms`, `time (us)` and the like holds the time in that unit. What is known of the tracking may stand in more
  columns, the same in every row: `paw_noise_mm ...`, `cutoff_hz`, and `paw_recorded_x ...`, `paw_truth_x ...` for
  `VERSIONS` of the positions.
- Without one, there must be exactly the 13 columns of `COLUMNS`, in that order.

The wrist is never used: in the published recordings it wanders by millimetres while the segments are rigid.
"""

import csv
import io
import re
import shlex
from itertools import chain
from pathlib import Path

import numpy as np

from mousearm.door import read_text
from mousearm.errors import KinematicsError
from mousearm.files import write_text
from mousearm.kinematics.checks import COLUMN_AXES, TIME_UNITS, Place, check_recording
from mousearm.kinematics.reach import VERSIONS, Reach
from mousearm.trajectory import LANDMARKS

# The 13 columns of a file without a header, in order, and the 10 that one with a header must have.
COLUMNS = ("time", *(f"{point}_{axis}" for point in ("paw", "wrist", "shoulder", "elbow") for axis in "xyz"))
REQUIRED = tuple(name for name in COLUMNS if not name.startswith("wrist"))
# What is known of the tracking; and columns of positions in the order of arrays (T, 3, 3), of the reach itself ("") and
# of its versions.
NOISE_COLUMNS, CUTOFF_COLUMN = {point: f"{point}_noise_mm" for point in LANDMARKS}, "cutoff_hz"
_POINTS = {
    of: [f"{point}{of and '_'}{of}_{axis}" for point in LANDMARKS for axis in COLUMN_AXES] for of in ("", *VERSIONS)
}
OWN_COLUMNS = (*NOISE_COLUMNS.values(), CUTOFF_COLUMN, *chain(*(_POINTS[of] for of in VERSIONS)))  # no other file's
_READ = dict.fromkeys((*REQUIRED, *OWN_COLUMNS))
DECIMALS = 7  # written: a tenth of a micrometre, a tenth of a microsecond

# Names that a header may have for a unit of time, in s; and for the times, in lower case, where it may say their unit.
SECONDS = TIME_UNITS | {"sec": 1.0, "seconds": 1.0, "milliseconds": 1e-3, "µs": 1e-6, "μs": 1e-6, "minutes": 60.0}
TIME_NAME = re.compile(rf"(?:t|times?|timestamps?)(?:[\s_]*[(\[]?({'|'.join(SECONDS)})[)\]]?)?")

Row = tuple[int, list[str]]  # a line number of the file (the first is 1) and the cells of that line


def read_csv(path: Path | str, name: str | None = None) -> Reach:
    """Read one reach in metres and MuJoCo axes (z-up), with the file's time; its name is the file's stem or ``name``.

    Raises:
        KinematicsError: the file cannot be read, or its contents cannot be a reach. The text names the file, the row
            (the line of the file; the first is 1) and the column.
    """
    path = Path(path)
    columns, rows, second = _columns(read_rows(path), path)
    place = Place(str(path), [line for line, _ in rows])
    import_it = (
        "Correct it or, where a point was not seen, import the file, which fills short gaps: "
        f"python scripts/import_reaches.py {shlex.quote(place.source)} --out FOLDER --units m --axes 'x y z'"
    )
    table = _numbers(rows, columns, place, import_it)
    time = second * table["time"]
    versions = {
        of: np.column_stack([table[column] for column in columns]).reshape(-1, len(LANDMARKS), 3)
        for of, columns in _POINTS.items()
        if table.keys() >= set(columns)
    }
    landmarks: dict[str, np.ndarray] = dict(zip(LANDMARKS, np.moveaxis(versions.pop(""), 1, 0), strict=True))
    check_recording(time, landmarks, place, import_it)
    noise = {point: _same(table[column], column, place) for point, column in NOISE_COLUMNS.items() if column in table}
    return Reach(
        path.stem if name is None else name,
        time,
        **landmarks,
        measured_noise_mm=noise if len(noise) == len(NOISE_COLUMNS) else {},
        cutoff=_same(table[CUTOFF_COLUMN], CUTOFF_COLUMN, place) if CUTOFF_COLUMN in table else None,
        versions=versions,
        origin=None,
    )


def _same(values: np.ndarray, column: str, place: Place) -> float:
    """The number that stands in every row, (T,)."""
    bad = np.flatnonzero((values != values[0]) | (values < 0))
    if len(bad):
        what = "is not the number above 0 that stands in all rows. Remove the column, or correct it."
        raise place.error(f"{values[bad[0]]:g} {what}", int(bad[0]), column)
    return float(values[0])


def write_csv(reach: Reach, path: Path | str) -> None:
    """Write one reach with a header, in the axes of OpenSim, so that `read_csv` gives it back.

    Numbers are rounded to `DECIMALS` decimals. There are the columns of `REQUIRED`, and those of what the reach knows
    of its tracking; a `Reach` has no wrist. The folder must exist; an existing file is replaced.

    Raises:
        OutputError: the file cannot be written.
    """
    columns = dict.fromkeys(REQUIRED, reach.time)
    for of, points in {"": reach.landmarks, **reach.versions}.items():
        columns |= zip(_POINTS[of], points.reshape(reach.n_frames, -1).T, strict=True)
    facts = {NOISE_COLUMNS[point]: noise for point, noise in reach.measured_noise_mm.items()}
    facts |= {} if reach.cutoff is None else {CUTOFF_COLUMN: reach.cutoff}
    columns |= {name: np.full(reach.n_frames, value) for name, value in facts.items()}
    rows = np.column_stack([*columns.values()])
    lines = [",".join(columns), *(",".join(f"{value:.{DECIMALS}f}" for value in row) for row in rows)]
    write_text(Path(path), "\n".join(lines) + "\n")


def read_rows(path: Path, delimiter: str = ",") -> list[Row]:
    """Read all lines of a text file in UTF-8 as cells without outer spaces; blank lines at the end are dropped.

    Raises:
        KinematicsError: the file cannot be read, is not such text, or is empty.
    """
    reader = csv.reader(io.StringIO(read_text(path, kind=KinematicsError), newline=""), delimiter=delimiter)
    rows: list[Row] = []
    first = 1  # line in which a row begins: a quotation mark without an end makes it long
    try:
        for cells in reader:
            rows.append((first, [cell.strip() for cell in cells]))
            first = reader.line_num + 1
    except csv.Error as error:
        raise KinematicsError(f"{path}, row {first}: cannot be read ({error}). Correct the row.") from error
    while rows and not any(rows[-1][1]):
        rows.pop()
    if not rows:
        raise KinematicsError(f"{path}: is empty. A reach has one row per frame: {', '.join(COLUMNS)}.")
    return rows


def _columns(rows: list[Row], path: Path) -> tuple[tuple[str, ...], list[Row], float]:
    """Find the names of the columns, the rows below the header, and the unit [s] of the time.

    A first line with a number is no header.
    """
    if any(parse_number(cell) is not None for cell in rows[0][1]):
        return COLUMNS, rows, 1.0
    (line, first), *rows = rows
    names = [cell.lower() for cell in first]
    times = [(i, match[1]) for i, name in enumerate(names) if (match := TIME_NAME.fullmatch(name))]
    index, unit = min(times, key=lambda time: names[time[0]] != "time", default=(0, None))
    if times:
        names[index] = "time"
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise KinematicsError(
            f"{path}, row {line}: the header has no column {', '.join(missing)}; it has {', '.join(first)}. "
            f"Needed, in any order and separated by commas: {', '.join(REQUIRED)}. Import other tables, and "
            "frame numbers without times, by scripts/import_reaches.py."
        )
    twice = [name for name in _READ if names.count(name) > 1]
    if twice:
        raise KinematicsError(f"{path}, row {line}: the header has the column {', '.join(twice)} more than once.")
    return tuple(names), rows, SECONDS[unit or "s"]


def _numbers(rows: list[Row], columns: tuple[str, ...], place: Place, import_it: str) -> dict[str, np.ndarray]:
    """Parse the columns that are read as numbers, each (T,), by name; ``import_it`` says what else to do."""
    values = {name: np.empty(len(rows)) for name in columns if name in _READ}
    for index, (_, cells) in enumerate(rows):
        if len(cells) != len(columns):
            header = "" if columns != COLUMNS else " (a file without all of them needs a header with their names)"
            raise place.error(
                f"has {len(cells)} columns instead of {len(columns)}. Needed, separated by commas: "
                f"{', '.join(columns)}{header}.",
                index,
            )
        for name, cell in zip(columns, cells, strict=True):
            if name not in _READ:
                continue
            number = parse_number(cell)
            if number is None:
                found = f"'{cell}' is not a number" if cell else "the cell is empty"
                raise place.error(f"{found}. Write a decimal number such as 0.0123. {import_it}", index, name)
            if not np.isfinite(number):
                raise place.error(f"'{cell}' is not a finite number. {import_it}", index, name)
            values[name][index] = number
    return values


def parse_number(cell: str) -> float | None:
    """Parse the number in a cell, None if it is not one; an underscore, which Python allows, is a typing error here."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None
