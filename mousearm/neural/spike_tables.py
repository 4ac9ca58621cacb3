"""Sessions as tables of spike times in a folder of CSV files.

A folder ``ANIMAL/SESSION/`` holds ``spikes.csv`` (``unit``, ``time_s``), ``trials.csv`` (``reach``, ``start_s``,
``stop_s`` and events), and perhaps ``units.csv`` (``unit``, ``area``, and whatever else is known of it). With a column
``trial`` in ``spikes.csv``, the row of ``trials.csv`` from 1, times are from the start of that trial.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mousearm.door import read_text
from mousearm.errors import NeuralError
from mousearm.neural.session import NeuralSession
from mousearm.neural.trial_table import session_of_tables

SPIKES, TRIALS, UNITS = "spikes.csv", "trials.csv", "units.csv"
MAX_CSV_BYTES = 1_000_000_000


def read_spike_folder(folder: Path, names: str | None = None) -> NeuralSession:
    """Read a folder of ``spikes.csv``, ``trials.csv`` and perhaps ``units.csv``.

    Animal and session are the names of the folder above and of the folder.

    Args:
        folder: the folder.
        names: column of ``trials.csv`` that names the reach; None: as of `session_of_tables`.

    Raises:
        NeuralError: a file is missing, lacks a column, or a cell is no number; or as of `session_of_tables`.
    """
    spikes, trials = (_table(folder / name) for name in (SPIKES, TRIALS))
    units = _table(folder / UNITS) if (folder / UNITS).exists() else {}
    times = _spike_times(folder / SPIKES, spikes, trials)
    if units:
        listed_units = _column(folder / UNITS, units, "unit")
        if strange := set(times) - set(listed_units):
            raise NeuralError(f"{folder / UNITS} lacks the unit {min(strange)} of {SPIKES}. Add a row for it.")
        times = {unit: times.get(unit, np.empty(0)) for unit in listed_units}
    place = folder.resolve()
    who = place.parent.name, place.name
    return session_of_tables(str(folder), who, times, {k: v for k, v in units.items() if k != "unit"}, trials, names)


def _spike_times(path: Path, spikes: Mapping[str, list[str]], trials: Mapping[str, list[str]]) -> dict[str, np.ndarray]:
    """Times of each unit, on the clock of the session."""
    units = _column(path, spikes, "unit")
    name = "time_ms" if "time_ms" in spikes else "time" if "time" in spikes else "time_s"
    times = _floats(path, name, _column(path, spikes, name)) * (1e-3 if name == "time_ms" else 1.0)
    if "trial" in spikes:
        start = next((name for name in ("start_s", "start_time", "start") if name in trials), "start_s")
        starts = _floats(path.with_name(TRIALS), start, _column(path.with_name(TRIALS), trials, start))
        rows = _floats(path, "trial", spikes["trial"])
        if strange := np.flatnonzero(~np.isin(rows, np.arange(1, len(starts) + 1))).tolist():
            wrong = f"{path}, line {strange[0] + 2}: there is no trial {rows[strange[0]]:g}"
            raise NeuralError(f"{wrong}; {TRIALS} has 1 to {len(starts)}. Correct the number.")
        times = times + starts[rows.astype(int) - 1]
    found: dict[str, list[float]] = defaultdict(list)
    for unit, time in zip(units, times.tolist(), strict=True):
        found[unit].append(time)
    return {unit: np.array(of) for unit, of in found.items()}


def _table(path: Path) -> dict[str, list[str]]:
    """Columns of a CSV file by their names, each cell as text."""
    rows = list(csv.reader(io.StringIO(read_text(path, MAX_CSV_BYTES, NeuralError))))
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if len(rows) < 2:
        raise NeuralError(f"{path} has no row below a header. Give a table with a header and a row for each entry.")
    header = [name.strip() for name in rows[0]]
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(header):
            raise NeuralError(f"{path}, row {number}: has {len(row)} cells, and the header {len(header)}. Correct it.")
    return {name: [row[i].strip() for row in rows[1:]] for i, name in enumerate(header)}


def _column(path: Path, table: Mapping[str, list[str]], name: str) -> list[str]:
    if name not in table:
        raise NeuralError(f"{path} has no column {name}; it has {', '.join(table)}. Add or rename one.")
    return table[name]


def _floats(path: Path, name: str, cells: Sequence[str]) -> np.ndarray:
    try:
        return np.array(cells, dtype=float)
    except ValueError as error:
        raise NeuralError(
            f"{path}: the column {name} holds something else than numbers ({error}). Correct it."
        ) from error
