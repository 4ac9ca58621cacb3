"""What is compared with EMG: networks, controllers that need none, recordings, and tables of activations."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm.auto import tqdm

from mousearm.agent import Agent, titles
from mousearm.config import Config, compose
from mousearm.emg_comparison.traces import Trace
from mousearm.errors import ConfigError, EmgError, RecordingError
from mousearm.kinematics.sheets import NumberTable, Sheet
from mousearm.record import Recording, read_recording, record
from mousearm.record.signals import ReachRecording
from mousearm.record.trials import ArmRecorder, record_trials
from mousearm.registry import CONTROLLERS
from mousearm.rundir.runs import find_runs, is_recording
from mousearm.setup import Setup
from mousearm.trajectory import FOLLOWED, PAW

TABLES = (".csv", ".tsv", ".sto")  # of activations
_AS_TABLE = "Write its activations as CSV: a row per frame, columns time (in s) and those of muscles, by their names"
_OPTIMAL = "optimal"
AskedControllers = list[tuple[str, list[str]]]  # controllers without a network, and overrides of each
_END_OF_HEADER = "endheader"  # of OpenSim
_PAW_ROW = PAW - FOLLOWED.start


class MusclePerformance(NamedTuple):
    """Signals of a controller's muscles in one trial of each reach."""

    actuators: tuple[str, ...]
    muscles: dict[str, Trace]  # by reach; (T, nu)
    speeds: dict[str, Trace]  # by reach, of the recorded paw, (T, 1); empty where it is not known


@dataclass(frozen=True)
class MuscleController:
    """A controller by name, with all its performances: of several networks that differ in their seed, or of repeats."""

    name: str
    performances: Sequence[MusclePerformance]

    @property
    def reaches(self) -> list[str]:
        """Names of the reaches that all its performances have."""
        first, *rest = self.performances
        return [name for name in first.muscles if all(name in other.muscles for other in rest)]


def of_recording(recording: Recording, signal: str = "activation") -> list[MusclePerformance]:
    """The performances of a recording, one per repeat; RecordingError if it is of an arm without muscles."""
    repeats: dict[int, list[ReachRecording]] = {}
    for reach in recording.reaches:
        repeats.setdefault(reach.repeat, []).append(reach)
    return [_performance(reaches, signal) for reaches in repeats.values()]


def _performance(reaches: Sequence[ReachRecording], signal: str) -> MusclePerformance:
    muscles, speeds = {}, {}
    for reach in reaches:
        if "activation" not in reach.signals or signal not in reach.signals:
            raise RecordingError(
                f"The recording of {reach.name} has no muscles' {signal}. Compare an arm with muscles: model=muscle."
            )
        time, found = reach.signals["time"].values, reach.signals[signal]
        if not reach.completed or len(time) < 2:
            continue
        muscles[reach.name] = Trace(reach.name, time, found.values, float(time[-1]))
        paw = reach.signals["target"].values[:, _PAW_ROW]
        speed = np.linalg.norm(np.gradient(paw, time, axis=0), axis=1, keepdims=True)
        speeds[reach.name] = Trace(reach.name, time, speed, float(time[-1]))
    return MusclePerformance(reaches[0].signals[signal].columns, muscles, speeds)


def asked_controllers(names: str | None, efforts: str | None, powers: str | None) -> AskedControllers:
    """Controllers of ``cmc,optimal``, the optimal one once for each weight of effort and power.

    UnknownNameError if there is no such controller, ConfigError if weights or powers go with none.
    """
    found: AskedControllers = []
    for name in (names or "").split(",") if names else []:
        CONTROLLERS[name]
        if name != _OPTIMAL:
            found.append((name, []))
            continue
        for power in (powers or "").split(","):
            for effort in (efforts or "").split(","):
                more = {"optimal.w_effort": effort, "optimal.power": power}
                found.append((name, [f"{key}={value}" for key, value in more.items() if value]))
    if (efforts or powers) and _OPTIMAL not in dict(found):
        raise ConfigError("--efforts and --powers are of optimal control. Add --controllers optimal.")
    return found


def networks(folders: Sequence[Path], checkpoint: str, kinematics: str | None, signal: str) -> list[MuscleController]:
    """Networks of runs, or of all runs in sweeps: one controller for those that differ in their seed alone."""
    paths = find_runs(folders) if folders else []
    performed: dict[str, list[MusclePerformance]] = {}
    members: dict[str, list[Path]] = {}
    for path in tqdm(paths, "networks", delay=1, leave=False, unit=" runs"):
        agent = Agent.load(path, checkpoint, kinematics)
        key = _but_seed(agent.config)
        performed.setdefault(key, []).extend(of_recording(record(agent), signal))
        members.setdefault(key, []).append(path)
    names = titles([of[0] if len(of) == 1 else _shared(of) for of in members.values()]) if members else []
    counts = ["" if len(of) == 1 else f", {len(of)} seeds" for of in members.values()]
    return [
        MuscleController(name + count, of) for name, count, of in zip(names, counts, performed.values(), strict=True)
    ]


def _shared(paths: Sequence[Path]) -> Path:
    """The folder of runs if they have one, as in a sweep of nothing but seeds; else the first of them."""
    parents = {path.parent for path in paths}
    others = [one for one in find_runs([*parents]) if one not in paths] if len(parents) == 1 else paths
    return paths[0] if others else paths[0].parent


