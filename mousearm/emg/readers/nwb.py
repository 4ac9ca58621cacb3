"""EMG in Neurodata Without Borders: series of type ElectricalSeries or TimeSeries, wherever they stand in the file.

Values times ``conversion`` (and ``channel_conversion``) plus ``offset`` are in the unit that the series names. The
channels of a series (T, C) are called as its electrodes, where the table of electrodes has a column ``label``,
``channel_name`` or ``muscle``, otherwise SERIES_1, SERIES_2, ...; a series (T,) is a channel of its own name. The file
is read as arrays: no specification in it is loaded.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mousearm.emg.recording import Choose, EmgRecording, finish, known_unit
from mousearm.errors import EmgError
from mousearm.kinematics.imports.hdf5 import hdf5_array, hdf5_dataset, hdf5_text

_TYPES = ("ElectricalSeries", "TimeSeries")
_LABELS = ("label", "channel_name", "electrode_name", "muscle")


class _Channel(NamedTuple):
    group: Any
    column: int | None  # of the data, None where it has one axis


def read_series(file: Any, path: Path, choose: Choose) -> EmgRecording:
    """Read the chosen channels of an open file; EmgError if there is none, or they are of different times."""
    found: list[Any] = []
    file.visititems(lambda _, item: found.append(item))
    groups = [item for item in found if hdf5_text(item.attrs.get("neurodata_type", "")) in _TYPES and "data" in item]
    named: dict[str, _Channel] = {}
    for group in groups:
        series, data = group.name.rpartition("/")[2], hdf5_dataset(group, "data")
        if data.ndim == 1:
            named[series if series not in named else group.name] = _Channel(group, None)
            continue
        labels = _labels(file, group, data.shape[1]) if data.ndim == 2 else []
        for i, label in enumerate(
            labels or [f"{series}_{i + 1}" for i in range(data.shape[1] if data.ndim == 2 else 0)]
        ):
            named[label if label not in named else f"{series}/{label}"] = _Channel(group, i)
    if not named:
        raise EmgError(
            f"holds no series of type {' or '.join(_TYPES)} with numbers (T,) or (T, C). Give the file with the EMG.",
            path,
            fault="channel",
        )
    names = choose(list(named))
    chosen = {name: named[name] for name in names}
    timings = {channel.group.name: _timing(channel.group) for channel in chosen.values()}
    first = next(iter(timings.values()))
    if any(not _same(first, other) for other in timings.values()):
        listed = ", ".join(timings)
        what = f"its series {listed} have different times. Name channels of one of them by --muscles."
        raise EmgError(what, path, fault="time")
    arrays = {
        name: hdf5_array(group, "data") for name, group in {c.group.name: c.group for c in chosen.values()}.items()
    }
    columns = {name: _values(arrays[channel.group.name], channel) for name, channel in chosen.items()}
    units = {name: known_unit(hdf5_text(of.group["data"].attrs.get("unit", ""))) for name, of in chosen.items()}
    time, rate, start = first
    return finish(
        path, "NWB", columns, list, units, time=time, time_unit="s" if time is not None else "", rate=rate, start=start
    )


def _values(data: np.ndarray, channel: _Channel) -> np.ndarray:
    """(T,) of a channel in the unit of its series."""
    if channel.column is None:
        return data
    values = data[:, channel.column]
    if "channel_conversion" in channel.group:
        offset = float(channel.group["data"].attrs.get("offset", 0.0))
        values = (values - offset) * hdf5_array(channel.group, "channel_conversion")[channel.column] + offset
    return values


def _timing(group: Any) -> tuple[np.ndarray | None, float | None, float]:
    """Times (T,) s, or the rate in Hz and the time of the first sample, s."""
    if "timestamps" in group:
        return hdf5_array(group, "timestamps"), None, 0.0
    start = hdf5_dataset(group, "starting_time")
    return None, float(start.attrs["rate"]), float(start[()])


def _same(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for a, b in zip(one, other, strict=True))


def _labels(file: Any, group: Any, n: int) -> list[str]:
    """Names of the electrodes of a series, in the order of its columns; none where the file has none that differ."""
    table = file.get("general/extracellular_ephys/electrodes")
    if table is None or "electrodes" not in group:
        return []
    rows = np.asarray(group["electrodes"][()]).astype(int)
    for name in _LABELS:
        if name in table and len(rows) == n:
            texts = [hdf5_text(one) for one in table[name][()]]
            labels = [texts[row] for row in rows if 0 <= row < len(texts)]
            if len(set(labels)) == n and all(labels):
                return labels
    return []
