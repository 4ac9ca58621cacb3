"""Recordings as Neurodata Without Borders (https://www.nwb.org), by pynwb.

All trials form one session, one second apart. Signals of the network, and EMG, are acquired data; those of the arm are
behaviour: points as ``Position``, all else as ``BehavioralTimeSeries``.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np
import pynwb
import pynwb.behavior
import pynwb.file

from mousearm.files import check_room
from mousearm.record.files import OVERHEAD, room_for
from mousearm.record.signals import EMG, About, ReachRecording, Signal, is_of_network, origin_text

_PYNWB: Any = pynwb  # it makes its classes while it is imported, so that no type checker knows them
_PAUSE_S = 1.0
_FRAME = "world: x to the right, y forward, z up"
_TRIAL_COLUMNS = (
    ("reach", "name of the reach"),
    ("split", "whether the network was trained on the reach: train or test"),
    ("repeat", "which performance of that reach, from 0"),
    ("is_completed", "whether the simulation lived to the end of the reach"),
)
_POINTS = {"landmarks": "", "target": "_target"}  # what is appended to the names of the points


def write_nwb(reaches: Iterable[ReachRecording], about: About, path: Path) -> None:
    """Write trials as one session of Neurodata Without Borders, each one second after the one before.

    Values are in SI units, points in the world frame. They wait in a file beside until all are known, so that they need
    not be in memory.

    Args:
        reaches: trials, at least one.
        about: what was recorded; it becomes the description of the experiment, as JSON.
        path: the file, which does not exist yet and ends with .nwb.

    Raises:
        OSError: the file cannot be written, or the disk has no room.
    """
    with TemporaryDirectory(dir=path.parent) as folder, h5py.File(Path(folder) / "signals.h5", "w") as file:
        trials, signals = _collect(reaches, file)
        nwb = _nwb_file(about)
        for column in _TRIAL_COLUMNS:
            nwb.add_trial_column(*column)
        for trial in trials:
            nwb.add_trial(**trial)
        # One trial has a rate; of more, the first series holds the times of all.
        time: Any = signals.pop("time").values
        clock = {"timestamps": time} if len(trials) > 1 else {"starting_time": 0.0, "rate": 1 / float(about["dt"])}
        _add_signals(nwb, signals, clock)
        check_room(path, 2 * Path(file.filename).stat().st_size + OVERHEAD)
        with _PYNWB.NWBHDF5IO(path, "w") as io:
            io.write(nwb, link_data=False)


def _collect(reaches: Iterable[ReachRecording], file: h5py.File) -> tuple[list[dict[str, Any]], dict[str, Signal]]:
    """Write the values of all trials below each other into a file: what NWB says of each trial, and the signals.

    The signals' values are datasets of the file, (frames of all trials, ...); ``time`` is that of the session, s.
    """
    trials, signals, start = [], {}, 0.0
    for reach in reaches:
        check_room(Path(file.filename), room_for(reach))
        time = start + reach.signals["time"].values
        for name, signal in reach.signals.items():
            values = time if name == "time" else signal.values
            signals[name] = replace(signal, values=_append(file, name, values))
        trial = {"start_time": time[0], "stop_time": time[-1], "reach": reach.name, "split": reach.split}
        trials.append({**trial, "repeat": reach.repeat, "is_completed": reach.completed})
        start = time[-1] + _PAUSE_S
        file.flush()
    return trials, signals


def _append(file: h5py.File, name: str, values: np.ndarray) -> Any:
    if name not in file:
        shape = values.shape[1:]
        return file.create_dataset(name, data=values, maxshape=(None, *shape), compression="gzip", shuffle=True)
    dataset: Any = file[name]
    dataset.resize(len(dataset) + len(values), axis=0)
    dataset[-len(values) :] = values
    return dataset


def _nwb_file(about: About) -> Any:
    who = "a neural network" if "checkpoint" in about else str(about["run"])
    subject = _PYNWB.file.Subject(
        subject_id=str(about["run"]).replace("/", "_"),
        description=f"No animal: {who} that moves a simulated mouse forelimb ({about['model']}) in MuJoCo.",
        species="Mus musculus",
        sex="U",
        age="P0D/",
    )
    return _PYNWB.NWBFile(
        session_description=f"{who} moves a simulated mouse forelimb.".capitalize(),
        identifier=str(uuid.uuid4()),
        session_start_time=datetime.now(UTC),
        session_id=origin_text(about).replace("/", "_"),
        experiment_description=json.dumps(dict(about)),
        keywords=["simulation", "reaching", "motor control", "neural network", "forelimb"],
        subject=subject,
    )


def _add_signals(nwb: Any, signals: Mapping[str, Signal], clock: dict[str, Any]) -> None:
    """Add a series per signal or point; where the clock has times, the first series holds those of all."""
    points, arm = _PYNWB.behavior.Position(name="points"), _PYNWB.behavior.BehavioralTimeSeries(name="arm")
    nwb.create_processing_module("behavior", "what the arm did").add([points, arm])
    for name, signal in signals.items():
        if name in _POINTS:
            made = [_point(row + _POINTS[name], signal, i, clock) for i, row in enumerate(signal.rows)]
            points.add_spatial_series(made)
        else:
            made = [_series(name, signal, clock)]
            is_recorded = is_of_network(name) or name == EMG
            (nwb.add_acquisition if is_recorded else arm.add_timeseries)(made[0])
        if "timestamps" in clock:
            clock["timestamps"] = made[0]


def _series(name: str, signal: Signal, clock: Mapping[str, Any]) -> Any:
    unit, conversion = signal.si
    comments = json.dumps(signal.labels) if signal.labels else "no comments"
    about = {"unit": unit, "conversion": conversion, "description": signal.description, "comments": comments}
    return _PYNWB.TimeSeries(name=name, data=signal.values, **about, **clock)


def _point(name: str, signal: Signal, row: int, clock: Mapping[str, Any]) -> Any:
    about = {"unit": "meters", "description": f"{name.replace('_', ', ')}: {signal.description}"}
    return _PYNWB.behavior.SpatialSeries(
        name=name, data=signal.values[:, row], reference_frame=_FRAME, **about, **clock
    )
