"""Files of configuration groups say what is trained and what is swept, not how Hydra runs it, which can be any code.

Hydra calls what ``_target_`` names in its own section, and so does the logging that it sets up. So whoever copies an
experiment from elsewhere, or points ``--config-dir`` to one, would run what it names.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mousearm.config.overrides import CONF
from mousearm.config.plain_yaml import read_plain
from mousearm.errors import ConfigError

_HYDRA = re.compile(r"(?<![\w.-])hydra(?![\w-])")
# An experiment that is a search may say so.
_SEARCH = {"override /hydra/sweeper": "optuna"}
_PACKAGE = re.compile(r"^#\s*@package\s+(.*)$", re.MULTILINE)


def check_group_files(arguments: Sequence[str]) -> None:
    """Refuse files that speak of Hydra, in --config-dir and in ``conf/``, but for its config.yaml and its folder hydra.

    Args:
        arguments: the command line.

    Raises:
        ConfigError: a file speaks of Hydra, names code, or cannot be read; says where.
    """
    own = [file for file in _files(CONF) if file != CONF / "config.yaml" and CONF / "hydra" not in file.parents]
    for file in [*own, *(file for folder in _other_folders(arguments) for file in _files(folder))]:
        _check(file)


def _other_folders(arguments: Sequence[str]) -> list[Path]:
    parser = argparse.ArgumentParser(add_help=False)
    for short, long in (("-cd", "--config-dir"), ("-cp", "--config-path"), ("-cn", "--config-name")):
        parser.add_argument(short, long)
    given = parser.parse_known_args(list(arguments))[0]
    return [Path(folder) for folder in (given.config_dir, given.config_path) if folder]


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.yaml"))


def _check(file: Path) -> None:
    try:
        content, text = read_plain(file), file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    defaults = content.get("defaults") if isinstance(content, dict) else None
    chosen = [item for item in defaults if isinstance(item, str)] if isinstance(defaults, list) else []
    for name in [*_PACKAGE.findall(text), *chosen, *_keys(_less_sweep(content))]:
        if _HYDRA.search(name) or name == "_target_":
            raise ConfigError(
                f"{file}: '{name}' names code, or says how Hydra runs it, which a file of a configuration group is "
                "not to do. Say it on the command line (such as hydra/launcher=...), or in conf/config.yaml."
            )


def _less_sweep(content: Any) -> Any:
    """The content, of Hydra's section only what is swept, if it says no more than that something is, or is searched."""
    match content:
        case {"defaults": [*defaults], **others} if _SEARCH in defaults:
            return _less_sweep({**others, "defaults": [item for item in defaults if item != _SEARCH]})
        case {"hydra": {"mode": "MULTIRUN", "sweeper": {"params": params, **more}, **others}} if (
            not more and not others
        ):
            return {**{key: value for key, value in content.items() if key != "hydra"}, "params": params}
    return content


def _keys(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        yield from map(str, content)
    for item in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from _keys(item)
