"""Finished runs as a comparison needs them, why others are excluded, and recordings that stand beside the runs."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from os.path import commonpath
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mousearm.door import check_seal
from mousearm.errors import MouseArmError, RecordingError, RunError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.measuring import evaluate_trials
from mousearm.model.muscles import muscles_of
from mousearm.record.opened import OpenRecording, open_recording
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.logs import read_environment, read_metrics
from mousearm.rundir.runs import SWEEP
from mousearm.rundir.status import FINISHED, INTERRUPTED, NO_STATUS, RUNNING
from mousearm.sweep.records import planned_jobs
from mousearm.text import listed, one_line
from mousearm.trajectory import FOLLOWED, Trial

UNKNOWN = "unknown"  # the commit of code that was in no git checkout
_DESTINATION = ("name",)  # overrides that say where a run goes, not what it is
_REASONS = {RUNNING: "It is at work.", INTERRUPTED: "Its budget is not used up; the same command resumes it."}


@dataclass(frozen=True)
class Measured:
    """Subject of a report: a finished run, or something else that performed its reaches."""

    name: str  # by which a report calls it; of a run the folder, without what all runs have in common
    evaluation: Evaluation  # of a run that of its best network

    def error_mm(self, split: str, point: str) -> float:
        """Mean error of ``paw`` or ``elbow`` over all steps of a split, mm; NaN without such reaches."""
        both = self.evaluation.splits.get(split)
        return float("nan") if both is None else both[f"{point}_mm"].mean

    def noise_mm(self, split: str, name: str) -> float:
        """Effect of noise on the paw's error, by a name of `evaluate.results.NOISE`, mm; NaN where it is not known."""
        known = self.evaluation.noise_mm(split)
        return known[name].paw if name in known else float("nan")

    def effort(self, split: str) -> float:
        """Mean effort over all steps of a split; NaN without such reaches."""
        reaches = [reach for reach in self.evaluation.reaches if reach.split == split]
        if not reaches:
            return float("nan")
        return float(np.average([r.effort for r in reaches], weights=[r.steps for r in reaches]))


