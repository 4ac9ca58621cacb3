"""Sessions in files of MATLAB.

A file of MATLAB holds ``spikes``, a cell for each unit with its times in s, or a cell for each unit and trial with
times from the start of the trial; ``reach``, a cell with the name for each trial; ``trial_start`` and ``trial_stop``,
in s; and perhaps ``unit`` and ``area``, cells with names for each unit, ``animal`` and ``session``. Other numeric
variables that are as long as there are trials are events.
"""

from pathlib import Path
from typing import Any

import numpy as np

from mousearm.errors import NeuralError
from mousearm.matlab import CellArray, OpaqueError, read_matlab
from mousearm.neural.session import NeuralSession
from mousearm.neural.spike_tables import NAMES, session_of_tables

_MAX_BYTES = 4_000_000_000  # unpacked
_AGAIN = "Save it again with save(..., '-v7')."


def read_spikes_of_matlab(path: Path, names: str | None = None) -> NeuralSession:
    """Read a file of MATLAB, of version 5 to 7.3.

    Args:
        path: the file.
        names: variable that names the reach of each trial; None: as of `session_of_tables`.

    Raises:
        NeuralError: it is no such file, lacks a variable, or their shapes do not fit; or as of `session_of_tables`.
    """
    try:
        variables = read_matlab(path, _MAX_BYTES, NeuralError, _AGAIN)
    except OpaqueError as error:
        raise NeuralError(f"{path} holds a table of MATLAB, which only MATLAB reads. Save arrays and cells.") from error
    except ValueError as error:
        raise NeuralError(f"{path} cannot be read as MATLAB ({error}). {_AGAIN}") from error
    known = ", ".join(variables) or "none"
    for name in ("spikes", "trial_start", "trial_stop"):
        if name not in variables:
            raise NeuralError(f"{path} has no variable {name}; it has {known}. Add it, or rename one.")
    start = _vector(path, "trial_start", variables["trial_start"])
    n = len(start)
    table: dict[str, list[Any]] = {
        name: _texts(value) for name, value in variables.items() if name in NAMES or name == names
    }
    for name, value in variables.items():
        if name not in (*table, "trial_start", "trial_stop") and isinstance(value, np.ndarray) and value.size == n:
            table[name] = _vector(path, name, value).tolist()
    table |= {"start_s": start.tolist(), "stop_s": _vector(path, "trial_stop", variables["trial_stop"]).tolist()}
    for name, values in table.items():
        if len(values) != n:
            raise NeuralError(
                f"{path}: {name} has {len(values)} entries, and there are {n} trials (trial_start). Correct it."
            )
    times = _times_of_cells(path, variables["spikes"], start)
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


def _times_of_cells(path: Path, cells: Any, start: np.ndarray) -> list[np.ndarray]:
    """Times of each unit, s: of a cell for each unit, or of one for each unit and trial."""
    if not isinstance(cells, CellArray) or len(cells.shape) != 2:
        raise NeuralError(
            f"{path}: spikes is no cell with the times of each unit. Make it one, such as {{[0.1 0.5]; []}}."
        )
    n = cells.shape[0]
    times = [_vector(path, f"spikes, of the unit {i % n + 1},", cell) for i, cell in enumerate(cells)]
    if 1 in cells.shape:
        return times
    if cells.shape[1] != len(start):
        raise NeuralError(
            f"{path}: spikes is a cell of {n} x {cells.shape[1]}, and there are {len(start)} trials. Make it one of "
            "units x 1 or of units x trials."
        )
    return [np.concatenate([times[i + n * k] + at for k, at in enumerate(start)]) for i in range(n)]


def _vector(path: Path, name: str, value: Any) -> np.ndarray:
    if not isinstance(value, np.ndarray):
        raise NeuralError(f"{path}: {name} holds something else than numbers. Save them as numbers, in s.")
    return value.astype(float).ravel()


def _texts(value: Any) -> list[str]:
    """Texts of a cell of them, of rows of letters, or of numbers."""
    found = value if isinstance(value, list) else [value] if isinstance(value, str) else np.ravel(value).tolist()
    return [str(next(iter(np.ravel(one)), "")).strip() for one in found]
