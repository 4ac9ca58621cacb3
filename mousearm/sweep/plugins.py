"""What Hydra learns of sweeps: the launchers ``slurm`` and ``local``, the sweeper ``optuna``."""

import sys
from collections.abc import Sequence
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mousearm.config import CONF
from mousearm.errors import ConfigError
from mousearm.sweep.launcher import LocalLauncher, SlurmLauncher
from mousearm.sweep.search import OptunaSweeper
from mousearm.sweep.settings import PLUGINS, LocalConf, SlurmConf, to_slurm


def register() -> None:
    """Let Hydra know them."""
    sys.modules[PLUGINS] = sys.modules[__name__]
    for plugin in (SlurmLauncher, LocalLauncher, OptunaSweeper):
        plugin.__module__ = PLUGINS
        Plugins.instance().register(plugin)
    for launcher, settings in ((SlurmLauncher, SlurmConf), (LocalLauncher, LocalConf)):
        ConfigStore.instance().store(group="hydra/launcher", name=f"mousearm_{launcher.cluster}", node=settings)


def settings(overrides: Sequence[str]) -> dict[str, Any]:
    """What SLURM is asked for by overrides.

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
