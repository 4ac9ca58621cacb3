"""submitit's executors, which start a process on this computer or put a job into SLURM's queue."""

import io
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import fields
from pathlib import Path
from typing import Any

import submitit
from hydra_plugins.hydra_submitit_launcher.config import BaseQueueConf
from submitit.core.utils import FailedJobError
from submitit.helpers import environment_variables

import mousearm
from mousearm.errors import RunError
from mousearm.sweep.job import QueuedJob
from mousearm.sweep.records import LOCAL, SLURM, Job, Sweep, Worker, local_process, states, stop, this_process

# Settings that submitit's update_parameters does not take.
_OTHERS = ("_target_", "submitit_folder", "max_num_timeout", "wait", "parallel")
# Words of sbatch when it refuses, and which setting of hydra.launcher they are about.
_COMPLAINTS = {
    "memory": "mem_gb (null where a cluster does not count memory)",
    "partition": "partition",
    "account": "account",
    "qos": "qos",
    "feature": "constraint",
    "generic resource": "gpus_per_node",
    "time limit": "timeout_min",
    "cpu": "cpus_per_task",
    "processors": "cpus_per_task",
}
_LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def build_executor(cluster: str, sweep: Path, settings: Mapping[str, Any]) -> submitit.AutoExecutor:
    """What submits: submitit's, with the settings of the launcher.

    Raises:
        RunError: if SLURM is not there, or a setting is not one.
    """
    common = {field.name for field in fields(BaseQueueConf)}
    given = {name: value for name, value in settings.items() if name not in _OTHERS and value is not None}
    own = {name if name in common else f"{cluster}_{name}": value for name, value in given.items()}
    first = {f"{cluster}_max_num_timeout": settings.get("max_num_timeout", 0)}
    try:
        executor = submitit.AutoExecutor(folder=sweep.resolve() / ".submitit" / "%j", cluster=cluster, **first)
        executor.update_parameters(**own)
    except (RuntimeError, AssertionError, NameError, ValueError) as error:  # submitit's kinds
        raise RunError(f"hydra/launcher={cluster} cannot be used: {error}") from error
    return executor


def give(executor: submitit.AutoExecutor, calls: Sequence[Callable[[], Any]]) -> list[submitit.Job[Any]]:
    """Submit calls together.

    Raises:
        RunError: if SLURM refuses them.
    """
    try:
        with redirect_stderr(io.StringIO()), executor.batch():  # submitit prints there what the error says
            return [executor.submit(call) for call in calls]
    except FailedJobError as error:  # of sbatch
        text = " ".join(str(error).split())
        raise RunError(f"SLURM refuses the jobs: {text}{remedy(text)}") from error


def remedy(complaint: str) -> str:
    """Which settings to try after words of sbatch, as a sentence that follows these; empty where nothing is known."""
    settings = [setting for word, setting in _COMPLAINTS.items() if word in complaint.lower()]
    listed = ", ".join(f"hydra.launcher.{setting}" for setting in settings)
    return f". To be changed: {listed}" if settings else ""


def with_environment(settings: Mapping[str, Any], code: Path, threads: int | None) -> dict[str, Any]:
    """Settings for SLURM whose jobs run a snapshot of the code, even where a cluster passes on no environment."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment(code, threads).items()]
    return {**settings, "setup": [*(settings.get("setup") or []), *exports]}


def environment(code: Path, threads: int | None) -> dict[str, str]:
    """What makes a process run the snapshot, whatever the working directory holds, with its share of threads."""
    path = os.pathsep.join(filter(None, (str(code), os.environ.get("PYTHONPATH"))))
    share = dict.fromkeys(_LIBRARIES, str(threads)) if threads else {}
    return {"PYTHONPATH": path, "PYTHONSAFEPATH": "1", **share}


ROOT = Path(mousearm.__file__).parents[1]
_PARTS = ("mousearm", "conf", "run.py")


def snapshot(sweep: Path) -> Path:
    """Copy the code that is running into a sweep's folder: what is committed and what is not.

    Where there is a git checkout the copy is one too, so that environment.txt of its runs tells commit and changes.

    Returns:
        The copy, ``code`` or ``code-1`` and so on: an earlier one may still be at work.
    """
    copy = sweep / f"code-{len(copies(sweep))}"
    clone = ["git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(copy)]
    if not (ROOT / ".git").exists() or subprocess.run(clone, capture_output=True, check=False).returncode:
        copy.mkdir(parents=True, exist_ok=True)
    for part in _PARTS:
        _replace(ROOT / part, copy / part)
    return copy.resolve()


def copies(sweep: Path) -> list[Path]:
    """The copies in a sweep's folder, from the oldest to the newest."""
    return sorted(sweep.glob("code-*"), key=lambda path: int(path.name.removeprefix("code-")))


