"""Sessions from tables, whatever file they stood in: which column names the reach, which trials can be used."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mousearm.errors import NeuralError, UnknownNameError
from mousearm.neural.session import NeuralSession, NeuralTrial
from mousearm.text import listed, plural

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
    notes = (
        [f"{plural(len(lost), 'trial')} left out, without a name, a start or an end: {listed(lost, 5)}"] if lost else []
    )
    area = next((units[name] for name in AREAS if name in units), [""] * len(spikes))
    facts = {name: tuple(_plain(value) for value in values) for name, values in units.items()}
    sorted_spikes = tuple(np.sort(np.asarray(times, dtype=float).ravel()) for times in spikes.values())
    areas = tuple(map(_text, area))
    return NeuralSession(source, *who, tuple(spikes), sorted_spikes, areas, tuple(kept), facts, tuple(notes))


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
        return np.array([math.nan if value in ("", None) else float(value) for value in values])
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
