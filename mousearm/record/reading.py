"""Reading recordings back that were written as HDF5."""

from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np

from mousearm.errors import RecordingError
from mousearm.record.recording import ReachRecording, Recording, Signal

# What every performance has, whatever the arm and the network.
_ALWAYS = ("time", "qpos", "reference_qpos", "landmarks", "target", "error")


def read_recording(path: Path) -> Recording:
    """Read a file that ``scripts/record.py`` wrote as HDF5.

    Raises:
        RecordingError: if it cannot be read, or is no such file.
    """
    try:
        with h5py.File(path, "r") as file:
            paths = [str(name) for name in _dataset(file, "trials/path").asstr()[()]]
            about = {name: _plain(value) for name, value in file.attrs.items()}
            reaches = [_read_performance(_group(file, name), path) for name in paths]
    except OSError as error:
        raise RecordingError(
            f"{path} cannot be read as HDF5 ({error}). Give a file that scripts/record.py wrote, or a run folder."
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise RecordingError(
            f"{path} is no recording, or is damaged ({error}). Give an HDF5 file that scripts/record.py wrote."
        ) from error
    if not reaches:
        raise RecordingError(f"{path} holds no performance of a reach. Record again with scripts/record.py.")
    return Recording(reaches, about)


def _read_performance(group: h5py.Group, path: Path) -> ReachRecording:
    signals = {str(name): _read_signal(_dataset(group, str(name))) for name in group}
    if missing := [name for name in _ALWAYS if name not in signals]:
        raise RecordingError(f"{path} has no signal {', '.join(missing)} in {group.name}. Record again.")
    facts = {name: _plain(value) for name, value in group.attrs.items()}
    return ReachRecording(
        str(facts["reach"]), str(facts["split"]), int(facts["repeat"]), signals, bool(facts["completed"])
    )


def _read_signal(dataset: h5py.Dataset) -> Signal:
    facts = dataset.attrs
    columns, rows = (_names(facts.get(key, ())) for key in ("columns", "rows"))
    return Signal(np.asarray(dataset[()]), str(facts["unit"]), str(facts["description"]), columns, rows)


def _names(stored: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(name) for name in stored)


def _plain(value: object) -> str | float | int:
    """An attribute without numpy's types."""
    plain = value.item() if isinstance(value, np.generic) else value
    if not isinstance(plain, str | float | int):
        raise TypeError(f"an attribute is a {type(plain).__name__}")
    return plain


def _group(file: h5py.Group, name: str) -> h5py.Group:
    found = file[name]
    if not isinstance(found, h5py.Group):
        raise TypeError(f"{name} is no group")
    return found


def _dataset(group: h5py.Group, name: str) -> h5py.Dataset:
    found = group[name]
    if not isinstance(found, h5py.Dataset):
        raise TypeError(f"{name} is no dataset")
    return found
