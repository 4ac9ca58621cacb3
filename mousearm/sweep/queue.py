"""From jobs to processes: submitit starts them on this computer, or gives them to SLURM."""

import os
import signal
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import submitit
from submitit.helpers import environment_variables

from mousearm.errors import RunError
from mousearm.sweep import workers
from mousearm.sweep.executor import build_executor, environment, give, with_environment
from mousearm.sweep.job import QueuedJob
from mousearm.sweep.records import Job, Sweep
from mousearm.sweep.workers import LOCAL, SLURM, Worker

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
                sweep.job(number).assign(workers.process(running[number].job_id))
            time.sleep(_POLL_S[LOCAL])
    finally:
        workers.cancel(sweep.job(number).worker for number in running)
        for job in running.values():
            job.wait()


def await_queue(jobs: Sequence[Job]) -> Iterator[Job]:
    """Wait for jobs that were submitted; yields each when it has left the queue."""
    left = list(jobs)
    while left:
        time.sleep(_POLL_S[SLURM])
        try:
            living = workers.states(job.worker for job in left)
        except RunError:
            continue  # a controller that is busy, or restarted, answers later
        yield from (job for job in left if job.worker not in living)
        left = [job for job in left if job.worker in living]


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _plan(sweep: Sweep, number: int, overrides: Sequence[str], threads: int | None) -> QueuedJob:
    job = Job(sweep.path.resolve(), number)
    job.plan(overrides, workers.this_process())
    return QueuedJob(job, sweep.name, overrides, threads)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that are started meanwhile ignore Ctrl-C, which reaches all; they are asked to end in another way."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
