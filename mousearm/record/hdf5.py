"""Recordings as HDF5: a group per trial, a dataset per signal, with units and descriptions as attributes."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import h5py
import numpy as np

from mousearm import formats
from mousearm.errors import RecordingError
from mousearm.files import check_room
from mousearm.record.signals import About, ReachRecording, Recording, Signal

OVERHEAD = 4 << 20
"""Bytes for names, attributes, chunks that are begun, and the end of a file."""
_Kind = TypeVar("_Kind", h5py.Group, h5py.Dataset)
# Every trial has these, whatever the arm and the network.
_ALWAYS = ("time", "qpos", "reference_qpos", "landmarks", "target", "error")


def write_hdf5(reaches: Iterable[ReachRecording], about: About, path: Path) -> None:
    """Write trials one by one, as they come.

    ``reaches/NAME/repeat_0/SIGNAL`` has the attributes ``unit``, ``description`` and, where there are names,
    ``columns`` and ``rows``. ``trials`` lists the trials: ``path``, ``reach``, ``split``, ``repeat``, ``completed``
    and ``frames``, one row each. Attributes of the file, which does not exist yet, say what was recorded.
    """
    with h5py.File(path, "w") as file:
        file.attrs.update(about)
        trials = []
        for reach in reaches:
            check_room(path, room_for(reach))
            trials.append(_write_trial(file, reach))
            file.flush()
        for name in trials[0]:
            file.create_dataset(f"trials/{name}", data=[trial[name] for trial in trials])


def read_recording(path: Path) -> Recording:
    """Read a file that ``scripts/record.py`` wrote as HDF5.

    Raises:
        RecordingError: if it cannot be read, or is not such a file.
        FormatError: if it is of a newer format.
    """
    try:
        with h5py.File(path, "r") as file:
            paths = [str(name) for name in _member(file, "trials/path", h5py.Dataset).asstr()[()]]
            about = {name: _plain(value) for name, value in file.attrs.items()}
            number = formats.format_number(formats.RECORDING, about, path)
            content = {"reaches": [_read_trial(_member(file, name, h5py.Group)) for name in paths]}
            reaches = formats.upgrade(formats.RECORDING, content, number)["reaches"]
    except OSError as error:
        raise RecordingError(
            f"{path} cannot be read as HDF5 ({error}). Give a file that scripts/record.py wrote, or a run folder."
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise RecordingError(
            f"{path} is not a recording, or is damaged ({error}). Give an HDF5 file that scripts/record.py wrote."
        ) from error
    if not reaches:
        raise RecordingError(f"{path} holds no performance of a reach. Record again with scripts/record.py.")
    for reach in reaches:
        if missing := [name for name in _ALWAYS if name not in reach.signals]:
            raise RecordingError(
                f"{path} has no signal {', '.join(missing)} of the reach {reach.name} ({reach.repeat}). Record again."
            )
    return Recording(reaches, about)


def room_for(reach: ReachRecording) -> int:
    """More bytes than a trial takes in HDF5."""
    return 2 * sum(signal.values.nbytes for signal in reach.signals.values()) + OVERHEAD


def _write_trial(file: h5py.File, reach: ReachRecording) -> dict[str, str | int]:
    """Write one trial; its row of ``trials``."""
    group = file.create_group(f"reaches/{reach.name}/repeat_{reach.repeat}")
    for name, signal in reach.signals.items():
        group.create_dataset(name, data=signal.values).attrs.update(_attributes(signal))
    frames = len(reach.signals["time"].values)
    found = {"reach": reach.name, "split": reach.split, "repeat": reach.repeat, "completed": reach.completed}
    group.attrs.update(found)
    return {"path": str(group.name), **found, "frames": frames}


def _attributes(signal: Signal) -> dict[str, str | np.ndarray]:
    """Unit, description and names of a signal."""
    listed = {key: np.array(value, dtype=h5py.string_dtype()) for key, value in signal.labels.items()}
    return {"unit": signal.unit, "description": signal.description, **listed}


def _read_trial(group: h5py.Group) -> ReachRecording:
    signals = {str(name): _read_signal(_member(group, str(name), h5py.Dataset)) for name in group}
    facts = {name: _plain(value) for name, value in group.attrs.items()}
    return ReachRecording(
        str(facts["reach"]), str(facts["split"]), int(facts["repeat"]), signals, bool(facts["completed"])
    )


def _read_signal(dataset: h5py.Dataset) -> Signal:
    facts = dataset.attrs
    columns, rows = (tuple(str(name) for name in facts.get(key, ())) for key in ("columns", "rows"))
    return Signal(np.asarray(dataset[()]), str(facts["unit"]), str(facts["description"]), columns, rows)


def _plain(value: object) -> str | float | int:
    """An attribute without numpy's types."""
    plain = value.item() if isinstance(value, np.generic) else value
    if not isinstance(plain, str | float | int):
        raise TypeError(f"an attribute is a {type(plain).__name__}")
    return plain


def _member(group: h5py.Group, name: str, kind: type[_Kind]) -> _Kind:
    found = group[name]
    if not isinstance(found, kind):
        raise TypeError(f"{name} is not a {kind.__name__.lower()}")
    return found
