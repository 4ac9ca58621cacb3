"""The one way to load a configuration: composed by Hydra or saved by a run, and checked as a whole."""

from collections.abc import Sequence

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mousearm.config.overrides import CONF, check_overrides
from mousearm.config.schema import Config
from mousearm.errors import ConfigError

ConfigStore.instance().store(name="schema", node=Config)


def load(composed: DictConfig) -> Config:
    """Turn a composed configuration into typed objects, with every value checked.

    Raises:
        ConfigError: if a value is missing, has the wrong type or is out of range.
        UnknownNameError: if a choice does not exist.
    """
    try:
        missing = OmegaConf.missing_keys(composed)
        if missing:
            raise ConfigError(f"No value is given for {', '.join(sorted(missing))}. Give one as KEY=VALUE.")
        typed = OmegaConf.merge(OmegaConf.structured(Config), composed)
        return OmegaConf.to_object(typed)  # type: ignore[return-value]
    except OmegaConfBaseException as error:
        raise ConfigError(f"The configuration is not valid: {error}") from error


def compose(overrides: Sequence[str] = ()) -> Config:
    """Compose a configuration outside ``run.py``, from the files in ``conf/``.

    Args:
        overrides: as on the command line, such as ``["model=muscle", "reward.w_paw=2"]``.

    Raises:
        ConfigError: if an override cannot be parsed or applied, or a value is not valid.
        UnknownNameError: if a key does not exist.
    """
    check_overrides(overrides)
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return load(hydra_compose("config", list(overrides)))
    except (HydraException, OmegaConfBaseException, ValueError, RecursionError) as error:
        # Hydra lets ValueError out for a group that is set to a number, and for a number of thousands of digits.
        raise ConfigError(f"{error}{_cause(error)}") from error


def _cause(error: Exception) -> str:
    return f": {error.__cause__}" if error.__cause__ else ""


def to_yaml(config: Config) -> str:
    """The whole resolved configuration as YAML, from which ``load(OmegaConf.create(text))`` makes it again."""
    return OmegaConf.to_yaml(OmegaConf.structured(config))
