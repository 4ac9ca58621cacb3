"""Hydra's launchers ``slurm`` and ``local``: submitit's settings, with jobs that are written down and looked after.

hydra-submitit-launcher's own ones wait for results that a killed job never writes, start all processes of a computer at
once, and run whatever the checkout holds when a job's turn comes.
"""

import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from mousearm.errors import MouseArmError
from mousearm.rundir import FINISHED
from mousearm.sweep import queue
from mousearm.sweep.progress import begin, describe, progress
from mousearm.sweep.records import Job, Sweep
from mousearm.sweep.settings import is_search
from mousearm.sweep.snapshot import snapshot
from mousearm.sweep.workers import LOCAL, SLURM


class QueueLauncher(Launcher):
    """Gives the jobs of a sweep to other processes, and waits for them."""

    cluster: ClassVar[str]
    after_ctrl_c: ClassVar[str]

    def __init__(self, **settings: Any):
        self._settings = {
            name: OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
            for name, value in settings.items()
        }
        self._code: Path | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take the sweep's configuration."""
        self._sweep = Sweep(Path(config.hydra.sweep.dir))
        self._name = str(config.name)
        self._goes_on = is_search(config)

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Do jobs; those without a result return NaN. Where none can be begun the program ends and says why."""
        jobs = dict(enumerate(job_overrides, initial_job_idx))
        print(f"{len(jobs)} jobs in {self._sweep.path}", flush=True)
        try:
            for job in self._do(jobs, self._prepare()):
                print(describe(job), flush=True)
        except MouseArmError as error:
            sys.exit(f"error: {error}")
        except KeyboardInterrupt:
            print(f"\n{self.after_ctrl_c}: python scripts/sweep.py status {self._sweep.path}", file=sys.stderr)
            sys.exit(130)
        return [self._result(self._sweep.job(number)) for number in jobs]

    def _prepare(self) -> Path:
        """The snapshot of the code; what a sweeper launches in several parts runs the same."""
        if self._code is None:
            begin(self._sweep, self._name, self.cluster, self._settings, self._goes_on)
            self._code = snapshot(self._sweep.path)
        return self._code

    def _do(self, jobs: queue.Jobs, code: Path) -> Iterable[Job]:
        raise NotImplementedError

    def _result(self, job: Job) -> JobReturn:
        (now,) = progress([job])
        result = JobReturn(overrides=job.overrides, status=JobStatus.COMPLETED)
        result.return_value = now.paw_mm if now.state == FINISHED else math.nan
        return result


class SlurmLauncher(QueueLauncher):
    """To SLURM."""

    cluster = SLURM
    after_ctrl_c = "The jobs stay in the queue"

    def _do(self, jobs: queue.Jobs, code: Path) -> Iterable[Job]:
        queue.submit(self._sweep, jobs, code)
        planned = [self._sweep.job(number) for number in jobs]
        for job in planned:
            print(f"job {job.number}: {job.worker.id} {' '.join(job.overrides)}", flush=True)
        return queue.await_queue(planned) if self._settings["wait"] else ()


class LocalLauncher(QueueLauncher):
    """To processes of this computer."""

    cluster = LOCAL
    after_ctrl_c = "The jobs were ended, and can be taken up again"

    def _do(self, jobs: queue.Jobs, code: Path) -> Iterable[Job]:
        return queue.run_here(self._sweep, jobs, code)
