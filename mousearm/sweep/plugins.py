"""Plugins of Hydra: the launchers ``slurm``, ``local``, ``side_by_side``; the sweeper ``optuna``; the sweeps' record.

The sweeper of hydra-optuna-sweeper begins at job 0 whenever it is started, does not resume trials, and needs an Optuna
of 2022, whose files on disk today's SQLAlchemy cannot read.
"""

import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.experimental.callback import Callback
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, RunMode, TaskFunction
from omegaconf import DictConfig, OmegaConf

from mousearm import cli
from mousearm.config import explaining, load
from mousearm.config.loading import compose_unchecked
from mousearm.errors import ConfigError, RunError
from mousearm.files import make_folder, write_text
from mousearm.keys import require
from mousearm.sweep.executor import Jobs
from mousearm.sweep.job import write_rule
from mousearm.sweep.launcher import PLUGINS, LocalConf, QueueLauncher, SlurmConf, n_trials, to_slurm
from mousearm.sweep.progress import begin, differing, progress, reasons, tally
from mousearm.sweep.records import LOCAL, Sweep, local_process, planned_jobs
from mousearm.sweep.side_by_side import SideBySideLauncher
from mousearm.text import shell

if TYPE_CHECKING:  # not everybody has Optuna
    from mousearm.sweep.study import Study


def register() -> None:
    """Register the launchers and the sweeper with Hydra."""
    sys.modules[PLUGINS] = sys.modules[__name__]
    for plugin in (QueueLauncher, SideBySideLauncher, OptunaSweeper):
        plugin.__module__ = PLUGINS
        Plugins.instance().register(plugin)
    for settings in (SlurmConf, LocalConf):
        ConfigStore.instance().store(group="hydra/launcher", name=f"mousearm_{settings.cluster}", node=settings)


def slurm_settings(overrides: Sequence[str]) -> dict[str, Any]:
    """The settings of the launcher ``slurm`` after overrides; ConfigError if one cannot be applied."""
    register()
    with explaining():
        chosen = compose_unchecked(to_slurm(overrides), with_hydra=True)
        return OmegaConf.to_container(chosen.hydra.launcher, resolve=True)  # type: ignore[return-value]


class SweepRecord(Callback):
    """Records the jobs of a sweep that this process runs; ends a sweep in which jobs failed with status 1."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Record the jobs that this process will run; other launchers record theirs themselves."""
        hydra = config.hydra
        if not hydra.launcher._target_.endswith((".BasicLauncher", ".SideBySideLauncher")):
            return
        sweep = Sweep(Path(hydra.sweep.dir))
        with cli.handled():
            one_by_one = {"parallel": 1, "timeout_min": 7 * 24 * 60}  # as a retry will do them, too
            begin(sweep, str(config.name), LOCAL, one_by_one, n_trials(config) is not None)
        if hydra.sweeper._target_.endswith(".BasicSweeper"):  # which will make these jobs
            words = [f"{key}={value}" for key, value in (hydra.sweeper.params or {}).items()] + [*hydra.overrides.task]
            parsed = OverridesParser.create().parse_overrides(words)
            for number, overrides in enumerate(BasicSweeper.split_arguments(parsed, None)[0]):
                sweep.job(number).plan(overrides, local_process())

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Say which job of a sweep begins in this process, and how far the sweep is."""
        if config.hydra.mode is RunMode.MULTIRUN:
            sweep, number = Path(config.hydra.sweep.dir), config.hydra.job.num
            now, total = progress(planned_jobs(sweep)), n_trials(config)
            (own,) = (own for one, own in zip(now, differing(now), strict=True) if one.job.number == number)
            print(f"\nJob {number + 1} of {max(total or 0, len(now))}, {sweep / str(number)}: {' '.join(own)}")
            print(f"  {tally(now, total)}\n", flush=True)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print which jobs failed, and why; for jobs that still run elsewhere, where to look."""
        sweep = Sweep(Path(config.hydra.sweep.dir))
        now = progress(sweep.jobs())
        if not config.hydra.launcher.get("wait", True):
            look = shell("scripts/sweep.py", "status", sweep.path)
            print(f"\n{len(now)} jobs are queued. How they fare: {look}", flush=True)
            return
        print("\n".join([f"\n{sweep.path}: {tally(now)}", *reasons(now)]), flush=True)
        if any(one.is_over and not one.has_result for one in now):
            with cli.handled():
                retry = shell("scripts/sweep.py", "retry", sweep.path)
                raise RunError(f"some jobs have no result; {retry} does them again.")


class OptunaSweeper(Sweeper):
    """Searches with Optuna; settings as in ``conf/hydra/sweeper/optuna.yaml``."""

    def __init__(self, **settings: Any):
        self._settings = settings

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
            self._search([*(f"{key}={value}" for key, value in (self._settings["params"] or {}).items()), *arguments])

    def _check(self) -> None:
        for name, least in (("n_trials", 1), ("n_jobs", 1), ("seed", 0)):
            value, valid = self._settings[name], f"a whole number, {least} or more"
            require(isinstance(value, int) and value >= least, f"hydra.sweeper.{name}", value, valid)
        share = self._settings["prune_after"]
        is_share = share is None or (isinstance(share, int | float) and 0 <= share <= 1)
        require(is_share, "hydra.sweeper.prune_after", share, "null, or 0 to 1")
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
        for overrides in space.corners():  # which must be such that jobs can begin
            composed = self._loader.load_sweep_config(self._config, list(overrides))
            load(OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])).check_start()
        make_folder(self._sweep.path)
        study = Study(self._sweep.path, space, self._settings["seed"])
        write_text(self._sweep.path / "multirun.yaml", OmegaConf.to_yaml(self._config))  # as Hydra's own sweeper does
        write_rule(self._sweep.path, self._settings["prune_after"])
        self._resume(study)
        while (left := self._settings["n_trials"] - len(study)) > 0:
            self._launch(study, study.draw(min(self._settings["n_jobs"], left)))
        print(f"\n{study.summary()}", flush=True)

    def _resume(self, study: "Study") -> None:
        """Learn from trials of an earlier command that have a result meanwhile; run the others that it began."""
        planned = {one.job.number: one for one in progress(planned_jobs(self._sweep.path))}
        begun = study.begun()
        over = {number for number in begun if number in planned and planned[number].has_result}
        for number in sorted(over):
            study.tell(planned[number])
        left = [number for number in begun if number not in over]
        for _, together in groupby(enumerate(left), key=lambda pair: pair[1] - pair[0]):
            self._launch(study, {number: begun[number] for _, number in together})

    def _launch(self, study: "Study", trials: Jobs) -> None:
        """Run trials of consecutive numbers together."""
        jobs = [self._sweep.job(number) for number in trials]
        if not isinstance(self._launcher, QueueLauncher):  # which plans its jobs itself
            for job in jobs:
                job.plan(trials[job.number], local_process())
        self._launcher.launch(list(trials.values()), initial_job_idx=jobs[0].number)
        for result in progress(jobs):
            study.tell(result)
