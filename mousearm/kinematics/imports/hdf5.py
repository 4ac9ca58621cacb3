"""Recordings in HDF5: tables of pandas (DeepLabCut 3D), SLEAP-Anipose, netCDF of movement, NWB with poses.

What a file holds tells which it is. All come through h5py as plain arrays: nothing is run, no link into another file is
followed, and no more is read than `LARGEST_ARRAY`, whatever a small file declares.

The tables of pandas that `deeplabcut.triangulate` writes are unpickled by pandas and PyTables, which can run any code.
The names of columns are in the file as pickles all the same; they are taken only if they are data.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mousearm.door import open_hdf5
from mousearm.errors import KinematicsError
from mousearm.kinematics.cameras import unpickle
from mousearm.kinematics.checks import Place
from mousearm.kinematics.imports.markers import MarkerRecording
from mousearm.kinematics.imports.tables import deeplabcut_points, find_points, stack_points, unit_of, whole_numbers
from mousearm.kinematics.sheets import AS_TABLE, read_head, refuse_other
from mousearm.registry import FORMATS
from mousearm.trajectory import LANDMARKS

LARGEST_ARRAY = 400_000_000  # bytes; an hour at 150 Hz of ten points with likelihoods has half of it
_DIMENSIONS = ("time", "individual", "keypoint", "space")  # of movement, which wrote some in the plural
_SERIES = ("PoseEstimationSeries", "SpatialSeries")  # of NWB, with or without ndx-pose
_WHOLE = 10**12  # bytes of a file, of which a few arrays are read
_ADVICE = f"Give the file that DeepLabCut 3D, SLEAP-Anipose, movement or NWB with poses wrote. Or: {AS_TABLE}."


def read_hdf5(path: Path, names: Mapping[str, str]) -> MarkerRecording:
    """Read HDF5 of DeepLabCut 3D or SLEAP-Anipose, netCDF of movement, or NWB with poses.

    Errors as `read_markers`: the file cannot be read, holds none of these, or more than plain numbers.
    """
    head = read_head(path)
    if not head.startswith(b"\x89HDF"):
        refuse_other(path, head, "HDF5 of DeepLabCut 3D, SLEAP-Anipose, movement or NWB with poses")
    with open_hdf5(path, _WHOLE, KinematicsError, _ADVICE) as file:
        if "nwb_version" in file.attrs:
            return _read_nwb(file, path, names)
        if "position" in file:
            return _read_movement(file, path, names)
        return (_read_sleap_anipose if "tracks" in file else _read_deeplabcut)(file, path, names)


FORMATS.add(read_hdf5, "h5", "hdf5", "nc", "nwb")


def _read_deeplabcut(file: Any, path: Path, names: Mapping[str, str]) -> MarkerRecording:
    table, place = pandas_table(file), Place(str(path))
    points = deeplabcut_points(table.levels, table.columns, str([*table.frames, 0][0]), place)
    positions, likelihood = stack_points(table.values.T.__getitem__, find_points(points, names, path))
    frames = whole_numbers(table.frames.astype(float), "frame", place)
    return MarkerRecording(path, "DeepLabCut HDF5", None, positions, likelihood, frames)


def _read_sleap_anipose(file: Any, path: Path, names: Mapping[str, str]) -> MarkerRecording:
    """Read ``tracks`` (frames, animals, nodes, 3), whose points have no names but their numbers in the skeleton."""
    tracks = hdf5_array(file, "tracks")
    if tracks.ndim != 4 or tracks.shape[3] != 3:
        raise KinematicsError(
            f"{path}: its tracks have the shape {tracks.shape}; in 3D it is (frames, animals, nodes, 3). What SLEAP "
            "itself writes are positions in one camera's picture: triangulate them first, with sleap-anipose."
        )
    n_animals, n_nodes = tracks.shape[1:3]
    owners = [f"{animal}/{node}" if n_animals > 1 else f"{node}" for animal, node in np.ndindex(n_animals, n_nodes)]
    points = ((owner, axis) for owner in owners for axis in "xyz")
    found = find_points(points, names, path, "NUMBER, of the node in the skeleton, from 0")
    points, _ = stack_points(tracks.reshape(len(tracks), -1).T.__getitem__, found)
    start = int(hdf5_array(file, "frames")[0]) if "frames" in file else 0
    return MarkerRecording(path, "SLEAP-Anipose HDF5", None, points, None, start + np.arange(len(points)))


def _read_movement(file: Any, path: Path, names: Mapping[str, str]) -> MarkerRecording:
    """Read ``position`` and ``confidence`` of a data set, called as their keypoints, or INDIVIDUAL/KEYPOINT."""
    position = _labelled(file, "position")
    marks, animals, axes = (_labels(file, name) for name in ("keypoint", "individual", "space"))
    owners = [f"{animal}/{mark}" for animal in animals for mark in marks] if len(animals) > 1 else marks
    found = find_points(((owner, axis) for owner in owners for axis in axes), names, path)
    points, _ = stack_points(position.reshape(len(position), -1).T.__getitem__, found)
    likelihood = None
    if "confidence" in file:
        sure = _labelled(file, "confidence").reshape(len(position), -1)
        likelihood = sure[:, [min(point.values()) // len(axes) for point in found]]
    time = hdf5_array(file, "time")
    numbered = hdf5_text(file.attrs.get("time_unit", "seconds")) == "frames"
    frames = whole_numbers(time, "time", Place(str(path))) if numbered else None
    return MarkerRecording(path, "netCDF of movement", None, points, likelihood, frames, None if numbered else time)


def _labelled(file: Any, name: str) -> np.ndarray:
    """Array of movement with axes for time, individuals, keypoints and space, of length 1 where it has none."""
    found = hdf5_dataset(file, name)
    labels = [dimension[0].name.rpartition("/")[2].rstrip("s") for dimension in found.dims]
    order = [labels.index(label) for label in _DIMENSIONS if label in labels]
    lengths = dict(zip(labels, found.shape, strict=True))
    return hdf5_array(file, name).transpose(order).reshape([lengths.get(label, 1) for label in _DIMENSIONS])


def _labels(file: Any, name: str) -> list[str]:
    """Labels along a dimension of movement, called so or in the plural; none where it has none."""
    name = name if name in file else f"{name}s"
    return [hdf5_text(label) for label in np.atleast_1d(hdf5_dataset(file, name)[()]).tolist()] if name in file else []


def _read_nwb(file: Any, path: Path, names: Mapping[str, str]) -> MarkerRecording:
    """Read the series of an NWB file that hold positions, each called as its group, or CONTAINER/GROUP if names repeat.

    A series holds ``data`` (T, 3), which times ``conversion`` and plus ``offset`` has the unit that it names, and
    either ``timestamps`` or a start and a rate.
    """
    found: list[tuple[str, Any]] = []
    file.visititems(lambda name, item: found.append((name, item)))
    groups = {name: item for name, item in found if hdf5_text(item.attrs.get("neurodata_type", "")) in _SERIES}
    short = [name.rpartition("/")[2] for name in groups]
    if len(set(short)) < len(short):
        short = ["/".join(name.split("/")[-2:]) for name in groups]
    series = dict(zip(short, groups.values(), strict=True))
    columns = [
        (name, axis) for name, group in series.items() for axis in "xyz"[: hdf5_dataset(group, "data").shape[-1]]
    ]
    find_points(columns, names, path)
    chosen = [series[names[landmark]] for landmark in LANDMARKS]
    points = np.stack([hdf5_array(group, "data") for group in chosen], axis=1)
    sure = [hdf5_array(group, "confidence") for group in chosen if "confidence" in group]
    times = [series_times(group, len(points)) for group in chosen]
    if any(not np.array_equal(times[0], other) for other in times[1:]):
        what = "its three points have different times. Resample them to the same, and save that."
        raise KinematicsError(f"{path}: {what}")
    units = {unit_of(hdf5_text(hdf5_dataset(group, "data").attrs.get("unit", ""))) for group in chosen}
    likelihood = np.stack(sure, axis=1) if len(sure) == len(chosen) else None
    unit = units.pop() if len(units) == 1 else None
    return MarkerRecording(path, "NWB", None, points, likelihood, time=times[0], unit=unit)


def series_times(group: Any, n_frames: int) -> np.ndarray:
    """Times (T,) [s] of a series of NWB."""
    if "timestamps" in group:
        return hdf5_array(group, "timestamps")
    start = hdf5_dataset(group, "starting_time")
    return float(start[()]) + np.arange(n_frames) / float(start.attrs["rate"])


def hdf5_text(value: Any) -> str:
    """A text of a file, which holds texts as bytes or not."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def hdf5_array(group: Any, name: str) -> np.ndarray:
    """Numbers of an array in a file, as float64, with the scale, offset and fill value that NWB or netCDF say of it."""
    found = hdf5_dataset(group, name)

    def said(*keys: str, default: float) -> float:
        return next((float(np.ravel(found.attrs[key])[0]) for key in keys if key in found.attrs), default)

    values = found[()].astype(np.float64)
    values = np.where(values == said("_FillValue", "missing_value", default=np.nan), np.nan, values)
    return said("conversion", "scale_factor", default=1.0) * values + said("offset", "add_offset", default=0.0)


