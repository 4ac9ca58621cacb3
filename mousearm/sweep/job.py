"""One job of a sweep, in the process that runs it: no error ends the sweep, and a hopeless trial ends early."""

import math
import os
import signal
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from types import NoneType
from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig
from submitit.helpers import DelayedSubmission

from mousearm.config import Config, compose, load
from mousearm.errors import TIME_IS_OVER, Interrupted, MouseArmError, RunError
from mousearm.files import write_json
from mousearm.rundir.logs import read_metrics
from mousearm.rundir.status import FAILED, INTERRUPTED, PRUNED, Pruned
from mousearm.sweep.records import SLURM, Job, planned_jobs, read_record

if TYPE_CHECKING:
    from mousearm.evaluate.evaluation import Evaluation
    from mousearm.training.learning import Pruner


# Longer than a scheduler takes to end a job that it has sent SIGTERM to.
_UNTIL_KILLED_S = 600
_RULE = "search.json"
EVALUATIONS = ("eval/test_paw_mm", "eval/train_paw_mm")
"""Columns of metrics.csv with mean paw errors, mm: of the test split or, where there is none, of the train split."""
# With fewer trials to compare with, a median says little.
_LEAST_OTHERS = 5


def run_composed(composed: DictConfig) -> float:
    """Train what Hydra composed, alone or as a job of a sweep; returns mean paw error in mm."""
    hydra = HydraConfig.get()
    folder, overrides = Path(hydra.runtime.output_dir), list(hydra.overrides.task)
    if hydra.mode is RunMode.MULTIRUN:
        return run_job(Job(folder.parent, hydra.job.num), lambda: load(composed), overrides)
    try:
        config = load(composed)
        from mousearm import experiment

        return experiment.run(config, folder, overrides)
    finally:
        _forget_empty(folder)


def run_job(job: Job, configure: Callable[[], Config], overrides: Sequence[str]) -> float:
    """Train as ``experiment.run`` does; an error is recorded and shown, and does not end the sweep.

    Returns:
        Mean paw error in mm; NaN where there is none because the job failed, was pruned, or its time was over.

    Raises:
        Interrupted: if a signal asked the whole process to end.
    """
    try:
        config = configure()
        from mousearm import experiment  # slow to import

        return experiment.run(config, job.run.path, overrides, median_rule(job))
    except Interrupted as stop:
        _hand_over(stop.status - 128)
        job.end(INTERRUPTED, str(stop))
        if stop.status != TIME_IS_OVER:
            raise
    except Pruned as end:
        job.end(PRUNED, str(end))
    except Exception as error:
        reason = str(error)
        if not isinstance(error, MouseArmError):
            traceback.print_exc()
            reason = f"{type(error).__name__}: {error}"
        job.end(FAILED, reason)
        print(f"Job {job.number} failed: {reason}", flush=True)
    finally:
        _forget_empty(job.run.path)
    return math.nan


def _forget_empty(folder: Path) -> None:
    """Remove a run folder that Hydra made and in which nothing was written."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _hand_over(number: int) -> None:
    """Let the queue decide what becomes of a job whose run a signal ended; the run has saved itself.

    The signal that announces preemption, or the end of the job's time, is submitit's, which queues the job again. After
    SIGTERM SLURM will end the job, and cancels it or queues it again.
    """
    queue = os.environ.get("SUBMITIT_EXECUTOR")
    if queue is not None and number == signal.SIGUSR2:
        signal.raise_signal(number)
    elif queue == SLURM and number == signal.SIGTERM:
        time.sleep(_UNTIL_KILLED_S)


class QueuedJob:
    """A job that runs later in another process: what submitit keeps, calls, and queues again.

    Its configuration is composed when it runs, from the files of its code; ``threads`` are those of the simulator where
    that leaves them open, None for all processors.
    """

    def __init__(self, job: Job, name: str, overrides: Sequence[str], threads: int | None):
        self._job, self._name, self._overrides, self._threads = job, name, list(overrides), threads

    def __call__(self) -> float:
        """Run the job; RunError if it failed, so that the queue shows it as failed, too."""
        objective = run_job(self._job, self._load, self._overrides)
        if math.isnan(objective) and (self._job.ended or [""])[0] != PRUNED:
            raise RunError(f"Job {self._job.number} ended without a result.")
        return objective

    def checkpoint(self) -> DelayedSubmission:
        """Queue the same again after a preemption, for submitit: the run resumes in its folder."""
        return DelayedSubmission(self)

    def _load(self) -> Config:
        config = compose([*self._overrides, f"name={self._name}"])
        return replace(config, threads=self._threads) if self._threads and not config.threads else config


def recorded(file: Path, *names: str) -> dict[int, float]:
    """Numbers by steps in metrics.csv or timing.csv, as of ``Rows.column``; none where the file cannot be read.

    For what happens to one job must not end the others.
    """
    try:
        return read_metrics(file).column(*names)
    except RunError:
        return {}


def write_rule(sweep: Path, prune_after: float | None) -> None:
    """Record after which share of their budgets the trials of a search are compared; None: never."""
    write_json(sweep / _RULE, {"prune_after": prune_after})


def median_rule(job: Job) -> "Pruner | None":
    """Build the pruner of a job, by the median rule: half of the others were better by the same step.

    It compares the smallest errors until then, with those of all jobs that got as far; there must be five. None for a
    job of another sweep, or of a search without pruning.
    """
    record = job.sweep / _RULE
    share = read_record(record, prune_after=(float, int, NoneType))["prune_after"] if record.is_file() else None
    if share is None:
        return None

    def until(steps: int, history: Mapping[int, float]) -> list[float]:
        return [error for then, error in history.items() if then <= steps]

    def prune(steps: int, used: float, evaluation: "Evaluation") -> None:
        if not share <= used < 1:
            return
        best = min([evaluation.objective, *until(steps, recorded(job.run.metrics, *EVALUATIONS))])
        runs = [other.run for other in planned_jobs(job.sweep) if other.number != job.number]
        histories = [recorded(run.metrics, *EVALUATIONS) for run in runs]
        others = [
            min(until(steps, history)) for history in histories if history and min(history) <= steps <= max(history)
        ]
        if len(others) >= _LEAST_OTHERS and best > (middle := median(others)):
            raise Pruned(
                f"{best:.3f} mm after {steps} steps, {used:.0%} of the budget; the median of {len(others)} other "
                f"trials was {middle:.3f} mm"
            )

    return prune
