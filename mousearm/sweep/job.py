"""One job of a sweep, in the process that runs it: no error ends the sweep, and a hopeless trial ends early."""

import math
import os
import signal
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
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
from mousearm.sweep.records import SLURM, Job, Sweep, planned_jobs, read_record

if TYPE_CHECKING:
    from mousearm.evaluate.evaluation import Evaluation
    from mousearm.training.interruption import Interruption
    from mousearm.training.learning import Pruner


_RULE = "search.json"
EVALUATIONS = ("eval/test_paw_mm", "eval/train_paw_mm")
"""Columns of metrics.csv with mean paw errors, mm: of the test split or, where there is none, of the train split."""


def run_composed(composed: DictConfig) -> float:
    """Train what Hydra composed, alone or as a job of a sweep; returns mean paw error in mm.

    With ``inverse.trials`` it searches for a cost instead, and returns 1 - r with EMG on reaches that were left out.
    """
    hydra = HydraConfig.get()
    folder, overrides = Path(hydra.runtime.output_dir), list(hydra.overrides.task)
    if hydra.mode is RunMode.MULTIRUN:
        Sweep(folder.parent).check_free()
        return run_job(Job(folder.parent, hydra.job.num), lambda: load(composed), overrides)
    try:
        config = load(composed)
        if config.inverse.trials:
            from mousearm.planning.muscle_commands import choose_cost

            return choose_cost(config, folder)
        from mousearm import experiment

        return experiment.run(config, folder, overrides)
    finally:
        with suppress(OSError):
            folder.rmdir()  # Hydra made it; unless something was written in it


def run_job(
    job: Job,
    configure: Callable[[], Config],
    overrides: Sequence[str],
    interruption: "Interruption | None" = None,
) -> float:
    """Train as ``experiment.run`` does; an error is recorded and shown, does not end the sweep, and gives NaN.

    So does the end of the job's time; Interrupted is raised if a signal asked the whole process to end.
    ``interruption`` as there.
    """
    try:
        config = configure()
        from mousearm import experiment  # slow to import

        return experiment.run(config, job.run.path, overrides, median_rule(job), interruption)
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
        with suppress(OSError):
            job.run.path.rmdir()
    return math.nan


def _hand_over(number: int) -> None:
    """Let the queue decide what becomes of a job whose run a signal ended; the run has saved itself."""
    queue = os.environ.get("SUBMITIT_EXECUTOR")
    if queue is not None and number == signal.SIGUSR2:  # preemption, or the end of the job's time: it is queued again
        signal.raise_signal(number)
    elif queue == SLURM and number == signal.SIGTERM:
        time.sleep(600)  # longer than SLURM takes to end the job, which it cancels or queues again


class QueuedJob:
    """A job that runs later in another process: what submitit keeps, calls, and queues again."""

    def __init__(self, job: Job, name: str, overrides: Sequence[str], threads: int | None):
        """Keep what its configuration is composed of when it runs; ``threads`` where that leaves them open."""
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
        return replace(config, threads=config.threads or self._threads or 0)


def recorded(file: Path, *names: str) -> dict[int, float]:
    """Numbers by steps in metrics.csv or timing.csv, as of ``Rows.column``; none where the file cannot be read."""
    try:
        return read_metrics(file).column(*names)
    except RunError:
        return {}


def write_rule(sweep: Path, prune_after: float | None) -> None:
    """Record after which share of their budgets the trials of a search are compared; None: never."""
    write_json(sweep / _RULE, {"prune_after": prune_after})


def median_rule(job: Job) -> "Pruner | None":
    """The pruner of a job, by the median rule: half of the others were better by the same step.

    It compares the smallest errors until then; there must be five others that got as far. None without pruning.
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
        histories = (recorded(run.metrics, *EVALUATIONS) for run in runs)
        others = [min(until(steps, of)) for of in histories if of and min(of) <= steps <= max(of)]
        if len(others) >= 5 and best > (middle := median(others)):
            raise Pruned(
                f"{best:.3f} mm after {steps} steps, {used:.0%} of the budget; the median of {len(others)} other "
                f"trials was {middle:.3f} mm"
            )

    return prune
