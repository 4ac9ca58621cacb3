"""Reading and writing reaches as CSV files.

A file has one row per frame: the time in seconds and the positions of paw, wrist, shoulder and elbow in metres, in the
ground axes of OpenSim (y-up). OpenSim (x, y, z) is MuJoCo (z, x, y), a proper rotation; `Reach` has MuJoCo's axes.

- With a header, columns are found by name (`time, paw_x ... shoulder_z`), in any order; others are ignored. A column
  `time_ms`, `time (us)` and the like holds the time in that unit. What is known of the tracking may stand in more
  columns, the same in every row: `paw_noise_mm ...`, `cutoff_hz`, and `paw_recorded_x ...`, `paw_truth_x ...` for
  `VERSIONS` of the positions.
- Without one, there must be exactly the 13 columns of `COLUMNS`, in that order.

Encoding and separator are found as of any `Sheet`.

The wrist is never used: in the published recordings it wanders by millimetres while the segments are rigid.
"""

import re
import shlex
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.files import write_text
from mousearm.kinematics.checks import COLUMN_AXES, TIME_UNITS, Place, check_finite, check_recording
from mousearm.kinematics.reach import VERSIONS, Reach
from mousearm.kinematics.sheets import NumberTable, Sheet, parse_number
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


def read_csv(path: Path | str, name: str | None = None) -> Reach:
    """Read one reach in metres and MuJoCo axes (z-up), with the file's time; its name is the file's stem or ``name``.

    Raises:
        KinematicsError: the file cannot be read, or its contents cannot be a reach. The text names the file, the row
            (the line of the file; the first is 1) and the column.
    """
    path = Path(path)
    sheet = Sheet.read(path)
    names, first, second = _columns(sheet)
    read = {column: i for i, column in enumerate(names) if column in _READ}
    numbers = NumberTable(path, sheet.rows(first), names, read.values())
    place, table = numbers.place, {column: numbers.numbers(i) for column, i in read.items()}
    import_it = (
        "Correct it or, where a point was not seen, import the file, which fills short gaps: "
        f"python scripts/import_reaches.py {shlex.quote(place.source)} --out FOLDER --units m --axes 'x y z'"
    )
    check_finite(table, place, import_it)
    time = second * table["time"]
    versions = {
        of: np.column_stack([table[column] for column in columns]).reshape(-1, len(LANDMARKS), 3)
        for of, columns in _POINTS.items()
        if table.keys() >= set(columns)
    }
    points = versions.pop("")
    check_recording(time, points, place, import_it)
    noise = {point: _same(table[column], column, place) for point, column in NOISE_COLUMNS.items() if column in table}
    return Reach.of(
        path.stem if name is None else name,
        time,
        points,
        measured_noise_mm=noise if len(noise) == len(NOISE_COLUMNS) else {},
        cutoff=_same(table[CUTOFF_COLUMN], CUTOFF_COLUMN, place) if CUTOFF_COLUMN in table else None,
        versions=versions,
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


def _columns(sheet: Sheet) -> tuple[Sequence[str], int, float]:
    """Names of the columns, the number of lines of the header, and the unit [s] of the time.

    A first line with a number is no header.
    """
    first = sheet.cells(0)
    if any(parse_number(cell) is not None for cell in first):
        if len(first) != len(COLUMNS):
            raise KinematicsError(
                f"{sheet.path}, row 1: has no header, and {len(first)} columns instead of {len(COLUMNS)}: "
                f"{', '.join(COLUMNS)}. Write a header with the names of those that there are."
            )
        return COLUMNS, 0, 1.0
    names = [cell.lower() for cell in first]
    times = [(i, match[1]) for i, name in enumerate(names) if (match := TIME_NAME.fullmatch(name))]
    index, unit = min(times, key=lambda time: names[time[0]] != "time", default=(0, None))
    if times:
        names[index] = "time"
    if missing := [name for name in REQUIRED if name not in names]:
        raise KinematicsError(
            f"{sheet.path}, row 1: the header has no column {', '.join(missing)}; it has {', '.join(first)[:500]}. "
            f"Needed, in any order: {', '.join(REQUIRED)}. Import other tables, and frame numbers without times, by "
            "scripts/import_reaches.py."
        )
    if twice := [name for name in _READ if names.count(name) > 1]:
        raise KinematicsError(f"{sheet.path}, row 1: the header has the column {', '.join(twice)} more than once.")
    return names, 1, SECONDS[unit or "s"]
