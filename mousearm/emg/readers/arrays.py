"""EMG in files of named arrays: HDF5, MATLAB's .mat of version 7 and 7.3, and Neurodata Without Borders.

A file, or a structure in it, holds vectors of equal length, one per channel, or matrices (T, C) with a list of C names;
a vector called ``time`` (``time_ms``), and a number called ``fs``, ``rate``, ``sampling_rate`` or the like. In HDF5
these may be attributes, too. Arrays are plain data: nothing in a file is run, and no link is followed.

In Neurodata Without Borders series of type ElectricalSeries or TimeSeries count, wherever they stand in the file.
Values times ``conversion`` (and ``channel_conversion``) plus ``offset`` are in the unit that the series names. The
channels of a series (T, C) are called as its electrodes, where the table of electrodes has a column ``label``,
``channel_name`` or ``muscle``, otherwise SERIES_1, SERIES_2, ...; a series (T,) is a channel of its own name. No
specification is loaded.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mousearm.door import open_hdf5
from mousearm.emg.recording import AS_EMG_TABLE, Choose, EmgRecording, finish, known_unit
from mousearm.errors import EmgError
from mousearm.kinematics.files import TIME_NAME
from mousearm.kinematics.imports.hdf5 import hdf5_array, hdf5_dataset, hdf5_text
from mousearm.kinematics.sheets import read_head
from mousearm.matlab import CellArray, OpaqueError, read_matlab
from mousearm.registry import EMG_FORMATS

LARGEST_EMG = 2_000_000_000  # bytes of all arrays of a file: an hour of eight channels at 5 kHz is half of it
_TYPES = ("ElectricalSeries", "TimeSeries")
_LABELS = ("label", "channel_name", "electrode_name", "muscle")
_RATES = {"fs", "rate", "srate", "samplerate", "samplingrate", "samplingfrequency", "samplingratehz", "frequency"}
_NAMES = {"channels", "channelnames", "labels", "names", "muscles", "columns"}
_ADVICE = f"Or: {AS_EMG_TABLE}."
_AS_STRUCT = (
    "a table object of MATLAB, which only MATLAB reads. Save its columns there: S = table2struct(T, 'ToScalar', true); "
    "save('emg.mat', '-struct', 'S')"
)


def read_hdf5_emg(path: Path, choose: Choose) -> EmgRecording:
    """HDF5 with an array per channel, or a matrix and the names of its columns."""
    if not read_head(path).startswith(b"\x89HDF"):
        raise EmgError(f"is not HDF5. Give it with its proper suffix. {_ADVICE}", path, fault="format")
    with open_hdf5(path, LARGEST_EMG, EmgError, _ADVICE) as file:
        if "nwb_version" in file.attrs:
            return read_series(file, path, choose)
        return _from_arrays(path, "HDF5", dict(_hdf5_items(file, "")), choose)


def read_matlab_emg(path: Path, choose: Choose) -> EmgRecording:
    """MATLAB's .mat of version 7 or 7.3: vectors or a matrix, alone or in a structure."""
    try:
        found = read_matlab(path, LARGEST_EMG, EmgError, _ADVICE)
    except OpaqueError:
        raise EmgError(f"holds {_AS_STRUCT}.", path, fault="format") from None
    except ValueError as error:
        raise EmgError(f"cannot be read as MATLAB: {error}. Save it again. {_ADVICE}", path, fault="format") from error
    return _from_arrays(path, "MATLAB", dict(_matlab_items(found, "")), choose)


EMG_FORMATS.add(read_hdf5_emg, "h5", "hdf5", "nwb")
EMG_FORMATS.add(read_matlab_emg, "mat")


