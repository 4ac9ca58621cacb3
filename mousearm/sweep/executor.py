"""From jobs to processes: submitit starts them on this computer or gives them to SLURM, on a copy of the code."""

import io
import os
import shlex
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import fields
from pathlib import Path
from typing import Any

import submitit
from hydra_plugins.hydra_submitit_launcher.config import BaseQueueConf
from submitit.core.utils import FailedJobError
from submitit.helpers import environment_variables

from mousearm import CHECKOUT
from mousearm.errors import RunError
from mousearm.files import make_folder
from mousearm.rundir.logs import CODE, git
from mousearm.sweep.job import QueuedJob
from mousearm.sweep.records import LOCAL, SLURM, Job, Sweep, Worker, local_process, states, stop
from mousearm.text import one_line

# Settings that submitit's update_parameters does not take.
_OTHERS = ("_target_", "cluster", "submitit_folder", "max_num_timeout", "wait", "parallel")
# Words of sbatch when it refuses, and which setting of hydra.launcher they are about.
_COMPLAINTS = {
    "memory": "mem_gb (null where a cluster does not count memory)",
    **{word: word for word in ("partition", "account", "qos")},
    "feature": "constraint",
    "generic resource": "gpus_per_node",
    "time limit": "timeout_min",
    **dict.fromkeys(("cpu", "processors"), "cpus_per_task"),
}

Jobs = Mapping[int, Sequence[str]]  # overrides by the numbers of jobs


def build_executor(cluster: str, sweep: Path, settings: Mapping[str, Any]) -> submitit.AutoExecutor:
    """Build submitit's executor from the settings of a launcher; RunError if one, or SLURM, does not exist."""
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


def submit_calls(executor: submitit.AutoExecutor, calls: Sequence[Callable[[], Any]]) -> list[submitit.Job[Any]]:
    """Submit calls together; RunError if SLURM refuses them."""
    try:
        with redirect_stderr(io.StringIO()), executor.batch():  # submitit prints there what the error says
            return [executor.submit(call) for call in calls]
    except FailedJobError as error:  # of sbatch
        text = one_line(error)
        raise RunError(f"SLURM refuses the jobs: {text}{remedy(text)}") from error


def remedy(complaint: str) -> str:
    """A sentence with the settings that a complaint of sbatch is about; empty where none is known."""
    settings = [setting for word, setting in _COMPLAINTS.items() if word in complaint.lower()]
    listed = ", ".join(f"hydra.launcher.{setting}" for setting in settings)
    return f". To be changed: {listed}" if settings else ""


def with_environment(settings: Mapping[str, Any], code: Path, threads: int | None) -> dict[str, Any]:
    """Settings for SLURM with which jobs run a snapshot of the code, even where no environment is passed on."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment(code, threads).items()]
    return {**settings, "setup": [*(settings.get("setup") or []), *exports]}


def environment(code: Path, threads: int | None) -> dict[str, str]:
    """Variables that make a process run the snapshot, wherever it works, with its share of threads."""
    path = os.pathsep.join(filter(None, (str(code), os.environ.get("PYTHONPATH"))))
    libraries = [f"{library}_NUM_THREADS" for library in ("OMP", "OPENBLAS", "MKL") if threads]
    return {"PYTHONPATH": path, "PYTHONSAFEPATH": "1", **dict.fromkeys(libraries, str(threads))}


def snapshot(sweep: Path) -> Path:
    """Copy the running code, committed or not, into a sweep's folder, as ``code-0`` or the next number.

    A copy of a git checkout is one, too, so that environment.txt of its runs has commit and changes.
    """
    copy = sweep / f"code-{len(copies(sweep))}"
    if (CODE / ".git").exists():
        answer = git("clone", "--quiet", "--depth", "1", f"file://{CODE}", str(copy.absolute()))
        if answer.startswith("("):
            print(f"Jobs will not write down the commit of their code {answer}.")
    make_folder(copy)
    parts = ("mousearm", "conf", "run.py") if CHECKOUT else ("mousearm",)
    for source, target in ((CODE / part, copy / part) for part in parts):
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    return copy.resolve()


def copies(sweep: Path) -> list[Path]:
    """The copies in a sweep's folder, from the oldest to the newest."""
    return sorted(sweep.glob("code-*"), key=lambda path: int(path.name.removeprefix("code-")))


def submit(sweep: Sweep, jobs: Jobs, code: Path) -> list[Job]:
    """Give jobs to SLURM, all at once, to run a snapshot of the code; RunError if it is not there, or refuses."""
    settings = sweep.launch()["settings"]
    threads = settings.get("cpus_per_task")
    executor = build_executor(SLURM, sweep.path, with_environment(settings, code, threads))
    calls = [_plan(sweep, number, overrides, threads) for number, overrides in jobs.items()]
    for number, queued in zip(jobs, submit_calls(executor, calls), strict=True):
        sweep.job(number).assign(Worker(SLURM, queued.job_id, socket.gethostname()))
        print(f"job {number}: {queued.job_id} {' '.join(jobs[number])}", flush=True)
    return [sweep.job(number) for number in jobs]


def run_here(sweep: Sweep, jobs: Jobs, code: Path) -> Iterator[Job]:
    """Run jobs on this computer, as many at a time as the sweep's settings say; yields each as it ends.

    When the iteration ends early, by Ctrl-C too, no further job begins, and those that run save themselves and end.
    """
    settings = sweep.launch()["settings"]
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parallel = min(settings.get("parallel") or processors, len(jobs))
    threads = settings.get("cpus_per_task") or max(1, processors // parallel)
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
                running[number] = _start(executor, call, environment(code, threads))
                sweep.job(number).assign(local_process(running[number].job_id))
            time.sleep(0.5)
    finally:
        stop(sweep.job(number).worker for number in running)
        for job in running.values():
            job.wait()


def await_queue(jobs: Sequence[Job]) -> Iterator[Job]:
    """Wait for submitted jobs; yields each when it has left the queue."""
    left = list(jobs)
    while left:
        time.sleep(5)
        try:
            living = states(job.worker for job in left)
        except RunError:
            continue  # a controller that is busy, or restarted, answers later
        yield from (job for job in left if job.worker not in living)
        left = [job for job in left if job.worker in living]


def _plan(sweep: Sweep, number: int, overrides: Sequence[str], threads: int | None) -> QueuedJob:
    job = Job(sweep.path.resolve(), number)
    job.plan(overrides, local_process())
    return QueuedJob(job, sweep.launch()["name"], overrides, threads)


def _start(executor: submitit.AutoExecutor, call: QueuedJob, variables: Mapping[str, str]) -> submitit.Job[float]:
    """Start a process that ignores Ctrl-C, which reaches all; it is ended by SIGTERM."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with environment_variables(**variables):
            return executor.submit(call)
    finally:
        signal.signal(signal.SIGINT, before)
