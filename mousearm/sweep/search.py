"""Hydra's sweeper ``optuna``: jobs are drawn one after the other, each from the results of those before.

The sweeper of hydra-optuna-sweeper begins at job 0 whenever it is started, does not resume trials, and needs an Optuna
of 2022, whose files on disk today's SQLAlchemy cannot read.
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from mousearm import cli
from mousearm.config import load
from mousearm.errors import ConfigError
from mousearm.files import make_folder, write_text
from mousearm.sweep.executor import Jobs
from mousearm.sweep.job import write_rule
from mousearm.sweep.launcher import QueueLauncher
from mousearm.sweep.progress import Progress, progress
from mousearm.sweep.records import Sweep, this_process

if TYPE_CHECKING:  # not everybody has Optuna
    from mousearm.sweep.study import Study


class OptunaSweeper(Sweeper):
    """Searches with Optuna; settings as in ``conf/hydra/sweeper/optuna.yaml``."""

    def __init__(self, n_trials: int, n_jobs: int, seed: int, prune_after: float | None, params: Any):
        self._n_trials, self._n_jobs, self._seed = n_trials, n_jobs, seed
        self._prune_after, self._params = prune_after, params or {}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take the sweep's configuration, and build its launcher."""
        self._config, self._loader = config, hydra_context.config_loader
        self._launcher = Plugins.instance().instantiate_launcher(
            config=config, hydra_context=hydra_context, task_function=task_function
        )
        self._sweep = Sweep(Path(config.hydra.sweep.dir))

    def sweep(self, arguments: list[str]) -> None:
        """Run all trials; where none can begin the program ends and says why."""
        with cli.handled():
            self._check()
            self._search([f"{key}={value}" for key, value in self._params.items()] + arguments)

    def _check(self) -> None:
        whole = {"n_trials": (self._n_trials, 1), "n_jobs": (self._n_jobs, 1), "seed": (self._seed, 0)}
        for name, (value, least) in whole.items():
            if not isinstance(value, int) or value < least:
                raise ConfigError(f"hydra.sweeper.{name}={value} is out of range: a whole number, {least} or more.")
        share = self._prune_after
        if share is not None and not (isinstance(share, int | float) and 0 <= share <= 1):
            raise ConfigError(f"hydra.sweeper.prune_after={share} is out of range: null, or 0 to 1.")
        if not self._config.hydra.launcher.get("wait", True):
            raise ConfigError(
                "A search waits for the results of its jobs: leave hydra.launcher.wait=false out, and instead of "
                "scripts/sweep.py submit use python run.py -m hydra/launcher=slurm, in a terminal that stays (tmux)."
            )

    def _search(self, words: Sequence[str]) -> None:
        try:
            from mousearm.sweep.study import Space, Study
        except ModuleNotFoundError as error:
            raise ConfigError(f"hydra/sweeper=optuna needs Optuna ({error}): pip install 'mousearm[search]'") from error

        space = Space.of(words)
        for overrides in space.corners():
            self._check_job(overrides)
        make_folder(self._sweep.path)
        study = Study(self._sweep.path, space, self._seed)
        write_text(self._sweep.path / "multirun.yaml", OmegaConf.to_yaml(self._config))  # as Hydra's own sweeper does
        write_rule(self._sweep.path, self._prune_after)
        self._resume(study)
        while len(study) < self._n_trials:
            self._launch(study, study.draw(min(self._n_jobs, self._n_trials - len(study))))
        print(f"\n{study.summary()}", flush=True)

    def _check_job(self, overrides: Sequence[str]) -> None:
        """Check that a job can be configured, before the first one begins."""
        composed = self._loader.load_sweep_config(self._config, list(overrides))
        load(OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"]))

    def _resume(self, study: "Study") -> None:
        """Learn from trials of an earlier command that have a result meanwhile; run the others that it began."""
        planned = {one.job.number: one for one in progress(self._sweep.jobs())} if self._sweep.exists else {}
        begun = study.begun()
        over = {number for number in begun if number in planned and planned[number].has_result}
        for number in sorted(over):
            _tell(study, planned[number])
        left = [number for number in begun if number not in over]
        for _, together in groupby(enumerate(left), key=lambda pair: pair[1] - pair[0]):
            self._launch(study, {number: begun[number] for _, number in together})

    def _launch(self, study: "Study", trials: Jobs) -> None:
        """Run trials of consecutive numbers together."""
        jobs = [self._sweep.job(number) for number in trials]
        if not isinstance(self._launcher, QueueLauncher):  # which plans its jobs itself
            for job in jobs:
                job.plan(trials[job.number], this_process())
        self._launcher.launch(list(trials.values()), initial_job_idx=jobs[0].number)
        for result in progress(jobs):
            _tell(study, result)


def _tell(study: "Study", result: Progress) -> None:
    study.tell(result)
    error = "" if result.paw_mm is None else f" {result.paw_mm:.3f} mm"
    print(f"trial {result.job.number}: {result.state}{error}", flush=True)
