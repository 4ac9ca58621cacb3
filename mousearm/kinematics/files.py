"""Reading and writing reaches as CSV files.

A file has one row per frame: the time in seconds and the positions of paw, wrist, shoulder and elbow in metres, in the
ground axes of OpenSim (y-up). OpenSim (x, y, z) is MuJoCo (z, x, y), a proper rotation; `Reach` has MuJoCo's axes.

- With a header, columns are found by name (`time, paw_x ... shoulder_z`), in any order; others are ignored.
- Without one, there must be exactly the 13 columns of `COLUMNS`, in that order.

The wrist is never used: in the published recordings it wanders by millimetres while the segments are rigid.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.files import write_text
from mousearm.kinematics.checks import COLUMN_AXES, Place, check_recording
from mousearm.kinematics.reach import Reach
from mousearm.trajectory import LANDMARKS

COLUMNS = ("time", *(f"{point}_{axis}" for point in ("paw", "wrist", "shoulder", "elbow") for axis in "xyz"))
"""The 13 columns of a file without a header, in order; arrays have the order of `LANDMARKS`."""

REQUIRED = tuple(name for name in COLUMNS if not name.startswith("wrist"))
"""The 10 columns that a file with a header must have."""

DECIMALS = 7
"""Decimals written: a tenth of a micrometre, a tenth of a microsecond."""

MAX_CSV_BYTES = 500_000_000
"""Largest text file; its cells take twenty times as much memory."""

Row = tuple[int, list[str]]
"""A line number of the file (the first is 1) and the cells of that line."""


def read_csv(path: Path | str, name: str | None = None) -> Reach:
    """Read one reach.

    Args:
        path: the file.
        name: the reach's name; None for the file's stem.

    Returns:
        The reach in metres and MuJoCo axes (z-up), with the file's time.

    Raises:
        KinematicsError: the file cannot be read, or its contents cannot be a reach. The text names the file, the row
            (the line of the file; the first is 1) and the column.
    """
    path = Path(path)
    columns, rows = _columns(read_rows(path), path)
    place = Place(str(path), [line for line, _ in rows])
    table = _numbers(rows, columns, place)
    time = table["time"]
    landmarks = {point: np.column_stack([table[f"{point}_{axis}"] for axis in COLUMN_AXES]) for point in LANDMARKS}
    check_recording(time, landmarks, place)
    return Reach(path.stem if name is None else name, time, **landmarks)


def write_csv(reach: Reach, path: Path | str) -> None:
    """Write one reach with a header, in the axes of OpenSim, so that `read_csv` gives it back.

    Numbers are rounded to `DECIMALS` decimals. There are the columns of `REQUIRED`; a `Reach` has no wrist. The folder
    must exist; an existing file is replaced.

    Raises:
        OutputError: the file cannot be written.
    """
    columns = {"time": reach.time}
    for point in LANDMARKS:
        columns |= {f"{point}_{axis}": getattr(reach, point)[:, i] for i, axis in enumerate(COLUMN_AXES)}
    lines = [",".join(REQUIRED)]
    lines += [
        ",".join(f"{value:.{DECIMALS}f}" for value in row) for row in zip(*map(columns.get, REQUIRED), strict=True)
    ]
    write_text(Path(path), "\n".join(lines) + "\n")


def read_rows(path: Path, delimiter: str = ",") -> list[Row]:
    """Read all lines of a text file in UTF-8 as cells without outer spaces; blank lines at the end are dropped.

    Raises:
        KinematicsError: the file cannot be read, is not such text, or is empty.
    """
    if path.exists() and not path.is_file():  # reading a device or a pipe might never end
        raise KinematicsError(f"{path}: is {'a folder' if path.is_dir() else 'no file'}; a file is needed here.")
    try:
        if path.stat().st_size > MAX_CSV_BYTES:
            raise KinematicsError(
                f"{path}: has {path.stat().st_size / 1e6:.0f} MB; text of more than {MAX_CSV_BYTES / 1e6:.0f} MB is "
                "not read. Cut the recording, or give HDF5 where its program writes it."
            )
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter)
            rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except FileNotFoundError:
        raise KinematicsError(f"{path}: there is no such file or folder.") from None
    except OSError as error:
        raise KinematicsError(f"{path}: cannot be read ({error.strerror}).") from error
    except (UnicodeDecodeError, csv.Error) as error:
        kind, remedy = ("comma", "Export the reach as CSV.") if delimiter == "," else ("tab", "Export it again.")
        raise KinematicsError(f"{path}: is not a {kind}-separated text file in UTF-8 ({error}). {remedy}") from error
    while rows and not any(rows[-1][1]):
        rows.pop()
    if not rows:
        raise KinematicsError(f"{path}: is empty. A reach has one row per frame: {', '.join(COLUMNS)}.")
    return rows


def _columns(rows: list[Row], path: Path) -> tuple[tuple[str, ...], list[Row]]:
    """Find the names of the columns, and the rows below the header; a first line with a number is none."""
    line, first = rows[0]
    if any(parse_number(cell) is not None for cell in first):
        return COLUMNS, rows
    names = tuple(cell.lower() for cell in first)
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise KinematicsError(
            f"{path}, row {line}: the header has no column {', '.join(missing)}; it has {', '.join(first)}. "
            f"Needed, in any order and separated by commas: {', '.join(REQUIRED)}."
        )
    twice = [name for name in REQUIRED if names.count(name) > 1]
    if twice:
        raise KinematicsError(f"{path}, row {line}: the header has the column {', '.join(twice)} more than once.")
    return names, rows[1:]


def _numbers(rows: list[Row], columns: tuple[str, ...], place: Place) -> dict[str, np.ndarray]:
    """Parse the required columns as numbers, each (T,), by name."""
    values = np.array([list(_row_numbers(cells, columns, place, i)) for i, (_, cells) in enumerate(rows)])
    wanted = [name for name in columns if name in REQUIRED]
    return dict(zip(wanted, values.reshape(len(rows), len(wanted)).T, strict=True))


def _row_numbers(cells: list[str], columns: tuple[str, ...], place: Place, index: int) -> Iterator[float]:
    """Parse the numbers of one row that stand in required columns."""
    if len(cells) != len(columns):
        header = "" if columns != COLUMNS else " (a file without all of them needs a header with the columns' names)"
        raise place.error(
            f"has {len(cells)} columns instead of {len(columns)}. Needed, separated by commas: "
            f"{', '.join(columns)}{header}.",
            index,
        )
    for name, cell in zip(columns, cells, strict=True):
        if name not in REQUIRED:
            continue
        number = parse_number(cell)
        if number is None:
            found = f"'{cell}' is not a number" if cell else "the cell is empty"
            raise place.error(f"{found}. Write a decimal number such as 0.0123.", index, name)
        if not np.isfinite(number):
            raise place.error(f"'{cell}' is not a finite number. Fill the gap or cut the recording there.", index, name)
        yield number


def parse_number(cell: str) -> float | None:
    """Parse the number in a cell, None if it is not one; an underscore, which Python allows, is a typing error here."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None
