"""Rates of neurons on the frames of reaches: which trial is which reach, and which time is its first frame."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mousearm.errors import NeuralError, UnknownNameError
from mousearm.neural.activity import Activity
from mousearm.neural.matlab_session import read_spikes_of_matlab
from mousearm.neural.rates import Kernel, count_spikes, smooth
from mousearm.neural.session import NeuralSession, NeuralTrial
from mousearm.neural.spike_tables import SPIKES, read_spike_folder
from mousearm.text import listed, plural

START = "start"  # of the trial: the event that is always there
_TOLERANCE = 0.1  # share of a reach by which a trial may be shorter or, without an event, longer


def read_session(path: Path, names: str | None = None) -> NeuralSession:
    """Read a session: an NWB file, a file of MATLAB, or a folder of CSV tables.

    Args:
        path: ends with ``.nwb`` or ``.mat``, or is a folder that holds ``spikes.csv``.
        names: column of the trials that names the reach; None: as of `session_of_tables`.

    Raises:
        NeuralError: it is none of them, or as of their readers.
        UnknownNameError: there is no such column.
    """
    from mousearm.neural.nwb_session import read_nwb

    if path.is_dir() and (path / SPIKES).exists():
        return read_spike_folder(path, names)
    readers = {".nwb": read_nwb, ".mat": read_spikes_of_matlab}
    if path.suffix.lower() not in readers or path.is_dir():
        raise NeuralError(
            f"{path} is no session of neurons. Give a file .nwb or .mat, or a folder with {SPIKES} and trials.csv."
        )
    return readers[path.suffix.lower()](path, names)


def read_cohort(paths: Sequence[Path], names: str | None = None) -> tuple[NeuralSession, ...]:
    """Read sessions of one or several animals, each of which is compared on its own reaches.

    A folder without ``spikes.csv`` stands for the sessions below it. Errors as of `read_session`, and NeuralError if
    two sessions have one name.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir() and not (path / SPIKES).exists():
            files = [file for file in path.rglob("*") if file.suffix.lower() in (".nwb", ".mat") or file.name == SPIKES]
            found += sorted(file.parent if file.name == SPIKES else file for file in files)
        else:
            found.append(path)
    if not found:
        raise NeuralError(
            f"There is no session below {', '.join(map(str, paths))}. Give .nwb or .mat files, or folders."
        )
    sessions = tuple(read_session(path, names) for path in found)
    known: dict[str, str] = {}
    for session in sessions:
        if session.group in known:
            raise NeuralError(
                f"{session.source} and {known[session.group]} are both the session "
                f"{session.group or 'without a name'}. Give one of them, or correct animal and session in one."
            )
        known[session.group] = session.source
    return sessions


def align(
    session: NeuralSession,
    step_s: float,
    frames: Mapping[str, int] | None = None,
    kernel: Kernel | None = None,
    event: str = START,
    offset_ms: float = 0.0,
) -> Activity:
    """Rates of a session's units, spikes/s, on the frames of its reaches.

    A trial is the reach whose name it has, or that ends with it after ``ANIMAL/SESSION/`` or other folders; trials of
    other names are left out. Frame 0 is at the event plus the offset.

    Args:
        session: what was recorded.
        step_s: time between frames, s.
        frames: number of frames of each reach by its name; None: reaches are the trials, from the event to the end.
        kernel: of the rates; None: Gaussian, 25 ms.
        event: name of the event of each trial that is frame 0, or ``start``.
        offset_ms: from the event to frame 0, ms.

    Raises:
        UnknownNameError: trials have no such event.
        NeuralError: no trial is a reach; a reach does not fit into its trial; or no spike is in any of them.
    """
    kernel, placed = kernel or Kernel(), place_trials(session, step_s, frames, event, offset_ms)
    starts, counts = [of.start for of in placed], [of.n_frames for of in placed]
    rates = smooth(count_spikes(session.spikes, starts, counts, step_s, kernel), step_s, kernel)
    name = " ".join(part for part in (session.group or Path(session.source).name, _area(session)) if part)
    groups = (session.group,) * len(placed)
    return Activity(name, tuple(of.reach for of in placed), tuple(rates), step_s, session.units, groups, "neurons")


class Placed(NamedTuple):
    """A reach in a session."""

    reach: str
    start: float  # of frame 0, s on the clock of the session
    n_frames: int


