"""Plugins of Hydra: the launchers ``slurm`` and ``local``, the sweeper ``optuna``, the record of every sweep."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mousearm import cli
from mousearm.config import CONF
from mousearm.errors import ConfigError, RunError
from mousearm.rundir.status import FINISHED
from mousearm.sweep.launcher import PLUGINS, LocalConf, LocalLauncher, SlurmConf, SlurmLauncher, is_search, to_slurm
from mousearm.sweep.progress import begin, progress, reasons
from mousearm.sweep.records import LOCAL, Sweep, this_process
from mousearm.sweep.search import OptunaSweeper

# hydra/launcher=basic runs one job after the other; so does a retry of such a sweep.
_ONE_BY_ONE = {"parallel": 1, "timeout_min": 7 * 24 * 60}


def register() -> None:
    """Register the launchers and the sweeper with Hydra."""
    sys.modules[PLUGINS] = sys.modules[__name__]
    for plugin in (SlurmLauncher, LocalLauncher, OptunaSweeper):
        plugin.__module__ = PLUGINS
        Plugins.instance().register(plugin)
    for launcher, settings in ((SlurmLauncher, SlurmConf), (LocalLauncher, LocalConf)):
        ConfigStore.instance().store(group="hydra/launcher", name=f"mousearm_{launcher.cluster}", node=settings)


def slurm_settings(overrides: Sequence[str]) -> dict[str, Any]:
    """The settings of the launcher ``slurm`` after overrides.

    Raises:
        ConfigError: if an override cannot be applied.
    """
    register()
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            chosen = compose("config", to_slurm(overrides), return_hydra_config=True)
            return OmegaConf.to_container(chosen.hydra.launcher, resolve=True)  # type: ignore[return-value]
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(f"{error}: {error.__cause__}" if error.__cause__ else str(error)) from error


class SweepRecord(Callback):
    """Records the jobs of a sweep that this process runs; ends a sweep in which jobs failed with status 1."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Record the jobs that this process will run; other launchers record theirs themselves."""
        hydra = config.hydra
        if not hydra.launcher._target_.endswith(".BasicLauncher"):
            return
        sweep = Sweep(Path(hydra.sweep.dir))
        with cli.handled():
            begin(sweep, str(config.name), LOCAL, _ONE_BY_ONE, is_search(config))
        if hydra.sweeper._target_.endswith(".BasicSweeper"):
            for number, overrides in enumerate(_jobs(hydra)):
                sweep.job(number).plan(overrides, this_process())

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Print which jobs failed, and why; for jobs that still run elsewhere, where to look."""
        sweep = Sweep(Path(config.hydra.sweep.dir))
        now = progress(sweep.jobs())
        if not config.hydra.launcher.get("wait", True):
            print(
                f"\n{len(now)} jobs are queued. How they fare: python scripts/sweep.py status {sweep.path}", flush=True
            )
            return
        done = sum(one.state == FINISHED for one in now)
        print("\n".join([f"\n{done} of {len(now)} jobs finished in {sweep.path}", *reasons(now)]), flush=True)
        if any(one.is_over and not one.has_result for one in now):
            with cli.handled():
                raise RunError(f"some jobs have no result; python scripts/sweep.py retry {sweep.path} does them again.")


def _jobs(hydra: DictConfig) -> list[list[str]]:
    """The overrides of the jobs that Hydra's basic sweeper will make."""
    given = [str(override) for override in hydra.overrides.task]
    always = [f"{key}={value}" for key, value in (hydra.sweeper.params or {}).items()]
    overrides = OverridesParser.create().parse_overrides([*always, *given])
    (batch,) = BasicSweeper.split_arguments(overrides, None)
    return batch
