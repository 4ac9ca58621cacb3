"""Recordings as tables of OpenSim (.sto): a folder of them, or one trial as states and controls for Moco.

Units are s, rad, m, N and N m; axes are x forward, y up, z to the right; joints have the names of OpenSim's
coordinates. https://opensimconfluence.atlassian.net/wiki/spaces/OpenSim/pages/53089996 describes the format.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

import numpy as np

from mousearm.errors import OutputError
from mousearm.files import write_json
from mousearm.model.opensim.tree import JOINT_NAMES
from mousearm.record.signals import About, ReachRecording, Signal

# Joint of the published model -> its coordinates.
_JOINTS = {
    "shoulder": ("elv_angle", "extension_angle", "rotation_angle"),
    "humerus_ulna": ("elbow_flex",),
    "wrist": ("wrist_angle",),
    "ulna_radius_pj": ("radius_rot",),
}
_JOINT_OF = {coordinate: joint for joint, coordinates in _JOINTS.items() for coordinate in coordinates}
_COORDINATES = {joint: coordinate for coordinate, joint in JOINT_NAMES.items()}
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
_AXES = [1, 2, 0]  # OpenSim's x, y, z among the world's: forward, up, to the right


def write_tables(reaches: Iterable[ReachRecording], about: About, folder: Path) -> None:
    """Write trials as tables of OpenSim: ``NAME/repeat_0/TABLE.sto``, and what was recorded as ``recording.json``.

    Args:
        reaches: trials.
        about: content of ``recording.json``.
        folder: does not exist yet.

    Raises:
        OSError: it cannot be written.
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
    values, columns = signal.values * signal.si[1], [_COORDINATES.get(name, name) for name in signal.columns]
    if signal.rows:
        columns = [f"{point}_{axis}" for point in signal.rows for axis in "xyz"]
        values = values[..., _AXES].reshape(len(time), -1)
    size = [f"nRows={len(time)}", f"nColumns={len(columns) + 1}"]
    header = [path.stem, "version=1", *size, "inDegrees=no", "endheader", "\t".join(["time", *columns])]
    rows = np.column_stack([time, values])
    np.savetxt(path, rows, "%.12g", "\t", header="\n".join(header), comments="", encoding="utf-8")


def write_states(reaches: Iterable[ReachRecording], about: About, path: Path) -> None:
    """Write the only trial that there is; OutputError if there are more, before anything is written."""
    first, *others = islice(reaches, 2)
    if others:
        raise OutputError(
            f"{path} (--out) can hold one reach, and there are more. Name one, such as with --kinematics FILE.csv, or "
            "take all of them as a folder of tables: --format sto --out FOLDER."
        )
    path.write_text(states_table(first), encoding="utf-8")


def states_table(reach: ReachRecording) -> str:
    """The text of the table of a trial, as Moco reads it.

    Columns have the paths of the published model, such as ``/jointset/humerus_ulna/elbow_flex/value`` and
    ``/forceset/Anconeus/activation``; controls, ``/forceset/Anconeus``, are those of the interval that begins with the
    row.
    """
    signals, columns, parts = reach.signals, [], []
    for name, ending in (("qpos", "value"), ("qvel", "speed")):
        columns += [f"{_path_of(joint)}/{ending}" for joint in signals[name].columns]
        parts.append(signals[name].values)
    if "activation" in signals:
        columns += [f"/forceset/{muscle}/activation" for muscle in signals["activation"].columns]
        parts.append(signals["activation"].values)
    n_states, control = len(columns), _control(signals)
    columns += [f"/forceset/{actuator}" for actuator in control.columns]
    parts.append(np.concatenate([control.values[1:], control.values[-1:]]))
    counts = {"num_states": n_states, "num_controls": len(control.columns)}
    counts |= dict.fromkeys(("num_multipliers", "num_derivatives", "num_slacks", "num_parameters"), 0)
    header = ["inDegrees=no", *(f"{name}={n}" for name, n in counts.items()), "DataType=double", "version=3"]
    rows = np.column_stack([signals["time"].values, *parts])
    lines = ["\t".join(f"{value:.12g}" for value in row) for row in rows]
    return "\n".join([*header, "endheader", "\t".join(["time", *columns]), *lines]) + "\n"


def _path_of(joint: str) -> str:
    """The path of a coordinate in the published model; of another arm's the name alone."""
    coordinate = _COORDINATES.get(joint, joint)
    return f"/jointset/{_JOINT_OF[coordinate]}/{coordinate}" if coordinate in _JOINT_OF else coordinate


def _control(signals: Mapping[str, Signal]) -> Signal:
    return signals["excitation" if "excitation" in signals else "control"]
