"""DeepLabCut 3D: tables whose columns have several names, scorer, bodyparts and coords, one below the other.

`deeplabcut.triangulate` writes an HDF5 file and, if asked to, the same as CSV. Coordinates are x, y, z; there may be a
likelihood. The first column is the frame number. Projects with several animals have a row ``individuals`` more; a
point is then called INDIVIDUAL/BODYPART. Neither units nor the rate are in the file: units are those of the calibration
board.

The HDF5 file is a table of pandas. pandas itself, and PyTables below it, unpickle what they find in a file, which can
run any code. Here the numbers come through h5py. The names of columns are in the file as pickles all the same; they are
taken only if no instruction in them can do more than build lists, tuples, dicts, texts and numbers. Links to other
files are not followed.
"""

import pickle
import pickletools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mousearm.errors import KinematicsError
from mousearm.kinematics.checks import Place
from mousearm.kinematics.files import Row, parse_number
from mousearm.kinematics.imports.markers import MarkerRecording
from mousearm.kinematics.imports.tables import TextTable, find_points, stack_points, whole_numbers
from mousearm.registry import FORMATS

LEVELS = ("scorer", "individuals", "bodyparts", "coords")
"""Names of the header rows, in order; individuals may be missing."""

MAX_TABLE_BYTES = 2_000_000_000
"""Largest table. An hour at 150 Hz of ten points with likelihoods has 0.2 GB."""

# Instructions of pickle's protocol 0, which PyTables writes, that name nothing and call nothing.
_DATA = frozenset(
    ("MARK", "LIST", "DICT", "TUPLE", "PUT", "GET", "INT", "LONG", "UNICODE", "NONE", "APPEND", "SETITEM", "STOP")
)
_LARGEST_PICKLE = 1_000_000


def read_deeplabcut(path: Path, rows: Sequence[Row], names: Mapping[str, str]) -> MarkerRecording:
    """Read the rows of a CSV file of DeepLabCut 3D, by the name of every landmark in the file.

    Raises:
        KinematicsError: the table is not DeepLabCut's, or a cell is not a number.
        UnknownNameError: the file lacks a name.
    """
    n_header = next((i for i, (_, cells) in enumerate(rows) if cells[0].lower() not in LEVELS), len(rows))
    header = [cells for _, cells in rows[:n_header]]
    _check_levels([cells[0].lower() for cells in header], path)
    width = len(header[0])
    if any(len(cells) != width for cells in header):
        raise KinematicsError(f"{path}: its header rows have different numbers of columns. Export it again.")
    columns = list(zip(*header, strict=True))
    cells = TextTable(path, rows[n_header:], ["frame", *("/".join(column[1:]) for column in columns[1:])])
    _check_index([row[0] for _, row in rows[n_header:]], cells.place)
    found = find_points([None, *map(_point, columns[1:])], names, path)
    positions, likelihood = stack_points(cells.numbers, found)
    frames = whole_numbers(cells.numbers(0), "frame", cells.place)
    return MarkerRecording(path, "DeepLabCut CSV", cells.lines, positions, likelihood, frames)


def read_deeplabcut_hdf(path: Path, names: Mapping[str, str]) -> MarkerRecording:
    """Read an HDF5 file of DeepLabCut 3D.

    Errors as `read_deeplabcut`, with frames, counted from 1, in place of rows.
    """
    table = read_table(path)
    _check_levels(table.levels, path)
    place = Place(str(path))
    _check_index([str(frame) for frame in table.frames], place)
    found = find_points(map(_point, table.columns), names, path)
    values = np.where(np.isfinite(table.values), table.values, np.nan)  # as in text: a point at infinity was not seen
    positions, likelihood = stack_points(lambda column: values[:, column], found)
    frames = whole_numbers(table.frames.astype(float), "frame", place)
    return MarkerRecording(path, "DeepLabCut HDF5", None, positions, likelihood, frames)


FORMATS.add(read_deeplabcut_hdf, "h5", "hdf5")


