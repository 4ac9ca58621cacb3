"""Recordings as HDF5, which is read again.

A file has a group per trial and a dataset per signal, with units and descriptions as attributes; before what HDF5
reads, in what it calls the user block, stands a hash of it, so that damage shows.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import h5py
import numpy as np

from mousearm import formats
from mousearm.door import check_file, check_name, open_hdf5
from mousearm.errors import RecordingError, os_errors_as
from mousearm.files import check_room
from mousearm.record.signals import About, ReachRecording, Recording, Signal

MAX_BYTES = 1_500_000_000  # of a recording that is read again, at once; h5py reads larger ones in parts
OVERHEAD = 4 << 20  # bytes for names, attributes, chunks that are begun, and the end of a file
_BLOCK = 512  # bytes before what HDF5 reads
_MARK = b"mousearm recording, sha256 of what follows this block of 512 bytes: "
_HDF5 = b"\x89HDF\r\n\x1a\n"
_Kind = TypeVar("_Kind", h5py.Group, h5py.Dataset)
# Every trial has these, whatever the arm and the network.
_ALWAYS = ("time", "qpos", "reference_qpos", "landmarks", "target", "error")


def write_hdf5(reaches: Iterable[ReachRecording], about: About, path: Path) -> None:
    """Write trials as HDF5, one by one as they come, so that not all need to be in memory.

    ``reaches/NAME/repeat_0/SIGNAL`` has the attributes ``unit``, ``description`` and, where there are names,
    ``columns`` and ``rows``. ``trials`` lists the trials: ``path``, ``reach``, ``split``, ``repeat``, ``completed``
    and ``frames``, one row each.

    Args:
        reaches: trials, at least one.
        about: attributes of the file, which say what was recorded.
        path: the file, which does not exist yet.

    Raises:
        OSError: the file cannot be written, or the disk has no room for the next trial.
    """
    with h5py.File(path, "w", userblock_size=_BLOCK) as file:
        file.attrs.update(about)
        trials = []
        for reach in reaches:
            check_room(path, room_for(reach))
            trials.append(_write_trial(file, reach))
            file.flush()
        for name in trials[0]:
            file.create_dataset(f"trials/{name}", data=[trial[name] for trial in trials])
    seal_recording(path)


def seal_recording(path: Path) -> None:
    """Write the SHA-256 of a recording into its first 512 bytes, which HDF5 does not read, in place of the last one."""
    with path.open("r+b") as file:
        file.write(_MARK + _digest(path).encode())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(_BLOCK)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_digest(path: Path) -> None:
    """Check a recording by its hash; older ones have none, and begin as HDF5 does."""
    with os_errors_as(RecordingError, path, "read"), path.open("rb") as file:
        block = file.read(_BLOCK)
        if not block.startswith(_HDF5) and block.rstrip(b"\0") != _MARK + _digest(path).encode():
            raise RecordingError(
                f"{path} has changed since it was written (its hash is another), or is no recording. Bring it back as "
                "it was, or record again with scripts/record.py."
            )


def read_recording(path: Path) -> Recording:
    """Read a recording that ``scripts/record.py`` wrote as HDF5, of this version or an older one.

    Raises:
        RecordingError: it is no such file, has changed since it was written, lacks a signal, or is above 1.5 GB, which
            `h5py` reads in parts.
        FormatError: a newer version wrote it.
    """
    advice = "Give an HDF5 file that scripts/record.py wrote, or a run folder."
    check_file(path, MAX_BYTES, RecordingError)
    _check_digest(path)
    with open_hdf5(path, min(MAX_BYTES, path.stat().st_size + OVERHEAD), RecordingError, advice) as file:
        paths = list(_paths(_member(file, "trials/path", h5py.Dataset)))
        about = {name: _plain(value) for name, value in [*file.attrs.items()]}
        number = formats.format_number(formats.RECORDING, about, path)
        content = {"reaches": [_read_trial(_member(file, name, h5py.Group)) for name in paths]}
        reaches = formats.upgrade(formats.RECORDING, content, number)["reaches"]
    if not reaches:
        raise RecordingError(f"{path} holds no performance of a reach. Record again with scripts/record.py.")
    for reach in reaches:
        if missing := [name for name in _ALWAYS if name not in reach.signals]:
            raise RecordingError(
                f"{path} has no signal {', '.join(missing)} of the reach {reach.name} ({reach.repeat}). Record again."
            )
        check_name(reach.name, RecordingError)
        try:
            reach.trial  # noqa: B018
        except (KeyError, ValueError, IndexError, TypeError) as error:
            raise RecordingError(f"{path}: the signals of {reach.name} do not fit ({error}). Record again.") from error
    return Recording(reaches, about)


def room_for(reach: ReachRecording) -> int:
    """Bytes on the disk that are enough for a trial in HDF5."""
    return 2 * sum(signal.values.nbytes for signal in reach.signals.values()) + OVERHEAD


def _write_trial(file: h5py.File, reach: ReachRecording) -> dict[str, str | int]:
    """Write one trial; its row of ``trials``."""
    group = file.create_group(f"reaches/{reach.name}/repeat_{reach.repeat}")
    for name, signal in reach.signals.items():
        facts = {"unit": signal.unit, "description": signal.description}
        names = {key: np.array(value, dtype=h5py.string_dtype()) for key, value in signal.labels.items()}
        group.create_dataset(name, data=signal.values).attrs.update({**facts, **names})
    found = {"reach": reach.name, "split": reach.split, "repeat": reach.repeat, "completed": reach.completed}
    group.attrs.update(found)
    return {"path": str(group.name), **found, "frames": len(reach.signals["time"].values)}


def _paths(column: h5py.Dataset) -> Iterator[str]:
    """Paths of the trials, one by one: a thousand of them can be the same long text."""
    for i in range(len(column)):
        name = column.asstr()[i]
        check_name(str(name).removeprefix("/"), RecordingError)
        yield str(name)


def _read_trial(group: h5py.Group) -> ReachRecording:
    signals = {str(name): _read_signal(_member(group, str(name), h5py.Dataset)) for name in group}
    reach, split, repeat, completed = (_plain(group.attrs[key]) for key in ("reach", "split", "repeat", "completed"))
    return ReachRecording(str(reach), str(split), int(repeat), signals, bool(completed))


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