def _matlab_items(found: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    """Names and values of variables, with those of structures as STRUCTURE.NAME."""
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from _matlab_items(value, f"{above}{name}.")
        elif isinstance(value, CellArray) and not all(isinstance(of, str) for of in value):
            yield from ((f"{above}{name}_{i}", of) for i, of in enumerate(value, 1) if isinstance(of, np.ndarray))
        else:
            yield above + name, value


def _hdf5_items(group: Any, above: str) -> Iterator[tuple[str, Any]]:
    """Names and values of arrays, texts and attributes of an HDF5 file, with those of groups as GROUP.NAME."""
    import h5py

    for name, value in [*group.attrs.items()]:
        if np.ndim(value) <= 1:
            yield above + name, _attribute(value)
    for name, item in [*group.items()]:
        if isinstance(item, h5py.Group):
            yield from _hdf5_items(item, f"{above}{name}.")
        elif item.dtype.kind in "OSU":
            yield above + name, [hdf5_text(one) for one in np.ravel(item[()])]
        elif item.dtype.kind in "iufb":
            yield above + name, hdf5_array(group, name)
            yield from (
                (f"{above}{name}.{key}", _attribute(value)) for key, value in [*item.attrs.items()] if key in _SAID
            )


_SAID = ("unit", "units", "rate", "fs", "channels", "names", "labels", "sampling_rate")


def _attribute(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind in "OSU":
        return [hdf5_text(one) for one in value]
    return hdf5_text(value) if isinstance(value, bytes | str) else value


def _from_arrays(path: Path, kind: str, items: Mapping[str, Any], choose: Choose) -> EmgRecording:
    """Find channels, their names, the time and the rate among named values."""
    numbers = {name: np.squeeze(np.asarray(value)) for name, value in items.items() if _is_numeric(value)}
    texts = {name: [str(one) for one in np.ravel(value)] for name, value in items.items() if not _is_numeric(value)}
    rates = {float(value) for name, value in numbers.items() if value.ndim == 0 and _plain_name(name) in _RATES}
    if len(rates) > 1:
        listed = ", ".join(f"{rate:g}" for rate in sorted(rates))
        raise EmgError(f"says several sampling rates ({listed} Hz). Save one.", path, fault="rate")
    times = {
        name: value for name, value in numbers.items() if value.ndim == 1 and TIME_NAME.fullmatch(_last(name).lower())
    }
    if len(times) > 1:
        raise EmgError(f"has several vectors of times ({', '.join(times)}). Save one.", path, fault="time")
    columns: dict[str, np.ndarray] = {}
    for name, value in numbers.items():
        if name in times or value.ndim not in (1, 2) or len(value) < 2:
            continue
        columns |= {name: value} if value.ndim == 1 else dict(_of_matrix(name, value, texts))
    short = {_last(name) for name in columns}
    if len(short) == len(columns):
        columns = {_last(name): value for name, value in columns.items()}
    if not columns:
        raise EmgError(f"holds no vector or matrix of numbers. {_ADVICE}", path, fault="format")
    unit = {known_unit(of[0]) for name, of in texts.items() if _last(name) in ("unit", "units") and of}
    units = dict.fromkeys(columns, unit.pop() if len(unit) == 1 else "")
    time, time_unit = None, ""
    if times:
        (name, time), *_ = times.items()
        match = TIME_NAME.fullmatch(_last(name).lower())
        time_unit = (match and match[1]) or ""
    return finish(path, kind, columns, choose, units, time=time, time_unit=time_unit, rate=next(iter(rates), None))


def _of_matrix(name: str, value: np.ndarray, texts: Mapping[str, list[str]]) -> Iterator[tuple[str, np.ndarray]]:
    """Columns of a matrix; there are more samples than channels, so its longer axis is the time."""
    value = value if value.shape[0] >= value.shape[1] else value.T
    n = value.shape[1]
    named = [of for key, of in texts.items() if _plain_name(key) in _NAMES and len(of) == n]
    names = named[0] if len(named) == 1 and len(set(named[0])) == n else [f"{name}_{i + 1}" for i in range(n)]
    return zip(names, value.T, strict=True)


def _is_numeric(value: Any) -> bool:
    return np.asarray(value).dtype.kind in "iufb"


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _plain_name(name: str) -> str:
    return re.sub(r"[^a-z]", "", _last(name).lower())


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
