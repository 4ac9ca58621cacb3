"""Recordings as tables of OpenSim (.sto), to be played in its window or read by its tools.

OpenSim's units are m, rad, N, N m; its axes x forward, y up, z to the right. Joints have the names of its coordinates.
https://opensimconfluence.atlassian.net/wiki/spaces/OpenSim/pages/53089996 describes the format.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mousearm.files import write_json
from mousearm.model.opensim.settings import JOINT_NAMES
from mousearm.record.signals import About, ReachRecording, Signal

# Table -> signal. Fibre lengths become m; points become x, y, z columns in OpenSim's axes.
_TABLES = {
    "coordinates": "qpos",
    "speeds": "qvel",
    "controls": "control",
    "excitations": "excitation",
    "activations": "activation",
    "forces": "force",
    "torques": "torque",
    "fibre_lengths": "fibre_length",
    "fibre_velocities": "fibre_velocity",
    "points": "landmarks",
    "targets": "target",
}
_COORDINATES = {joint: coordinate for coordinate, joint in JOINT_NAMES.items()}
_AXES = [1, 2, 0]  # OpenSim's x, y, z among the world's: forward, up, to the right


def write_tables(reaches: Iterable[ReachRecording], about: About, folder: Path) -> None:
    """Write a folder per trial, ``NAME/repeat_0``, with a table per quantity, into a folder that does not exist.

    ``recording.json`` says what was recorded.
    """
    folder.mkdir()
    write_json(folder / "recording.json", dict(about))
    for reach in reaches:
        place = folder / reach.name / f"repeat_{reach.repeat}"
        place.mkdir(parents=True)
        for table, name in _TABLES.items():
            if name in reach.signals:
                _write_table(place / f"{table}.sto", reach.signals["time"].values, reach.signals[name])


def _write_table(path: Path, time: np.ndarray, signal: Signal) -> None:
    values = signal.values * signal.si[1]
    columns = [_COORDINATES.get(name, name) for name in signal.columns]
    if signal.rows:
        columns = [f"{point}_{axis}" for point in signal.rows for axis in "xyz"]
        values = values[..., _AXES].reshape(len(time), -1)
    size = [f"nRows={len(time)}", f"nColumns={len(columns) + 1}"]
    header = [path.stem, "version=1", *size, "inDegrees=no", "endheader", "\t".join(["time", *columns])]
    rows = np.column_stack([time, values])
    np.savetxt(path, rows, "%.12g", "\t", header="\n".join(header), comments="", encoding="utf-8")
