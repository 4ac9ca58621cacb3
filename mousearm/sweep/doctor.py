"""Check that sweeps can go to SLURM from here: scheduler, partition, shared folder, the same Python on a node."""

import platform
import shutil
import socket
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import submitit

import mousearm
from mousearm.errors import MouseArmError, RunError
from mousearm.files import make_folder, write_text
from mousearm.rundir.logs import CODE
from mousearm.sweep.executor import build_executor, submit_calls, with_environment
from mousearm.sweep.records import SLURM, WAITING, Worker, slurm, states, stop

_POLL_S = 2.0
_TEST_MINUTES = 1
# A shared file system may take so long to show what another computer wrote.
_SHARED_WITHIN_S = 30.0
_MOST_LOG = 2000


def examine(settings: Mapping[str, Any], folder: Path, patience_s: float) -> Iterator[tuple[str, bool, str]]:
    """Check settings of ``hydra/launcher=slurm`` from the simplest to the whole, a test job; end at the first failure.

    Yields:
        What is checked, whether it is as it must be, and what was found: with what to do where it is not.
    """
    questions = {
        "scheduler": lambda: slurm("scontrol", "ping").strip().splitlines()[0],
        "partition": lambda: _partition(settings.get("partition")),
        "shared folder": lambda: _writable(folder),
        "test job": lambda: _test_job(settings, folder, patience_s),
    }
    for question, look in questions.items():
        try:
            yield question, True, look()
        except (MouseArmError, OSError) as error:
            yield question, False, str(error)
            return


def _partition(wanted: str | None) -> str:
    found = dict(line.split("|", 1) for line in slurm("sinfo", "-h", "-o", "%P|%a, limit %l, %D nodes").splitlines())
    listed = "; ".join(f"{name.rstrip('*')}: {text}" for name, text in found.items())
    name = wanted or next((name for name in found if name.endswith("*")), None)
    if name is None:
        raise RunError(f"There is no default partition: give hydra.launcher.partition=NAME. There are {listed}.")
    if name.rstrip("*") not in {name.rstrip("*") for name in found}:
        raise RunError(f"There is no partition '{name}' (hydra.launcher.partition). There are {listed}.")
    return f"{name.rstrip('*')} of {listed}"


def _writable(folder: Path) -> str:
    make_folder(folder)
    probe = folder / f".doctor-{uuid.uuid4().hex}"
    write_text(probe, "")
    probe.unlink()
    return f"{folder.resolve()} can be written here"


def _here() -> dict[str, str]:
    """Python, package and folder, which must be the same on a node."""
    python = f"{platform.python_version()} {sys.executable}"
    return {"python": python, "mousearm": f"{mousearm.__version__} {mousearm.__file__}", "folder": str(Path.cwd())}


def _test_job(settings: Mapping[str, Any], folder: Path, patience_s: float) -> str:
    place = (folder / f".doctor-{uuid.uuid4().hex[:8]}").resolve()
    short = {**settings, "timeout_min": _TEST_MINUTES, "signal_delay_s": 10}
    executor = build_executor(SLURM, place, with_environment(short, CODE, None))
    (job,) = submit_calls(executor, [_here])
    try:
        _await(Worker(SLURM, job.job_id, socket.gethostname()), patience_s)
        answer = _compare(job, place)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return answer


def _await(worker: Worker, patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while life := states([worker]).get(worker):
        if life == WAITING and time.monotonic() > until:
            reason = slurm("squeue", "--noheader", f"--job={worker.id}", "--format=%r").strip()
            stop([worker])
            raise RunError(
                f"It still waited for its turn after {patience_s:g} s ({reason}) and was cancelled. That may be the "
                "cluster's load: try again with --patience 3600, or with another hydra.launcher.partition."
            )
        time.sleep(_POLL_S)


def _compare(job: submitit.Job[dict[str, str]], place: Path) -> str:
    until = time.monotonic() + _SHARED_WITHIN_S
    while not job.paths.result_pickle.exists():
        if time.monotonic() > until:
            log = job.stderr() or "no log either: is the folder shared with the nodes?"
            raise RunError(f"The test job left no result in {place}. {log[-_MOST_LOG:]}")
        time.sleep(_POLL_S)
    if (error := job.exception()) is not None:
        raise RunError(f"The test job failed. {str(error)[-_MOST_LOG:]}")
    there, here = job.result(), _here()
    different = [f"{name}: {value} there, {here[name]} here" for name, value in there.items() if here[name] != value]
    if different:
        raise RunError(f"The node runs something else: {'; '.join(different)}. Put .venv where all nodes see it.")
    return f"job {job.job_id} ran on a node with the same Python ({here['python']}) and the same mousearm"
