"""Reading run folders: the finished ones, and why others have to stay out."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from os.path import commonpath
from pathlib import Path
from typing import Any

from mousearm.config import Config
from mousearm.errors import MouseArmError, RunError
from mousearm.evaluate import read_evaluation
from mousearm.report.runs import PLACE, UNKNOWN, LeftOut, Run
from mousearm.rundir import FINISHED, INTERRUPTED, RUNNING, SWEEP, RunFolder
from mousearm.sweep.records import planned_jobs

_COMMIT = "$ git rev-parse HEAD\n"
_DIFF = "$ git diff HEAD\n"


def read_runs(folders: Sequence[Path]) -> tuple[list[Run], list[LeftOut]]:
    """The finished runs among run folders, and the others.

    Args:
        folders: as ``find_runs`` gives them.
    """
    common = Path(commonpath([folder.parent for folder in folders]))
    root = common.parent if (common / SWEEP).is_file() else common
    runs, left_out = [], []
    for path in folders:
        name = path.relative_to(root).as_posix()
        result = _read(RunFolder(path), name)
        (runs if isinstance(result, Run) else left_out).append(result)
    return runs, left_out


def _read(folder: RunFolder, name: str) -> Run | LeftOut:
    overrides: dict[str, str] = {}
    state, steps, reason = "unknown", "", ""
    try:
        if not folder.exists:
            return _never_began(folder, name)
        status = folder.status()
        state, steps = status.get("state", state), str(status.get("steps", ""))
        overrides = _by_key(folder.saved_overrides())
        if state == FINISHED:
            return _finished(folder, name, overrides, status.get("host", ""))
        reason = status.get("reason") or _why(state)
    except MouseArmError as error:
        state, reason = "unreadable", str(error)
    return LeftOut(name, state, steps, " ".join(reason.split()), _in_words(overrides))


def _never_began(folder: RunFolder, name: str) -> LeftOut:
    """A job of a sweep that ended, or waits, before its run was built; the sweep may know more of it."""
    state, reason, words = (
        "never began",
        "It has no config.yaml: its job ended, or waits, before the run was built.",
        "",
    )
    for job in planned_jobs(folder.path.parent):
        if job.number == int(folder.path.name):
            state, reason = job.ended or (state, reason)
            words = _in_words(_by_key(job.overrides))
    return LeftOut(name, state, "", " ".join(reason.split()), words)


def _in_words(overrides: Mapping[str, str]) -> str:
    return shlex.join(f"{key}={value}" for key, value in overrides.items() if key not in PLACE)


def _finished(folder: RunFolder, name: str, overrides: dict[str, str], host: str) -> Run:
    if not folder.evaluation.is_file():
        raise RunError(
            f"It has no {folder.evaluation.name}. Make it: python scripts/evaluate.py {folder.path} "
            f"--json {folder.evaluation}"
        )
    evaluation = read_evaluation(folder.evaluation)
    return Run(folder, name, settings_of(folder.saved_config()), overrides, evaluation, _commit(folder.path), host)


def _why(state: str) -> str:
    if state == RUNNING:
        return "It is at work."
    return "Its budget is not used up; the same command goes on." if state == INTERRUPTED else "No reason was written."


def settings_of(config: Config) -> dict[str, Any]:
    """Every key of a configuration with its path, such as ``reward.w_paw``, and its value."""
    return dict(_flat("", asdict(config)))


def _flat(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{key}.", value)
        else:
            yield prefix + key, value


def _by_key(overrides: Sequence[str]) -> dict[str, str]:
    """Overrides by their keys; of a key that is given twice the last, as Hydra has it."""
    return {key: value for key, _, value in (override.partition("=") for override in overrides)}


def _commit(folder: Path) -> str:
    file = folder / "environment.txt"
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    commit, _, diff = text.partition(_COMMIT)[2].partition(_DIFF)
    commit = commit.strip()
    if not commit or commit.startswith("("):
        return UNKNOWN
    return commit + ("+" if diff.strip() else "")
