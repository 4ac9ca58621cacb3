"""Hydra's launchers ``slurm`` and ``local``: submitit's settings, with jobs that are recorded and can be run again.

The launchers of hydra-submitit-launcher wait for results that a killed job never writes, end at the first job that
fails, start all processes of a computer at once, and run whatever the checkout holds when a job's turn comes.
"""

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from hydra_plugins.hydra_submitit_launcher.config import LocalQueueConf, SlurmQueueConf
from omegaconf import DictConfig, OmegaConf

from mousearm import cli
from mousearm.config import CONF
from mousearm.errors import ConfigError
from mousearm.rundir.status import FINISHED
from mousearm.sweep.executor import Jobs, await_queue, run_here, snapshot, submit
from mousearm.sweep.progress import begin, progress, queued_line, state_line
from mousearm.sweep.records import LOCAL, SLURM, Job, Sweep, slurm
from mousearm.text import shell

# Hydra takes plugins only from the package hydra_plugins, where the module `plugins` has this name.
PLUGINS = "hydra_plugins.mousearm"


def is_search(config: DictConfig) -> bool:
    """True if a sweep draws its jobs as it runs, so that an earlier launch in its folder belongs to it."""
    return config.hydra.sweeper._target_ == f"{PLUGINS}.OptunaSweeper"


def n_trials(config: DictConfig) -> int:
    """Number of trials of a search; 0 for another sweep."""
    return config.hydra.sweeper.n_trials if is_search(config) else 0


@dataclass
class SlurmConf(SlurmQueueConf):
    """Settings of ``hydra/launcher=slurm``: submitit's, and ``wait`` for the jobs."""

    _target_: str = f"{PLUGINS}.SlurmLauncher"
    wait: bool = True


@dataclass
class LocalConf(LocalQueueConf):
    """Settings of ``hydra/launcher=local``: submitit's, and the number of processes at a time."""

    _target_: str = f"{PLUGINS}.LocalLauncher"
    timeout_min: int = 7 * 24 * 60
    parallel: int | None = None


def to_slurm(overrides: Sequence[str]) -> list[str]:
    """Add ``hydra/launcher=slurm``, unless overrides choose one like it; ConfigError if theirs does not queue."""
    chosen = [override for override in overrides if override.startswith("hydra/launcher=")]
    if any(not override.startswith("hydra/launcher=slurm") for override in chosen):
        raise ConfigError(
            f"{' '.join(chosen)} does not queue jobs in SLURM. Use hydra/launcher=slurm or slurm_gpu here, or, to wait "
            "for jobs on this computer: python run.py -m hydra/launcher=local ..."
        )
    return list(overrides) if chosen else ["hydra/launcher=slurm", *overrides]


class QueueLauncher(Launcher):
    """Gives jobs of a sweep to other processes, and waits; a subclass says where, and what is true after Ctrl-C."""

    cluster: ClassVar[str]
    after_ctrl_c: ClassVar[str]

    def __init__(self, **settings: Any):
        self._settings: dict[str, Any] = OmegaConf.to_container(OmegaConf.create(settings), resolve=True)  # type: ignore
        self._code: Path | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take the sweep's configuration."""
        self._config, self._sweep = config, Sweep(Path(config.hydra.sweep.dir))
        given = [one.path for one in config.hydra.runtime.config_sources if "command-line" in one.provider]
        if given:
            raise ConfigError(
                f"Jobs of hydra/launcher={self.cluster} compose their configuration themselves, from a copy of conf/. "
                f"Copy the files of {', '.join(given)} into {CONF}, and leave --config-dir out."
            )

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run jobs; those without a result return NaN. Where none can begin the program ends and says why."""
        jobs = dict(enumerate(job_overrides, initial_job_idx))
        print(f"{len(jobs)} jobs in {self._sweep.path}", flush=True)
        with cli.handled():
            try:
                if self._code is None:  # what a sweeper launches in several parts runs the same
                    name = str(self._config.name)
                    begin(self._sweep, name, self.cluster, self._settings, is_search(self._config))
                    self._code = snapshot(self._sweep.path)
                for job in self._do(jobs, self._code):
                    print(state_line(job, n_trials(self._config)), flush=True)
            except KeyboardInterrupt:
                look = shell("scripts/sweep.py", "status", self._sweep.path)
                print(f"\n{self.after_ctrl_c}: {look}", file=sys.stderr)
                raise
        results = []
        for now in progress([self._sweep.job(number) for number in jobs]):
            results.append(JobReturn(overrides=now.job.overrides, status=JobStatus.COMPLETED))
            results[-1].return_value = now.paw_mm if now.state == FINISHED else math.nan
        return results

    def _do(self, jobs: Jobs, code: Path) -> Iterable[Job]:
        raise NotImplementedError


class SlurmLauncher(QueueLauncher):
    """Launches jobs in SLURM's queue."""

    cluster = SLURM
    after_ctrl_c = "The jobs stay in the queue"

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take the sweep's configuration, where there is a SLURM; RunError elsewhere."""
        slurm("sbatch", "--version")
        super().setup(hydra_context=hydra_context, task_function=task_function, config=config)

    def _do(self, jobs: Jobs, code: Path) -> Iterable[Job]:
        submit(self._sweep, jobs, code)
        planned = [self._sweep.job(number) for number in jobs]
        for job in planned:
            print(queued_line(job), flush=True)
        return await_queue(planned) if self._settings["wait"] else ()


class LocalLauncher(QueueLauncher):
    """Launches jobs as processes of this computer."""

    cluster = LOCAL
    after_ctrl_c = "The jobs were ended, and can be taken up again"

    def _do(self, jobs: Jobs, code: Path) -> Iterable[Job]:
        return run_here(self._sweep, jobs, code)
