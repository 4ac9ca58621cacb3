"""One job of a sweep, in the process that does it: whatever goes wrong in it is its own affair."""

import math
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig
from submitit.helpers import DelayedSubmission

from mousearm.config import Config, compose, load
from mousearm.errors import Interrupted, MouseArmError, RunError
from mousearm.files import read_json, write_json
from mousearm.rundir import FAILED, INTERRUPTED, PRUNED, Pruned, RunFolder, read_metrics
from mousearm.sweep.records import SLURM, Job, Sweep

if TYPE_CHECKING:
    from mousearm.evaluate.evaluation import Evaluation
    from mousearm.train import Judge


# Longer than a scheduler takes to end a job that it has sent SIGTERM to.
_UNTIL_KILLED_S = 600


def run_composed(composed: DictConfig) -> float:
    """Train what Hydra composed, alone or as a job of a sweep; returns mean paw error in mm.

    Raises:
        MouseArmError: if a run that is alone cannot be started or fails.
        Interrupted: if it was asked to end.
    """
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
    """Train as ``experiment.run`` does; an error is written down and shown, and does not end the sweep.

    Args:
        job: which; its record says afterwards why it ended, if it failed.
        configure: makes the configuration.
        overrides: what the command line said.

    Returns:
        Mean paw error in mm; NaN where there is none because the job failed, was pruned, or its time was over.

    Raises:
        Interrupted: if a signal asked the whole process to end.
    """
    # Slow to import, and who only asks how a sweep fares does without them.
    from mousearm import experiment
    from mousearm.train import TIME_IS_OVER

    try:
        config = configure()
        return experiment.run(config, job.run.path, overrides, median_rule(job, config.algo.timesteps))
    except Interrupted as stop:
        _hand_over(stop.status - 128)
        job.end(INTERRUPTED, str(stop))
        if stop.status != TIME_IS_OVER:
            raise
    except Pruned as end:
        job.end(PRUNED, str(end))
    except Exception as error:
        if not isinstance(error, MouseArmError):
            traceback.print_exc()
        job.end(FAILED, _reason(error))
        print(f"Job {job.number} failed: {_reason(error)}", flush=True)
    finally:
        _forget_empty(job.run.path)
    return math.nan


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, MouseArmError) else f"{type(error).__name__}: {error}"


def _forget_empty(folder: Path) -> None:
    """Remove a run folder that Hydra made and in which nothing was written."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _hand_over(number: int) -> None:
    """In a queue, a run that a signal ended has saved itself, but what becomes of the job is for others to say.

    The signal that announces preemption, or the end of the job's time, is submitit's, which queues the job again. After
    SIGTERM SLURM will end the job: it alone knows whether it was cancelled or is to be queued again.
    """
    queue = os.environ.get("SUBMITIT_EXECUTOR")
    if queue is not None and number == signal.SIGUSR2:
        signal.raise_signal(number)
    elif queue == SLURM and number == signal.SIGTERM:
        time.sleep(_UNTIL_KILLED_S)


class QueuedJob:
    """A job that is done in another process, some time: what submitit keeps, calls, and queues again.

    Args:
        job: which.
        name: of the sweep.
        overrides: of the configuration. It is composed when the job is done, from the files of its code.
        threads: of the simulator, where the configuration leaves them open; None for all processors.
    """

    def __init__(self, job: Job, name: str, overrides: Sequence[str], threads: int | None):
        self._job, self._name, self._overrides, self._threads = job, name, list(overrides), threads

    def __call__(self) -> float:
        """Do the job.

        Raises:
            RunError: if it failed, so that the queue shows it as failed, too.
        """
        objective = run_job(self._job, self._load, self._overrides)
        if math.isnan(objective) and not self._job.was_pruned:
            raise RunError(f"Job {self._job.number} ended without a result.")
        return objective

    def checkpoint(self) -> DelayedSubmission:
        """What submitit queues after a preemption: the same again, because a run goes on in its own folder."""
        return DelayedSubmission(self)

    def _load(self) -> Config:
        config = compose([*self._overrides, f"name={self._name}"])
        return replace(config, threads=self._threads) if self._threads and not config.threads else config


_RECORD = "search.json"
# With fewer trials to compare with, a median says little.
_LEAST_OTHERS = 5


class Evaluated(NamedTuple):
    """An evaluation while a run was trained.

    Attributes:
        steps: that were done.
        paw_mm: mean paw error on the test split, or on the train split where there is none.
    """

    steps: int
    paw_mm: float


def evaluations(run: RunFolder) -> list[Evaluated]:
    """What metrics.csv of a run tells, in the order of steps."""
    errors = read_metrics(run.metrics).column("eval/test_paw_mm", "eval/train_paw_mm")
    return [Evaluated(*item) for item in errors.items()]


def write_rule(sweep: Path, prune_after: float | None) -> None:
    """Write down from which share of their budgets on the trials of a search are compared; None for never."""
    write_json(sweep / _RECORD, {"prune_after": prune_after})


def median_rule(job: Job, total: int) -> "Judge | None":
    """What ends a job as soon as its error is above the median of the others, at the same step; None if nothing does.

    Errors are the smallest until then. Others are those that have got so far, of which there must be five.

    Args:
        job: of a search or another sweep, which has no such rule.
        total: its budget in steps.

    Raises:
        RunError: if the record of the search cannot be read.
    """
    record = job.sweep / _RECORD
    share = read_json(record)["prune_after"] if record.is_file() else None
    if share is None:
        return None

    def judge(steps: int, evaluation: "Evaluation") -> None:
        if not share * total <= steps < total:
            return
        own = min([evaluation.objective, *_until(steps, evaluations(job.run))])
        runs = [other.run for other in Sweep(job.sweep).jobs() if other.number != job.number]
        histories = [history for history in map(evaluations, runs) if history and history[-1].steps >= steps]
        others = [min(errors) for history in histories if (errors := _until(steps, history))]
        if len(others) >= _LEAST_OTHERS and own > (middle := median(others)):
            raise Pruned(
                f"{own:.3f} mm after {steps} of {total} steps; the median of {len(others)} other trials was "
                f"{middle:.3f} mm"
            )

    return judge


def _until(steps: int, history: Iterable[Evaluated]) -> list[float]:
    return [one.paw_mm for one in history if one.steps <= steps]
