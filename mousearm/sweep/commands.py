"""What ``scripts/sweep.py`` does with a sweep that was launched."""

from pathlib import Path

from mousearm.rundir import FAILED, INTERRUPTED
from mousearm.sweep import queue, workers
from mousearm.sweep.progress import LOST, describe, progress, table
from mousearm.sweep.records import CANCELLED, Sweep
from mousearm.sweep.snapshot import copies, snapshot
from mousearm.sweep.workers import SLURM

_TAKEN_UP = (FAILED, LOST, INTERRUPTED, CANCELLED)


def status(folder: Path) -> str:
    """The table of a sweep's jobs.

    Raises:
        RunError: if there is no sweep, or its queue does not answer.
    """
    return table(progress(Sweep(folder).jobs()))


def cancel(folder: Path) -> str:
    """End all jobs that wait or run; those that are being trained save themselves. Returns what was done.

    Raises:
        RunError: if there is no sweep, its queue does not answer, or processes are out of reach.
    """
    living = [one.job for one in progress(Sweep(folder).jobs()) if not one.is_over]
    for job in living:
        job.end(CANCELLED, "by scripts/sweep.py cancel")
    workers.cancel(job.worker for job in living)
    return f"Cancelled {len(living)} jobs." if living else "There is nothing to cancel: no job waits or runs."


def retry(folder: Path, new_code: bool = False) -> str:
    """Do those jobs again that ended without a result, each in its own folder, where it goes on if it was begun.

    In SLURM's queue they are submitted; on one computer this returns when they are over.

    Args:
        folder: the sweep's.
        new_code: run the code as it is now, instead of as it was when the sweep was launched.

    Raises:
        RunError: if there is no sweep, or it cannot be launched.
    """
    sweep = Sweep(folder)
    again = [one.job for one in progress(sweep.jobs()) if one.state in _TAKEN_UP]
    if not again:
        return "There is nothing to retry: every job finished, waits or runs."
    old = copies(folder)
    code = snapshot(folder) if new_code or not old else old[-1].resolve()
    jobs = {job.number: job.overrides for job in again}
    if sweep.cluster == SLURM:
        queue.submit(sweep, jobs, code)
        return "\n".join(f"job {job.number}: {job.worker.id} {' '.join(job.overrides)}" for job in again)
    return "\n".join(describe(job) for job in queue.run_here(sweep, jobs, code))
