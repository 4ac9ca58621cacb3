"""Sessions as tables, whatever files they stood in; and those in files of CSV.

A folder ``ANIMAL/SESSION/`` holds ``spikes.csv`` (``unit``, ``time_s``), ``trials.csv`` (``reach``, ``start_s``,
``stop_s`` and events), and perhaps ``units.csv`` (``unit``, ``area``, and whatever else is known of it). With a column
``trial`` in ``spikes.csv``, the row of ``trials.csv`` from 1, times are from the start of that trial.
"""

import csv
import io
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mousearm.errors import NeuralError, UnknownNameError
from mousearm.kinematics.sheets import read_decoded
from mousearm.neural.session import NeuralSession, NeuralTrial
from mousearm.text import listed, plural

SPIKES, TRIALS, UNITS = "spikes.csv", "trials.csv", "units.csv"
MAX_CSV_BYTES = 1_000_000_000
_AS_CSV = "Write it as CSV: a row of names, such as unit,time_s in spikes.csv, and a row for each entry"
NAMES = ("reach", "reach_name", "reach_id", "trial_name", "name", "condition")  # columns that may name the reach
AREAS = ("brain_area", "area", "brain_region", "region", "structure", "location")  # columns of units that may say it
_START, _STOP = ("start_time", "start"), ("stop_time", "stop", "end_time", "end")
_MS = 1e-3


def session_of_tables(
    source: str,
    who: tuple[str, str],
    spikes: Mapping[str, np.ndarray],
    units: Mapping[str, Sequence[Any]],
    trials: Mapping[str, Sequence[Any]],
    names: str | None = None,
) -> NeuralSession:
    """A session of spike times and the tables of units and trials.

    A column of times may end with ``_s`` or ``_ms``, its unit; without, it is in s. Every column of numbers of the
    trials, but for their start and end, is taken for an event.

    Args:
        source: name of the file, for messages.
        who: animal and session.
        spikes: times of each unit by its name, s, in any order.
        units: columns of the table of units, in the order of ``spikes``; perhaps none.
        trials: columns of the table of trials.
        names: the column that names the reach; None: the first of `NAMES` that there is.

    Raises:
        NeuralError: there is no start, stop or name of trials, or as of `NeuralSession`.
        UnknownNameError: there is no column of that name.
    """
    trials = {name: list(values) for name, values in trials.items()}
    column = _name_column(source, trials, names)
    start, stop = (_times(source, trials, of, "trials") for of in (_START, _STOP))
    events = {}
    for name in trials:
        event = name.removesuffix("_s").removesuffix("_ms")
        values = None if name == column or event in (*_START, *_STOP) else _numbers(trials[name])
        if values is not None:
            events[event] = values * (_MS if name.endswith("_ms") else 1)
    kept, lost = [], []
    for i, name in enumerate(map(_text, trials[column])):
        if not name or not start[i] < stop[i] < math.inf:
            lost.append(name or f"number {i + 1}")
        else:
            kept.append(
                NeuralTrial(name, float(start[i]), float(stop[i]), {key: float(of[i]) for key, of in events.items()})
            )
    left = f"{plural(len(lost), 'trial')} left out, without a name, a start, or an end after it: {listed(lost, 5)}"
    area = next((units[name] for name in AREAS if name in units), [""] * len(spikes))
    facts = {name: tuple(_plain(value) for value in values) for name, values in units.items()}
    sorted_spikes = tuple(np.sort(np.asarray(times, dtype=float).ravel()) for times in spikes.values())
    areas = tuple(map(_text, area))
    return NeuralSession(source, *who, tuple(spikes), sorted_spikes, areas, tuple(kept), facts, (left,) * bool(lost))


def _name_column(source: str, trials: Mapping[str, Sequence[Any]], names: str | None) -> str:
    if names is not None and names not in trials:
        raise UnknownNameError(f"column of the trials in {source}", names, trials)
    found = names or next((name for name in NAMES if name in trials), None)
    if found is None:
        raise NeuralError(
            f"{source} does not say which reach a trial is: its trials have the columns {listed(list(trials), 8)}. "
            "Give the one that names the reach (--names COLUMN), or add a column reach."
        )
    return found