def _replace(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy2(source, target)


Jobs = Mapping[int, Sequence[str]]
"""The overrides of jobs, by the jobs' numbers."""

_POLL_S = {LOCAL: 0.5, SLURM: 5.0}


def submit(sweep: Sweep, jobs: Jobs, code: Path) -> None:
    """Give jobs to SLURM, all at once.

    Args:
        sweep: theirs; it says with which settings.
        jobs: which.
        code: the snapshot of the code that they are to run.

    Raises:
        RunError: if SLURM is not there, or refuses the settings.
    """
    settings = sweep.settings
    threads = settings.get("cpus_per_task")
    executor = build_executor(SLURM, sweep.path, with_environment(settings, code, threads))
    calls = [_plan(sweep, number, overrides, threads) for number, overrides in jobs.items()]
    for number, queued in zip(jobs, give(executor, calls), strict=True):
        sweep.job(number).assign(Worker(SLURM, queued.job_id, socket.gethostname()))


def run_here(sweep: Sweep, jobs: Jobs, code: Path) -> Iterator[Job]:
    """Do jobs on this computer, as many at a time as the sweep's settings say; yields each as it ends.

    Threads are divided: each process gets its share of the processors. When the iteration is broken off, by Ctrl-C too,
    no further job is begun, and those that run are asked to save themselves and end.
    """
    settings = sweep.settings
    parallel = min(settings.get("parallel") or processors(), len(jobs))
    threads = settings.get("cpus_per_task") or max(1, processors() // parallel)
    executor = build_executor(LOCAL, sweep.path, settings)
    waiting = [(number, _plan(sweep, number, overrides, threads)) for number, overrides in jobs.items()]
    running: dict[int, submitit.Job[float]] = {}
    try:
        while waiting or running:
            for number in [number for number, job in running.items() if job.done()]:
                del running[number]
                yield sweep.job(number)
            while waiting and len(running) < parallel:
                number, call = waiting.pop(0)
                with environment_variables(**environment(code, threads)), _deaf_to_ctrl_c():
                    running[number] = executor.submit(call)
                sweep.job(number).assign(local_process(running[number].job_id))
            time.sleep(_POLL_S[LOCAL])
    finally:
        stop(sweep.job(number).worker for number in running)
        for job in running.values():
            job.wait()


def await_queue(jobs: Sequence[Job]) -> Iterator[Job]:
    """Wait for jobs that were submitted; yields each when it has left the queue."""
    left = list(jobs)
    while left:
        time.sleep(_POLL_S[SLURM])
        try:
            living = states(job.worker for job in left)
        except RunError:
            continue  # a controller that is busy, or restarted, answers later
        yield from (job for job in left if job.worker not in living)
        left = [job for job in left if job.worker in living]


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _plan(sweep: Sweep, number: int, overrides: Sequence[str], threads: int | None) -> QueuedJob:
    job = Job(sweep.path.resolve(), number)
    job.plan(overrides, this_process())
    return QueuedJob(job, sweep.name, overrides, threads)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that are started meanwhile ignore Ctrl-C, which reaches all; they are asked to end in another way."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
