"""Which reader reads a file."""

from collections.abc import Mapping
from pathlib import Path

from mousearm.errors import KinematicsError
from mousearm.kinematics.files import read_rows
from mousearm.kinematics.imports import anipose, deeplabcut, opensim
from mousearm.kinematics.imports.recording import Recording

_READERS = {
    ".h5": deeplabcut.read_hdf,
    ".hdf5": deeplabcut.read_hdf,
    ".trc": opensim.read_trc,
    ".sto": opensim.read_sto,
    ".mot": opensim.read_sto,
}


def read_recording(path: Path, names: Mapping[str, str]) -> Recording:
    """Read one file of any known format; the suffix, and for CSV the first cell, tells which.

    Args:
        path: the file: .csv, .h5, .hdf5, .trc, .sto or .mot.
        names: name of the paw, the elbow and the shoulder in the file.

    Raises:
        KinematicsError: the format is not known, or the file is refused by its reader.
        UnknownNameError: the file lacks a name.
    """
    suffix = path.suffix.lower()
    if suffix == ".csv":
        rows = read_rows(path)
        reader = deeplabcut if deeplabcut.is_deeplabcut(rows) else anipose
        return reader.read_csv(path, rows, names)
    if suffix not in _READERS:
        raise KinematicsError(f"{path}: its format is not known. Give files in {', '.join(['.csv', *_READERS])}.")
    return _READERS[suffix](path, names)
