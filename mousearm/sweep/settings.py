"""What the launchers can be asked for, submitit's settings and a few of our own; which sweeps are searches."""

from collections.abc import Sequence
from dataclasses import dataclass

from hydra_plugins.hydra_submitit_launcher.config import LocalQueueConf, SlurmQueueConf
from omegaconf import DictConfig

from mousearm.errors import ConfigError

# Hydra takes plugins from the package hydra_plugins alone; there the module plugins has another name.
PLUGINS = "hydra_plugins.mousearm"


def is_search(config: DictConfig) -> bool:
    """Whether a sweep draws its jobs as it goes, so that an earlier launch in its folder belongs to it."""
    return config.hydra.sweeper._target_ == f"{PLUGINS}.OptunaSweeper"


@dataclass
class SlurmConf(SlurmQueueConf):
    """Settings of ``hydra/launcher=slurm``: the plugin's, and whether to wait for the jobs."""

    _target_: str = f"{PLUGINS}.SlurmLauncher"
    wait: bool = True


@dataclass
class LocalConf(LocalQueueConf):
    """Settings of ``hydra/launcher=local``: the plugin's, and how many processes there are at a time."""

    _target_: str = f"{PLUGINS}.LocalLauncher"
    timeout_min: int = 7 * 24 * 60
    parallel: int | None = None


def to_slurm(overrides: Sequence[str]) -> list[str]:
    """Overrides with ``hydra/launcher=slurm``, unless they choose one like it.

    Raises:
        ConfigError: if they choose one that does not queue.
    """
    chosen = [override for override in overrides if override.startswith("hydra/launcher=")]
    if any(not override.startswith("hydra/launcher=slurm") for override in chosen):
        raise ConfigError(
            f"{' '.join(chosen)} does not queue jobs in SLURM. Use hydra/launcher=slurm or slurm_gpu here, or, to wait "
            "for jobs on this computer: python run.py -m hydra/launcher=local ..."
        )
    return list(overrides) if chosen else ["hydra/launcher=slurm", *overrides]
