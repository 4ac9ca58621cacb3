"""A configuration that a run has saved, perhaps on another computer, by people whom nobody here knows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mousearm.config.loading import load
from mousearm.config.plain_yaml import read_plain
from mousearm.config.schema import Config
from mousearm.errors import RunError


def read_saved(path: Path) -> Config:
    """Read what ``to_yaml`` wrote.

    Everything in it is resolved, so an interpolation, which could read environment variables, is refused.

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
        composed = OmegaConf.create(content)
    except (OmegaConfBaseException, ValueError) as error:
        raise RunError(f"{path} holds no configuration: {error}") from error
    return load(composed)


def _texts(content: Any) -> Iterator[str]:
    """All texts within, keys too."""
    if isinstance(content, dict):
        content = [*content.keys(), *content.values()]
    if isinstance(content, list):
        for item in content:
            yield from _texts(item)
    elif isinstance(content, str):
        yield content