def hdf5_dataset(group: Any, name: str) -> Any:
    """Array of a name in a file, of a size that can be read; ValueError if there is none."""
    import h5py

    found = group.get(name)
    if not isinstance(found, h5py.Dataset):
        raise ValueError(f"there is no array {name} in {group.name}")
    n_bytes = max(found.nbytes or 0, 8 * (found.size or 0))  # as numbers of 8 bytes, which whole numbers become
    if n_bytes > LARGEST_ARRAY:
        raise ValueError(f"{name} has {n_bytes / 1e6:.0f} MB; more than {LARGEST_ARRAY / 1e6:.0f} MB are refused")
    return found


class PandasTable(NamedTuple):
    """Table of a pandas file."""

    levels: tuple[str, ...]  # what the header rows are called
    columns: list[tuple[str, ...]]  # the names of every column, one per level
    frames: np.ndarray  # (T,) what names the rows, numbers or texts
    values: np.ndarray  # (T, C) float64


def pandas_table(file: Any) -> PandasTable:
    """Read the only table of an open file, which pandas wrote with ``format="table"``; ValueError if there is none."""
    groups = [group for group in [*file.values()] if group.attrs.get("pandas_type") == b"frame_table"]
    if len(groups) != 1:
        raise ValueError(f"it has {len(groups)} tables of pandas with format='table'")
    rows = hdf5_dataset(groups[0], "table")
    blocks = [name for name in rows.dtype.names if name.startswith("values_block_")]
    columns = [tuple(map(str, column)) for name in blocks for column in unpickle(rows.attrs[f"{name}_kind"])]
    content = rows[()]
    values = np.concatenate([content[name].reshape(len(content), -1) for name in blocks], axis=1, dtype=np.float64)
    if len(columns) != values.shape[1]:
        raise ValueError(f"it names {len(columns)} columns, but has {values.shape[1]}")
    levels = unpickle(groups[0].attrs["info"])[1]["names"]
    index = content["index"]
    frames = np.char.decode(index) if index.dtype.kind == "S" else index
    return PandasTable(tuple(map(str, levels)), columns, frames, values)