@dataclass(frozen=True)
class Run(Measured):
    """A finished run."""

    folder: RunFolder
    settings: Mapping[str, Any]  # every key of its configuration, with its path, and the value
    overrides: Mapping[str, str]  # its command line, by key
    commit: str  # of the code; ``unknown`` outside a git checkout, with a plus if the code was changed since
    host: str  # where it ran
    steps: int  # of control, over all simulations
    imitated: int  # those of them in which it imitated

    @property
    def seed(self) -> int:
        """Its seed."""
        return self.settings["seed"]

    @property
    def budget(self) -> str:
        """Its training in words."""
        parts = {"imitation": self.imitated, "reward": self.steps - self.imitated}
        return " + ".join(f"{_rounded(steps)} by {name}" for name, steps in parts.items() if steps) or "no steps"

    @cached_property
    def files(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """By split the names of its reaches, each with the hash of its file where the run has saved one."""
        try:
            hashes = self.folder.saved_split().sha256
        except RunError:
            hashes = {}
        names = {s: sorted(r.name for r in self.evaluation.reaches if r.split == s) for s in self.evaluation.splits}
        return {split: tuple((name, hashes.get(name, "")) for name in of) for split, of in names.items()}

    @property
    def command(self) -> str:
        """The command that repeats it, in another folder."""
        words = [f"{key}={value}" for key, value in self.overrides.items() if key.lstrip("+") not in _DESTINATION]
        words.append(f"name=again/{self.name}")
        if "experiment" in self.overrides:
            words.append("hydra.mode=RUN")  # the experiment may be a sweep, of which this is one run
        return shlex.join(["python", "run.py", *words])


class Excluded(NamedTuple):
    """A run that is not compared, and why; texts for a table."""

    name: str
    state: str  # of status.json; ``unreadable`` where the run is finished but cannot be read
    steps: str
    reason: str
    overrides: str


class LearningCurve(NamedTuple):
    """Evaluations of a run while it trained; each (n,)."""

    steps: np.ndarray  # control steps over all simulations
    seconds: np.ndarray  # of training, by the clock, evaluations included; NaN where timing.csv lacks them
    paw_mm: np.ndarray  # mean paw error


def read_runs(folders: Sequence[Path]) -> tuple[list[Run], list[Excluded]]:
    """The finished runs among run folders, as ``find_runs`` gives them, and the others."""
    common = Path(commonpath([folder.parent for folder in folders]))
    root = common.parent if (common / SWEEP).is_file() else common
    found = [_read(RunFolder(path), path.relative_to(root).as_posix()) for path in folders]
    return [run for run in found if isinstance(run, Run)], [out for out in found if isinstance(out, Excluded)]


def _read(folder: RunFolder, name: str) -> Run | Excluded:
    overrides: dict[str, str] = {}
    state, steps, reason = NO_STATUS, "", ""
    try:
        if not folder.exists:
            return _never_began(folder, name)
        status = folder.status()
        state, steps = status.state, "" if status.state == NO_STATUS else str(status.steps)
        overrides = _by_key(folder.saved_overrides())
        if state == FINISHED:
            read_metrics(folder.timing)  # refuses what has changed
            evaluation, settings = Evaluation.load(folder.evaluation), settings_of(folder.saved_config())
            without = settings["pretrain.teacher"] == "none" or folder.metrics.exists()  # shared agents have no metrics
            imitated = 0 if without else max(0, status.steps - settings["algo.timesteps"])
            imitated = max(read_metrics(folder.metrics).column("pretrain/loss"), default=imitated)
            code, whence = _commit(folder), status.host
            return Run(name, evaluation, folder, settings, overrides, code, whence, status.steps, imitated)
        reason = status.reason or _REASONS.get(state, "No reason was written.")
    except MouseArmError as error:
        state, reason = "unreadable", str(error)
    return Excluded(name, state, steps, one_line(reason), _in_words(overrides))


def _never_began(folder: RunFolder, name: str) -> Excluded:
    """A job of a sweep that ended, or waits, before its run was built; the sweep may know more of it."""
    known = "never began", "It has no config.yaml: its job ended, or waits, before the run was built."
    jobs = [job for job in planned_jobs(folder.path.parent) if job.number == int(folder.path.name)]
    state, reason = (jobs[0].ended if jobs else None) or known
    words = _in_words(_by_key(jobs[0].overrides)) if jobs else ""
    return Excluded(name, state, "", one_line(reason), words)


def _rounded(steps: int) -> str:
    """Steps to three digits: the last rollout may go a little beyond a budget."""
    return f"{float(f'{steps:.3g}'):,.0f}".replace(",", " ")


def _in_words(overrides: Mapping[str, str]) -> str:
    return shlex.join(f"{key}={value}" for key, value in overrides.items() if key not in _DESTINATION)


def settings_of(config: Any, prefix: str = "") -> dict[str, Any]:
    """Every key of a configuration with its path, such as ``reward.w_paw``, and its value."""
    found: dict[str, Any] = {}
    for key, value in (config if isinstance(config, dict) else asdict(config)).items():
        found |= settings_of(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def _by_key(overrides: Sequence[str]) -> dict[str, str]:
    """Overrides by their keys; of a key that is given twice the last, as Hydra has it."""
    return {key: value for key, _, value in (override.partition("=") for override in overrides)}


def _commit(folder: RunFolder) -> str:
    check_seal(folder.environment)
    found = read_environment(folder.environment)
    return found.commit + ("+" if found.is_changed else "") if found.commit else UNKNOWN


def learning_curve(folder: RunFolder, split: str) -> LearningCurve:
    """The learning curve of a run; empty where metrics.csv is missing, cannot be read or has none of this split."""
    errors = read_metrics(folder.metrics).column(f"eval/{split}_paw_mm")
    seconds = _without_restarts(read_metrics(folder.timing).column("time/training_s"))
    steps = sorted(errors)
    columns = (steps, [seconds.get(step, np.nan) for step in steps], [errors[step] for step in steps])
    return LearningCurve(*(np.array(column, dtype=float) for column in columns))


def _without_restarts(seconds: dict[int, float]) -> dict[int, float]:
    """Seconds of the whole training: a run that was resumed counts from 0 again, so what came before is added."""
    before, last, total = 0.0, 0.0, {}
    for step, value in sorted(seconds.items()):
        if value < last:
            before += last
        last = value
        total[step] = before + value
    return total


def read_standard(path: Path, split: str, runs: Sequence[Run]) -> Measured:
    """Measure a recording on the reaches that runs have in a split; of each reach its first trial.

    RecordingError if it lacks some of them, or knows no targets of the elbow; others as of `open_recording`.
    """
    opened = open_recording(path)
    wanted = {reach.name for run in runs for reach in run.evaluation.reaches if reach.split == split}
    first = {one.name: i for i, one in reversed([*enumerate(opened.reaches)])}
    if missing := sorted(wanted - set(first)):
        raise RecordingError(
            f"{path} cannot stand beside these runs: it lacks {len(missing)} of their {len(wanted)} {split} reaches, "
            f"{listed(missing, most=3)}. Record the same reaches, such as by scripts/optimal.py."
        )
    trials = [_with_effort(opened, first[name], split) for name in sorted(wanted)]
    if not all(np.isfinite(trial.targets[:, FOLLOWED]).all() for trial in trials):
        raise RecordingError(f"{path} has no targets of the elbow, so there are no errors. Leave it out.")
    return Measured(path.name, evaluate_trials(trials, opened.scale))


def _with_effort(opened: OpenRecording, index: int, split: str) -> Trial:
    """A trial with its effort, (force / peak force)^2; forces of motors were recorded times their gear."""
    arm, force = opened.arm, opened.reaches[index].signals["force"].values
    gear = np.abs(arm.model.actuator_gear[:, 0])
    gear[muscles_of(arm)] = 1
    return replace(opened.trial(index), split=split, effort=np.square(force / (gear * arm.peak_force)))
