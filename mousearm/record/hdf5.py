"""Recordings as HDF5: a group per performance, a dataset per signal, with units and descriptions as attributes."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import h5py
import numpy as np

from mousearm.output import check_room
from mousearm.record.recording import ReachRecording, Signal

MARGIN = 4 << 20
"""Bytes for names, attributes, chunks that are begun, and the end of a file."""


def write_hdf5(reaches: Iterable[ReachRecording], about: Mapping[str, str | float | int], path: Path) -> None:
    """Write performances one by one, as they come.

    ``reaches/NAME/repeat_0/SIGNAL`` has the attributes ``unit``, ``description`` and, where there are names,
    ``columns`` and ``rows``. ``trials`` lists the performances: ``path``, ``reach``, ``split``, ``repeat``,
    ``completed`` and ``frames``, one row each. The file's own attributes say what was recorded.

    Args:
        reaches: the performances.
        about: what was recorded.
        path: a file that does not exist.

    Raises:
        OSError: if it cannot be written.
    """
    with h5py.File(path, "w") as file:
        file.attrs.update(about)
        trials = []
        for reach in reaches:
            check_room(path, room_for(reach))
            trials.append(_write_performance(file, reach))
            file.flush()
        for name in trials[0]:
            file.create_dataset(f"trials/{name}", data=[trial[name] for trial in trials])


def room_for(reach: ReachRecording) -> int:
    """More bytes than a performance takes in HDF5."""
    return 2 * sum(signal.values.nbytes for signal in reach.signals.values()) + MARGIN


def _write_performance(file: h5py.File, reach: ReachRecording) -> dict[str, str | int]:
    """Write one performance; its row of ``trials``."""
    group = file.create_group(f"reaches/{reach.name}/repeat_{reach.repeat}")
    for name, signal in reach.signals.items():
        group.create_dataset(name, data=signal.values).attrs.update(attributes(signal))
    frames = len(reach.signals["time"].values)
    found = {"reach": reach.name, "split": reach.split, "repeat": reach.repeat, "completed": reach.completed}
    group.attrs.update(found)
    return {"path": str(group.name), **found, "frames": frames}


def attributes(signal: Signal) -> dict[str, str | np.ndarray]:
    """What is said of a signal beside its values."""
    names = {"columns": signal.columns, "rows": signal.rows}
    listed = {key: np.array(value, dtype=h5py.string_dtype()) for key, value in names.items() if value}
    return {"unit": signal.unit, "description": signal.description, **listed}
