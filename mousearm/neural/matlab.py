"""Sessions as files of MATLAB, of version 5 to 7.

A file of MATLAB (``save('session.mat', ..., '-v7')``) holds ``spikes``, a cell for each unit with its times in s, or a
cell for each unit and trial with times from the start of the trial; ``reach``, a cell with the name for each trial;
``trial_start`` and ``trial_stop``, in s; and perhaps ``unit`` and ``area``, cells with names for each unit, ``animal``
and ``session``. Other numeric variables that are as long as there are trials are events.
"""

import io
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mousearm.door import read_bytes
from mousearm.errors import NeuralError
from mousearm.neural.session import NeuralSession
from mousearm.neural.trial_table import NAMES, session_of_tables

_MAX_BYTES = 500_000_000
_MAX_UNPACKED = 4_000_000_000
_COMPRESSED, _HEADER = 15, 128  # the type of a compressed element of a file; bytes before the first element
_AT_ONCE = 1 << 24


def read_matlab(path: Path, names: str | None = None) -> NeuralSession:
    """Read a file of MATLAB.

    Args:
        path: the file, of version 5 to 7.
        names: variable that names the reach of each trial; None: as of `session_of_tables`.

    Raises:
        NeuralError: it is no such file, lacks a variable, or their shapes do not fit; or as of `session_of_tables`.
    """
    content = read_bytes(path, _MAX_BYTES, NeuralError)
    if content.startswith(b"\x89HDF") or b"MATLAB 7.3" in content[:_HEADER]:
        raise NeuralError(f"{path} is of version 7.3 of MATLAB's files. Save it with save(..., '-v7').")
    _check_unpacked(path, content)
    from scipy.io import loadmat  # slow to import

    try:
        found: dict[str, Any] = loadmat(io.BytesIO(content), simplify_cells=False)
    except Exception as error:  # scipy raises many kinds for damaged files
        raise NeuralError(f"{path} cannot be read as MATLAB ({error}). Save it again with save(..., '-v7').") from error
    variables = {name: value for name, value in found.items() if not name.startswith("__")}
    return _matlab_session(path, variables, names)


def _check_unpacked(path: Path, content: bytes) -> None:
    """Refuse a file whose compressed elements unpack to more than the memory would hold."""
    order = ">" if content[126:128] == b"MI" else "<"
    place, total = _HEADER, 0
    while place + 8 <= len(content):
        kind, size = struct.unpack(f"{order}II", content[place : place + 8])
        if kind == _COMPRESSED:
            unpack, rest = zlib.decompressobj(), content[place + 8 : place + 8 + size]
            while rest and total <= _MAX_UNPACKED:
                try:
                    total += len(unpack.decompress(rest, _AT_ONCE))
                except zlib.error:
                    break  # which scipy says
                rest = unpack.unconsumed_tail
        if total > _MAX_UNPACKED:
            raise NeuralError(f"{path} unpacks to more than {_MAX_UNPACKED / 1e9:.0f} GB. Save what is needed of it.")
        place += 8 + size


def _matlab_session(path: Path, variables: Mapping[str, Any], names: str | None) -> NeuralSession:
    """The session of variables as scipy reads them: cells are arrays of objects, all have two axes or more."""
    known = ", ".join(variables) or "none"
    for name in ("spikes", "trial_start", "trial_stop"):
        if name not in variables:
            raise NeuralError(f"{path} has no variable {name}; it has {known}. Add it, or rename one.")
    cells = variables["spikes"]
    if cells.dtype != object or cells.ndim != 2:
        raise NeuralError(
            f"{path}: spikes is no cell with the times of each unit. Make it one, such as {{[0.1 0.5]; []}}."
        )
    start = _vector(path, "trial_start", variables)
    n = len(start)
    table = {name: _texts(value) for name, value in variables.items() if name in NAMES or name == names}
    for name, value in variables.items():
        if (
            name not in (*table, "trial_start", "trial_stop", "spikes")
            and value.dtype.kind in "iuf"
            and value.size == n
        ):
            table[name] = _vector(path, name, variables).tolist()
    table |= {"start_s": start.tolist(), "stop_s": _vector(path, "trial_stop", variables).tolist()}
    for name, values in table.items():
        if len(values) != n:
            raise NeuralError(
                f"{path}: {name} has {len(values)} entries, and there are {n} trials (trial_start). Correct it."
            )
    if 1 in cells.shape:
        times = [_row(path, i, cell) for i, cell in enumerate(cells.ravel())]
    elif cells.shape[1] == n:
        rows = [[_row(path, i, cell) + at for cell, at in zip(row, start, strict=True)] for i, row in enumerate(cells)]
        times = [np.concatenate(row) for row in rows]
    else:
        raise NeuralError(
            f"{path}: spikes is a cell of {cells.shape[0]} x {cells.shape[1]}, and there are {n} trials. Make it "
            f"one of units x 1 or of units x {n}."
        )
    units = _texts(variables["unit"]) if "unit" in variables else [str(i) for i in range(1, len(times) + 1)]
    facts = {name: _texts(variables[name]) for name in ("area", "quality") if name in variables}
    for name, values in {"unit": units, **facts}.items():
        if len(values) != len(times):
            raise NeuralError(f"{path}: {name} has {len(values)} entries for {len(times)} units. Correct it.")
    if len(set(units)) < len(units):
        raise NeuralError(f"{path}: units have the same name (unit). Give each its own.")
    who = [next(iter(_texts(variables[name])), "") if name in variables else "" for name in ("animal", "session")]
    spikes = dict(zip(units, times, strict=True))
    return session_of_tables(str(path), (who[0], who[1] or path.stem), spikes, facts, table, names)


def _vector(path: Path, name: str, variables: Mapping[str, Any]) -> np.ndarray:
    value = variables[name]
    if value.dtype.kind not in "iuf":
        raise NeuralError(f"{path}: {name} holds something else than numbers. Save it as numbers, in s.")
    return value.astype(float).ravel()


def _row(path: Path, unit: int, cell: Any) -> np.ndarray:
    cell = np.asarray(cell)
    if cell.dtype.kind not in "iuf":
        raise NeuralError(f"{path}: spikes of the unit {unit + 1} hold something else than numbers. Save times, in s.")
    return cell.astype(float).ravel()


def _texts(value: Any) -> list[str]:
    """Texts of a cell of them, of rows of letters, or of numbers."""
    return [str(np.asarray(cell).ravel()[0]).strip() if np.size(cell) else "" for cell in np.asarray(value).ravel()]
