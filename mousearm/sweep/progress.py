"""The state of a sweep's jobs, and what is done with a sweep that was launched: status, cancel, retry."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from mousearm.errors import RunError
from mousearm.rundir.status import FAILED, FINISHED, INTERRUPTED, NO_STATUS, PRUNED, RUNNING, Status
from mousearm.sweep.executor import copies, run_here, snapshot, submit
from mousearm.sweep.job import EVALUATIONS, recorded
from mousearm.sweep.records import CANCELLED, SLURM, WAITING, Job, Sweep, Worker, planned_jobs, states, stop
from mousearm.text import columns, duration, shell

LOST = "lost"
"""No process works on the job, and none said why: it was killed, or its computer went down."""


@dataclass(frozen=True)
class Progress:
    """The state of a job: waiting, running, finished, pruned, failed, interrupted, cancelled or lost."""

    job: Job
    state: str
    reason: str  # why it ended without a result; empty where it did not
    steps: int | None  # of training; None, as the age, where the run has not begun
    paw_mm: float | None  # mean error of a finished run on its test split (else train), or the latest one
    age_s: float | None  # since the run's last sign of life

    @property
    def is_over(self) -> bool:
        """True if no process will work on it any more."""
        return self.state not in (WAITING, RUNNING)

    @property
    def has_result(self) -> bool:
        """True if it ended as it should: finished or pruned."""
        return self.state in (FINISHED, PRUNED)


def progress(jobs: Sequence[Job]) -> list[Progress]:
    """Look up the state of jobs; RunError if they are in a queue that does not answer."""
    living = states(job.worker for job in jobs)
    return [_progress(job, living) for job in jobs]


def _progress(job: Job, living: Mapping[Worker, str]) -> Progress:
    run, status = job.run, job.run.status()
    state, reason = _state(job, living, status)
    paw_mm = next(reversed(recorded(run.metrics, *EVALUATIONS).values()), None)
    if state == FINISHED and run.evaluation.is_file():
        from mousearm.evaluate.evaluation import Evaluation  # slow to import

        paw_mm = Evaluation.load(run.evaluation).objective
    if status.state == NO_STATUS:
        return Progress(job, state, reason, None, paw_mm, None)
    age = time.time() - (run.path / "status.json").stat().st_mtime
    return Progress(job, state, reason, status.steps, paw_mm, age)


def _state(job: Job, living: Mapping[Worker, str], run: Status) -> tuple[str, str]:
    if job.ended is not None:
        return job.ended
    if run.state == FINISHED:
        return FINISHED, ""
    if life := living.get(job.worker):
        # A process runs its jobs one after the other: those that have not begun wait.
        return (life if run.state == RUNNING or job.worker.cluster == SLURM else WAITING), ""
    if run.state == INTERRUPTED:
        return INTERRUPTED, run.reason
    return LOST, run.reason or "its process is gone and left no word"


def begin(sweep: Sweep, name: str, cluster: str, settings: dict[str, Any], keep_jobs: bool) -> None:
    """Record a launch, as ``Sweep.create`` does; RunError if jobs of an earlier one in its folder wait or run."""
    if not all(one.is_over for one in progress(planned_jobs(sweep.path))):
        raise RunError(
            f"Jobs of {sweep.path} wait or run already: {shell('scripts/sweep.py', 'status', sweep.path)}. Wait for "
            "them, cancel them, or choose another name=."
        )
    sweep.create(name, cluster, settings, keep_jobs)


def state_line(job: Job, total: int | None = None) -> str:
    """The state of a job in a line, and below it the progress of its sweep; ``total`` as of ``tally``."""
    jobs = progress(planned_jobs(job.sweep))
    (now,) = (one for one in jobs if one.job.number == job.number)
    result = f"{now.paw_mm:.3f} mm" if now.state == FINISHED and now.paw_mm is not None else now.reason
    return f"job {job.number}: {now.state} {result}".rstrip() + f"\n  {tally(jobs, total)}"


def tally(jobs: Sequence[Progress], total: int | None = None) -> str:
    """Total progress, such as ``2 of 6 jobs finished, 1 running, 3 waiting; about 20 min of training are left``.

    ``total`` counts jobs not planned yet, too. The time is that of finished jobs, as many at a time as run now.
    """
    counts, total = Counter(one.state for one in jobs), max(total or 0, len(jobs))
    text = f"{counts.pop(FINISHED, 0)} of {total} jobs finished"
    text += "".join(f", {n} {state}" for state, n in sorted(counts.items()))
    left = total - sum(one.is_over for one in jobs)
    seconds = [recorded(one.job.run.timing, "time/training_s") for one in jobs if one.state == FINISHED]
    known = [max(of.values()) for of in seconds if of]
    if left and known:
        text += f"; about {duration(mean(known) * left / max(1, counts[RUNNING]))} of training are left"
    return text


def status(folder: Path) -> str:
    """A row per job of a sweep, with the overrides in which jobs differ; below, how far it is and what went wrong."""
    jobs = progress(Sweep(folder).jobs())
    rows = [("job", "state", "steps", "paw mm", "sign of life", "overrides")]
    for one, own in zip(jobs, differing(jobs), strict=True):
        paw = "" if one.paw_mm is None else f"{one.paw_mm:.3f}"
        age = "" if one.age_s is None or one.is_over else duration(one.age_s)
        rows.append((str(one.job.number), one.state, str(one.steps or ""), paw, age, " ".join(own)))
    lines = columns(rows, right=(0, 2, 3, 4))
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:], tally(jobs), *reasons(jobs)])


def reasons(jobs: Sequence[Progress]) -> list[str]:
    """A line for each job that ended without a result."""
    return [
        f"Job {one.job.number} ({' '.join(own)}): {', '.join(filter(None, (one.state, one.reason)))}"
        for one, own in zip(jobs, differing(jobs), strict=True)
        if one.is_over and not one.has_result
    ]


def differing(jobs: Sequence[Progress]) -> list[list[str]]:
    """The overrides of each job, without those that all have in common; all, where there is one job."""
    each = [one.job.overrides for one in jobs]
    common = set.intersection(*map(set, each)) if len(each) > 1 else set()
    return [[override for override in own if override not in common] for own in each]


def cancel(folder: Path) -> str:
    """End all jobs that wait or run; those that train save themselves. Returns what was done; errors as of `stop`."""
    living = [one.job for one in progress(Sweep(folder).jobs()) if not one.is_over]
    for job in living:
        job.end(CANCELLED, "by scripts/sweep.py cancel")
    stop(job.worker for job in living)
    return f"Cancelled {len(living)} jobs." if living else "There is nothing to cancel: no job waits or runs."


def retry(folder: Path, new_code: bool = False) -> str:
    """Submit or run jobs again that ended without a result; each resumes, with the sweep's code or the new one."""
    sweep = Sweep(folder)
    again = [one.job for one in progress(sweep.jobs()) if one.state in (FAILED, LOST, INTERRUPTED, CANCELLED)]
    if not again:
        return "There is nothing to retry: every job finished, waits or runs."
    old = copies(folder)
    code = snapshot(folder) if new_code or not old else old[-1].resolve()
    jobs = {job.number: job.overrides for job in again}
    if sweep.launch()["cluster"] == SLURM:
        return f"{len(submit(sweep, jobs, code))} jobs are queued again."
    return "\n".join(state_line(job) for job in run_here(sweep, jobs, code))