def _check_levels(levels: Sequence[str], path: Path) -> None:
    if tuple(levels) not in (LEVELS, (LEVELS[0], *LEVELS[2:])):
        raise KinematicsError(
            f"{path}: its header rows are {', '.join(levels)}; DeepLabCut 3D has scorer, (individuals,) bodyparts and "
            "coords. Give the file that deeplabcut.triangulate wrote."
        )


def _check_index(frames: Sequence[str], place: Place) -> None:
    for index, frame in enumerate(frames):
        if parse_number(frame) is None:
            raise place.error(
                f"'{frame}' is not a frame number; tables of labelled pictures have names there. Give the file that "
                "deeplabcut.triangulate wrote, which has a row for every frame of the film.",
                index,
                "frame",
            )


def _point(column: Sequence[str]) -> tuple[str, str]:
    return "/".join(column[1:-1]), column[-1].lower()


class PandasTable(NamedTuple):
    """Table of a pandas file.

    Attributes:
        levels: what the header rows are called.
        columns: the names of every column, one per level.
        frames: (T,) what names the rows, numbers or texts.
        values: (T, C) float64.
    """

    levels: tuple[str, ...]
    columns: list[tuple[str, ...]]
    frames: np.ndarray
    values: np.ndarray


def read_table(path: Path) -> PandasTable:
    """Read the only table of a file, which pandas wrote with ``format="table"``.

    Raises:
        KinematicsError: the file cannot be read, holds no such table, more than numbers, or is too large.
    """
    if not path.is_file():
        raise KinematicsError(f"{path}: there is no such file.")
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return _table(file)
    except Exception as error:  # h5py raises many kinds for damaged files
        raise KinematicsError(
            f"{path}: is not a single table as DeepLabCut 3D writes it to HDF5 ({error}). Give the .h5 file of "
            "deeplabcut.triangulate, or its CSV file."
        ) from error


def _table(file: Any) -> PandasTable:
    """Read the table of an open file, which must not lie in another one."""
    import h5py

    inside = h5py.HardLink
    groups = [file[name] for name in file if isinstance(file.get(name, getlink=True), inside)]
    groups = [group for group in groups if group.attrs.get("pandas_type") == b"frame_table"]
    if len(groups) != 1:
        raise ValueError(f"it has {len(groups)} tables of pandas with format='table'")
    if not isinstance(groups[0].get("table", getlink=True), inside):
        raise ValueError("its rows are in another file")
    rows = groups[0]["table"]
    if rows.external or rows.is_virtual:
        raise ValueError("its rows are in another file")
    if rows.nbytes > MAX_TABLE_BYTES:
        raise ValueError(
            f"it has {rows.nbytes / 1e6:.0f} MB of rows; more than {MAX_TABLE_BYTES / 1e6:.0f} MB are refused"
        )
    blocks = [name for name in rows.dtype.names if name.startswith("values_block_")]
    columns = [tuple(map(str, column)) for name in blocks for column in plain(rows.attrs[f"{name}_kind"])]
    content = rows[()]
    values = np.concatenate([content[name].reshape(len(content), -1) for name in blocks], axis=1, dtype=np.float64)
    if len(columns) != values.shape[1]:
        raise ValueError(f"it names {len(columns)} columns, but has {values.shape[1]}")
    levels = plain(groups[0].attrs["info"])[1]["names"]
    index = content["index"]
    frames = np.char.decode(index) if index.dtype.kind == "S" else index
    return PandasTable(tuple(map(str, levels)), columns, frames, values)


def plain(raw: bytes) -> Any:
    """Load a pickle of lists, tuples, dicts, texts and whole numbers.

    Raises:
        ValueError: it has an instruction that could do more than build these.
    """
    content = bytes(raw)
    if len(content) > _LARGEST_PICKLE:
        raise ValueError(f"a description of {len(content)} bytes")
    for instruction, argument, _ in pickletools.genops(content):
        if instruction.name not in _DATA:
            raise ValueError(f"a pickle that is more than data: {instruction.name} {argument or ''}".rstrip())
        if instruction.name == "PUT" and int(argument or 0) > len(content):  # would make a list of that length
            raise ValueError(f"a pickle that is damaged: PUT {argument}")
    return pickle.loads(content)
