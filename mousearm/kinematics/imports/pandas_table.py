"""A table that pandas wrote to HDF5, read as data alone.

pandas itself, and PyTables below it, unpickle what they find in a file, which can run any code. Here the numbers come
through h5py. The names of columns are in the file as pickles all the same; they are taken only if no instruction in
them can do more than build lists, tuples, dicts, texts and numbers. Links to other files are not followed.
"""

import pickle
import pickletools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mousearm.errors import KinematicsError

MAX_BYTES = 2_000_000_000
"""Largest table. An hour at 150 Hz of ten points with likelihoods has 0.2 GB."""

# Instructions of pickle's protocol 0, which PyTables writes, that name nothing and call nothing.
_DATA = frozenset(
    ("MARK", "LIST", "DICT", "TUPLE", "PUT", "GET", "INT", "LONG", "UNICODE", "NONE", "APPEND", "SETITEM", "STOP")
)
_LARGEST_PICKLE = 1_000_000


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
        KinematicsError: the file cannot be read, holds no such table, more than numbers, or more than `MAX_BYTES`.
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
    if rows.nbytes > MAX_BYTES:
        raise ValueError(f"it has {rows.nbytes / 1e6:.0f} MB of rows; more than {MAX_BYTES / 1e6:.0f} MB are refused")
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