def _but_seed(config: Config) -> str:
    """A configuration as text, whatever its run is called and its seed is."""
    return json.dumps(asdict(replace(config, name="any", seed=0)), default=str, sort_keys=True)


def without_network(
    name: str, overrides: Sequence[str], kinematics: str | None, signal: str, more: Sequence[str] = ()
) -> MuscleController:
    """A controller that needs no network, one of `CONTROLLERS`, on reaches of a file or folder; errors as `Setup`.

    ``more`` are overrides that tell it from others of this name, and go into its own.
    """
    setup = Setup.to_test(compose(["model=muscle", *overrides, *more]), kinematics)
    task = setup.task(len(setup.references))
    recorder = ArmRecorder(task, setup.controller(name, task))
    split_of = dict.fromkeys(task.references.names, "test")
    reaches = [reach for _, reach in record_trials(task, recorder, split_of)]
    short = ", ".join(word.partition(".")[2].replace("=", " ") for word in more)
    return MuscleController(f"{name}, {short}" if short else name, of_recording(Recording(reaches, {}), signal))


def of_file(path: Path, signal: str) -> MuscleController:
    """A recording of this program, by the name of its file."""
    return MuscleController(path.stem, of_recording(read_recording(path), signal))


def of_tables(paths: Sequence[Path], reaches: Sequence[str]) -> list[MuscleController]:
    """Tables of activations, ``REACH_NAME.csv`` or .sto, a file per reach: one controller per NAME.

    Columns are ``time`` or ``time_s``, s from the first frame, and muscles as the arm or as OpenSim calls them.

    Raises:
        EmgError: a file belongs to no reach, or cannot be used.
        KinematicsError: it is no table.
    """
    found: dict[str, dict[str, tuple[tuple[str, ...], Trace]]] = {}
    for path in paths:
        reach = max((name for name in reaches if _belongs(path.stem, name)), key=len, default=None)
        if reach is None:
            raise EmgError(
                f"its name begins with that of no reach with EMG ({', '.join(reaches)}). Rename it REACH_NAME"
                f"{path.suffix}.",
                path,
            )
        name = path.stem[len(Path(reach).name) :].strip("_- .") or path.parent.name
        found.setdefault(name, {})[reach] = _table(path, reach)
    controllers = []
    for name, tables in found.items():
        actuators = {columns for columns, _ in tables.values()}
        if len(actuators) > 1:
            raise EmgError(f"tables of {name} have other muscles than one another. Give them another name each.", name)
        traces = {reach: trace for reach, (_, trace) in tables.items()}
        controllers.append(MuscleController(name, [MusclePerformance(next(iter(actuators)), traces, {})]))
    return controllers


def _belongs(stem: str, reach: str) -> bool:
    """True if a file's name begins with that of a reach, and no digit follows."""
    return re.match(rf"{re.escape(Path(reach).name)}(?!\d)", stem) is not None


def _table(path: Path, reach: str) -> tuple[tuple[str, ...], Trace]:
    sheet = Sheet.read(path, _AS_TABLE)
    end = next((i for i, line in enumerate(sheet.lines) if line.strip().lower() == _END_OF_HEADER), -1)
    start = next((i for i in range(end + 1, len(sheet.lines)) if sheet.lines[i].strip()), len(sheet.lines) - 1)
    sheet = sheet.split_at(start)
    header = sheet.cells(start)
    if header[0].lower() not in ("time", "time_s") or len(header) < 2:
        raise EmgError(f"the first column is '{header[0]}'. Name it time, in s, and those after it as muscles.", path)
    table = NumberTable(path, sheet.rows(start + 1), header, range(len(header)))
    time, values = table.numbers(0), np.stack([table.numbers(i) for i in range(1, len(header))], axis=1)
    if len(time) < 2 or (np.diff(time) <= 0).any() or not np.isfinite(values).all():
        raise EmgError("times must increase, and every value must be a number. Correct the table.", path)
    names = tuple(_muscle(name) for name in header[1:])
    return names, Trace(reach, time - time[0], values, float(time[-1] - time[0]))


def _muscle(column: str) -> str:
    """The muscle of a column such as ``/forceset/Biceps_Long_Head/activation``."""
    parts = [part for part in column.split("/") if part]
    return parts[-2] if len(parts) > 1 and parts[-1] == "activation" else parts[-1] if parts else column


def gathered(
    words: Sequence[str],
    envelopes: Sequence[str],
    signal: str,
    checkpoint: str,
    kinematics: str | None,
    asked: Sequence[tuple[str, Sequence[str]]],
    overrides: Sequence[str],
) -> list[MuscleController]:
    """All that a command names, in the order networks, recordings, controllers without networks, tables."""
    paths = [Path(word) for word in words]
    tables = [path for path in paths if path.suffix.lower() in TABLES]
    recordings = [path for path in paths if is_recording(path)]
    runs = [path for path in paths if path not in tables and path not in recordings]
    found: list[Any] = networks(runs, checkpoint, kinematics, signal)
    found += [of_file(path, signal) for path in recordings]
    found += [without_network(name, overrides, kinematics, signal, more) for name, more in asked]
    return found + of_tables(tables, envelopes)