def place_trials(
    session: NeuralSession, step_s: float, frames: Mapping[str, int] | None, event: str = START, offset_ms: float = 0.0
) -> list[Placed]:
    """Where the reaches are in a session; arguments and errors as of `align`. Trials that are none are warned of."""
    known = None if frames is None else _known(frames)
    placed, strange = [], []
    for trial in session.trials:
        reach = trial.name if known is None else _reach_of(trial.name, session, known)
        at = _time_of(session, trial, event) + offset_ms / 1e3
        if reach is None or not np.isfinite(at):
            strange.append(trial.name)
            continue
        n = round((trial.stop - at) / step_s) + 1 if frames is None else frames[reach]
        _check_window(session, trial, at, (n - 1) * step_s, event, is_sure=event != START or offset_ms != 0)
        placed.append(Placed(reach, at, n))
    if not placed:
        raise NeuralError(_nothing(session, frames, event))
    if strange:
        left = plural(len(strange), "trial")
        why = f"no reach of the recording, or without {event}: {listed(strange, 5)}"
        warnings.warn(f"{session.source}: {left} left out, {why}.", stacklevel=3)
    _check_spikes(session, [of.start for of in placed], [of.n_frames * step_s for of in placed])
    return placed


def _area(session: NeuralSession) -> str:
    areas = set(session.areas)
    return next(iter(areas)) if len(areas) == 1 else ""


def _known(frames: Mapping[str, int]) -> dict[str, list[str]]:
    """Reaches by each way to end their name, from the whole to the last part."""
    found: dict[str, list[str]] = {}
    for name in frames:
        parts = name.split("/")
        for i in range(len(parts)):
            found.setdefault("/".join(parts[i:]), []).append(name)
    return found


def _reach_of(name: str, session: NeuralSession, known: Mapping[str, list[str]]) -> str | None:
    """The one reach that a trial's name means; None if there is none, NeuralError if there are several."""
    for wanted in (f"{session.group}/{name}", f"{session.session}/{name}", name):
        if len(found := known.get(wanted, [])) == 1:
            return found[0]
    if found:
        raise NeuralError(
            f"{session.source}: the trial {name} may be {listed(found, 3)}. Name trials as ANIMAL/SESSION/REACH."
        )
    return None


def _time_of(session: NeuralSession, trial: NeuralTrial, event: str) -> float:
    if event == START:
        return trial.start
    if event not in trial.events:
        raise UnknownNameError(f"event of trials in {session.source}", event, [START, *trial.events])
    return trial.events[event]


def _check_window(
    session: NeuralSession, trial: NeuralTrial, at: float, lasts: float, event: str, is_sure: bool
) -> None:
    """Refuse a reach that is not in its trial, and a trial that is much longer where nobody said which part it is."""
    slack = max(_TOLERANCE * lasts, 0.02)
    known = ", ".join([START, *trial.events])
    if at < trial.start - slack or at + lasts > trial.stop + slack or lasts <= 0:
        raise NeuralError(
            f"{session.source}: the reach {trial.name} lasts {lasts:.3f} s from {at:.3f} s ({event}), and its trial is "
            f"from {trial.start:.3f} to {trial.stop:.3f} s. If that is so in all trials, the alignment is wrong: give "
            f"another event (--event; there are {known}) or --offset. Else take the trial out, or its name."
        )
    if not is_sure and trial.stop - trial.start > lasts + slack:
        raise NeuralError(
            f"{session.source}: the trial {trial.name} lasts {trial.stop - trial.start:.3f} s, and the reach "
            f"{lasts:.3f} s: which part of it is the reach is not known. Give the event that is its first frame "
            f"(--event; there are {known}), or --offset in ms from the start."
        )


def _check_spikes(session: NeuralSession, starts: Sequence[float], lasts: Sequence[float]) -> None:
    first, last = session.span
    inside = sum(
        int(np.searchsorted(times, at + long) - np.searchsorted(times, at))
        for times in session.spikes
        for at, long in zip(starts, lasts, strict=True)
    )
    if not inside:
        raise NeuralError(
            f"{session.source}: no unit has a spike in any of {plural(len(starts), 'reach', 'reaches')}. Spikes are "
            f"from {first:.6g} to {last:.6g} s, trials from {min(starts):.6g} to {max(starts):.6g} s: their clocks or "
            "units differ. Give both in s on one clock."
        )


def _nothing(session: NeuralSession, frames: Mapping[str, int] | None, event: str) -> str:
    if frames is None or any(_reach_of(trial.name, session, _known(frames)) for trial in session.trials):
        return f"{session.source}: no trial has a time of the event {event}. Give another one (--event)."
    trials = listed([trial.name for trial in session.trials], 3)
    return (
        f"{session.source}: no trial is a reach of the recording. Trials are {trials}; reaches are "
        f"{listed(list(frames), 3)}. Give the column that names the reach (--names), or the recording of these reaches."
    )