def _times(source: str, table: Mapping[str, Sequence[Any]], names: Sequence[str], where: str) -> np.ndarray:
    for name in names:
        for suffix, scale in (("", 1.0), ("_s", 1.0), ("_ms", _MS)):
            if name + suffix in table:
                values = _numbers(table[name + suffix])
                if values is None:
                    raise NeuralError(
                        f"{source}: the column {name + suffix} of {where} holds something else than numbers."
                    )
                return scale * values
    raise NeuralError(f"{source}: its {where} have no column {names[0]}. Add it, in s, or as {names[0]}_ms.")


def _numbers(values: Sequence[Any]) -> np.ndarray | None:
    """Values as floats, NaN where nothing stands; None if they are something else."""
    if not values or any(isinstance(value, bool | np.bool_) for value in values):
        return None
    try:
        plain = [value.replace(",", ".") if isinstance(value, str) else value for value in values]
        return np.array([math.nan if value in ("", None) else float(value) for value in plain])
    except (TypeError, ValueError):
        return None


def _text(value: Any) -> str:
    """A name as text: 3.0 of a table of numbers is 3; empty for what is missing."""
    if value is None or value != value:
        return ""
    return (
        str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else str(value).strip()
    )


def _plain(value: Any) -> str | float:
    """A cell of the table of units: a number where it is one, else text."""
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return float(value)
    return str(value).strip()


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
        if len(set(listed_units)) < len(listed_units):
            raise NeuralError(f"{folder / UNITS}: units have the same name (unit). Give each its own.")
        if strange := set(times) - set(listed_units):
            raise NeuralError(f"{folder / UNITS} lacks the unit {min(strange)} of {SPIKES}. Add a row for it.")
        times = {unit: times.get(unit, np.empty(0)) for unit in listed_units}
    place = folder.resolve()
    who = place.parent.name, place.name
    return session_of_tables(str(folder), who, times, {k: v for k, v in units.items() if k != "unit"}, trials, names)


def _spike_times(path: Path, spikes: Mapping[str, list[str]], trials: Mapping[str, list[str]]) -> dict[str, np.ndarray]:
    """Times of each unit, on the clock of the session."""
    units = _column(path, spikes, "unit")
    if "" in units:
        raise NeuralError(f"{path}: spike {units.index('') + 1} has no unit. Name it, or remove the row.")
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
    """Columns by their names, each cell as text, of a table with commas, or semicolons or tabs in its header."""
    text = read_decoded(path, MAX_CSV_BYTES, _AS_CSV, NeuralError)
    separator = next((mark for mark in "\t;" if mark in text.lstrip().partition("\n")[0]), ",")
    reader = csv.reader(io.StringIO(text, newline=None), delimiter=separator)
    try:
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise NeuralError(f"{path}, row {reader.line_num}: cannot be read ({error}). Close quotes there.") from error
    if len(rows) < 2:
        raise NeuralError(f"{path} has no row below a header. Give a table with a header and a row for each entry.")
    header = [name.strip() for name in rows.pop(0)[1]]
    if len(set(header)) < len(header):
        raise NeuralError(f"{path} has two columns of one name: {', '.join(header)}. Rename or remove one.")
    for line, row in rows:
        if len(row) != len(header):
            raise NeuralError(f"{path}, row {line}: has {len(row)} cells, and the header {len(header)}. Correct it.")
    return {name: [row[i].strip() for _, row in rows] for i, name in enumerate(header)}


def _column(path: Path, table: Mapping[str, list[str]], name: str) -> list[str]:
    if name not in table:
        raise NeuralError(f"{path} has no column {name}; it has {', '.join(table)}. Add or rename one.")
    return table[name]


def _floats(path: Path, name: str, cells: Sequence[str]) -> np.ndarray:
    try:
        return np.array([cell.replace(",", ".") for cell in cells], dtype=float)
    except ValueError as error:
        raise NeuralError(
            f"{path}: the column {name} holds something else than numbers ({error}). Correct it."
        ) from error
