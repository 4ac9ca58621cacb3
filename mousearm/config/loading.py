"""Load a configuration that Hydra composes or a run has saved; it is checked as a whole."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mousearm.config.input_checks import CONF, check_overrides, read_plain
from mousearm.config.schema import Config
from mousearm.errors import ConfigError, RunError

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


def compose(overrides: Sequence[str] = (), kinematics: str | None = None) -> Config:
    """Compose a configuration outside ``run.py``, from the files in ``conf/``.

    Args:
        overrides: as on the command line, such as ``["model=muscle", "reward.w_paw=2"]``.
        kinematics: reaches, a file or folder, in place of ``kinematics.path``.

    Raises:
        ConfigError: if an override cannot be parsed or applied, or a value is not valid.
        UnknownNameError: if a key does not exist.
    """
    config = load(compose_unchecked(overrides))
    return config if kinematics is None else config.with_reaches(kinematics)


def compose_unchecked(overrides: Sequence[str]) -> DictConfig:
    """Compose as `compose`, with the values unchecked."""
    check_overrides(overrides)
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return hydra_compose("config", list(overrides))
    except (HydraException, OmegaConfBaseException, ValueError, RecursionError) as error:
        # Hydra lets ValueError out for a group that is set to a number, and for a number of thousands of digits.
        cause = f": {error.__cause__}" if error.__cause__ else ""
        raise ConfigError(f"{error}{cause}") from error


def help_text(overrides: Sequence[str]) -> str:
    """List the groups in ``conf/`` with their choices, and the configuration that overrides make; Hydra needs seconds.

    Raises:
        ConfigError: if an override cannot be parsed or applied.
        UnknownNameError: if a key does not exist.
    """
    groups = [folder for folder in sorted(CONF.iterdir()) if folder.is_dir() and folder.name != "hydra"]
    lines = [f"{folder.name}: {', '.join(sorted(file.stem for file in folder.glob('*.yaml')))}" for folder in groups]
    return (
        "== Configuration groups (GROUP=CHOICE) ==\n" + "\n".join(lines) + "\n\n"
        "== Configuration (KEY=VALUE, such as env.num_envs=32) ==\n"
        + OmegaConf.to_yaml(compose_unchecked(overrides))
        + "\n"
        "What each key means: docs/configuration.md. Options of Hydra, which composes this: --hydra-help"
    )


def to_yaml(config: Config) -> str:
    """Write the whole resolved configuration as YAML, from which ``load(OmegaConf.create(text))`` makes it again."""
    return OmegaConf.to_yaml(OmegaConf.structured(config))


def read_saved(path: Path, upgrade: Callable[[dict[str, Any]], dict[str, Any]] = lambda content: content) -> Config:
    """Read what ``to_yaml`` wrote, perhaps on an unknown computer.

    Everything in it is resolved, so an interpolation, which could read environment variables, is refused.

    Args:
        path: the file.
        upgrade: makes today's keys of those that an older version wrote.

    Raises:
        RunError: the file cannot be read, or holds something else than a plain configuration.
        ConfigError: if a value is missing, has the wrong type or is out of range.
        UnknownNameError: if a choice does not exist.
    """
    try:
        content = read_plain(path)
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise RunError(f"{path} holds no configuration.")
    for text in _texts(content):
        if "${" in text:
            raise RunError(f"{path} holds the interpolation '{text[:80]}'. A saved configuration has none.")
    try:
        composed = OmegaConf.create(upgrade(content))
    except (OmegaConfBaseException, ValueError) as error:
        raise RunError(f"{path} holds no configuration: {error}") from error
    return load(composed)


def _texts(content: Any) -> Iterator[str]:
    """Yield all texts within, keys too."""
    if isinstance(content, dict):
        content = [*content.keys(), *content.values()]
    if isinstance(content, list):
        for item in content:
            yield from _texts(item)
    elif isinstance(content, str):
        yield content
