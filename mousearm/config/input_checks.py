"""Checks of files of groups: they name no code.

Files of groups say what is trained and what is swept, not how Hydra runs it, which can be any code: Hydra calls what
``_target_`` names in its own section, and so does the logging that it sets up. So whoever copies an experiment from
elsewhere, or points ``--config-dir`` to one, would run what it names.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from mousearm import CHECKOUT, INSTALLED
from mousearm.door import MAX_YAML_BYTES, parse_plain, read_text, yaml_errors_as
from mousearm.errors import ConfigError, UnknownNameError

CONF = (CHECKOUT or INSTALLED) / "conf"

_HYDRA = re.compile(r"(?<![\w.-])hydra(?![\w-])")
# What an experiment may say of Hydra: that it is a search, or that its jobs train together.
_SWEEPS = [{"override /hydra/sweeper": "optuna"}, {"override /hydra/launcher": "side_by_side"}]
_PACKAGE = re.compile(r"^#\s*@package\s+(.*)$", re.MULTILINE)

# Of files that are read again and again, and never changed in memory.
_parse_once = lru_cache(maxsize=256)(parse_plain)


def check_group_files(folders: Sequence[Path]) -> None:
    """Refuse files that speak of Hydra or name code, in ``conf/`` and other folders; ConfigError says where.

    What ``conf/config.yaml`` and ``conf/hydra`` say of Hydra is ours.
    """
    files = [file for file in _files(CONF) if file != CONF / "config.yaml" and CONF / "hydra" not in file.parents]
    for file in [*files, *(file for folder in folders if folder != CONF for file in _files(folder))]:
        _check(file, {CONF, *folders})


def choices_of(group: str, folders: Iterable[Path]) -> set[str]:
    """The choices of a group in folders of groups."""
    places = [folder / group for folder in folders]
    return {str(file.relative_to(place).with_suffix("")) for place in places for file in _files(place)}


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.yaml"))


def read_group_file(file: Path) -> dict[Any, Any]:
    """Read a file of a group, perhaps an empty one; ConfigError if it cannot be read."""
    with yaml_errors_as(ConfigError, file, "Correct it."):
        content = _parse_once(read_text(file, MAX_YAML_BYTES, ConfigError))
    if content is not None and not isinstance(content, dict):
        raise ConfigError(f"{file} holds no KEY: VALUE.")
    return content or {}


def _check(file: Path, folders: Iterable[Path]) -> None:
    content, text = read_group_file(file), file.read_text(encoding="utf-8")
    defaults = content.get("defaults")
    chosen = [item for item in defaults if isinstance(item, str)] if isinstance(defaults, list) else []
    for name in [*_PACKAGE.findall(text), *chosen, *_keys(_less_sweep(content))]:
        name = name.removeprefix("override ")
        if _HYDRA.search(name) or name == "_target_":
            raise ConfigError(
                f"{file}: '{name}' names code, or says how Hydra runs it, which a file of a configuration group is "
                "not to do. Say it on the command line (such as hydra/launcher=...), or in conf/config.yaml."
            )
        if name.startswith("optional "):
            raise ConfigError(f"{file}: with '{name}' a choice that does not exist counts as none. Leave optional out.")
    if not isinstance(defaults, list | None):
        raise ConfigError(f"{file}: defaults is a list: '- override /GROUP: CHOICE' below it, a line for each.")
    if circle := _circle([file], defaults):
        raise ConfigError(f"{circle[-1]}: '- {circle[0].stem}' below its defaults leads back to itself. Leave it out.")
    groups = {place.name for folder in folders for place in folder.iterdir() if place.is_dir()}
    for group, name in content.items():
        if group in groups and isinstance(name, str) and "_global_" in _PACKAGE.findall(text):
            raise ConfigError(f"{file}: '{group}: {name}' sets no choice. {_choice(group, name)}")
    for key, name in [pair for item in defaults or [] if isinstance(item, dict) for pair in item.items()]:
        group = str(key).removeprefix("override ").removeprefix("/").partition("@")[0]
        if group.partition("/")[0] not in groups:
            raise UnknownNameError(f"configuration group in {file}", group, groups)
        if group in ("experiment", "debug") and str(key).startswith("override"):
            raise ConfigError(f"{file}: '{key}: {name}' has no effect. {_choice(group, name)}")
        if (known := choices_of(group, folders)) and not str(key).startswith("override /"):
            raise ConfigError(f"{file}: '{key}: {name}' must be 'override /{group}: {name}'.")
        if known and isinstance(name, str) and name not in known and "$" not in name:
            raise UnknownNameError(f"choice of the group {group} in {file}", name, known)


def _choice(group: str, name: str) -> str:
    """Advice for a file of an experiment that makes a choice of a group."""
    if group == "debug":
        return f"Leave it out, and give debug={name} on the command line."
    return f"Write '{f'- {name}' if group == 'experiment' else f'- override /{group}: {name}'}' below defaults."


def _circle(files: list[Path], defaults: Any) -> list[Path]:
    """The files that lead, each by a choice of its own group, from the last one's defaults back to one of them."""
    for name in defaults if isinstance(defaults, list) else []:
        file = files[-1].parent / f"{name}.yaml"
        if file in files:
            return [file, *files]
        below = read_group_file(file).get("defaults") if isinstance(name, str) and file.is_file() else None
        if circle := _circle([*files, file], below):
            return circle
    return []


def _less_sweep(content: Any) -> Any:
    """Reduce the content of an experiment that only sweeps or searches to what it sweeps; leave all other content."""
    match content:
        case {"defaults": [*defaults], **others} if any(item in _SWEEPS for item in defaults):
            return _less_sweep({**others, "defaults": [item for item in defaults if item not in _SWEEPS]})
        case {"hydra": {"mode": "MULTIRUN", "sweeper": {"params": params, **more}, **others}} if not {**more, **others}:
            return {**{key: value for key, value in content.items() if key != "hydra"}, "params": params}
    return content


def _keys(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        yield from map(str, content)
    for item in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from _keys(item)
