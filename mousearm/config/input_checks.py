"""Checks of the command line and of files: keys that exist, YAML that is data alone, groups that name no code.

Files of groups say what is trained and what is swept, not how Hydra runs it, which can be any code: Hydra calls what
``_target_`` names in its own section, and so does the logging that it sets up. So whoever copies an experiment from
elsewhere, or points ``--config-dir`` to one, would run what it names.
"""

import argparse
import dataclasses
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Glob, Override, Sweep
from hydra.errors import HydraException

from mousearm.config.schema import Config
from mousearm.errors import ConfigError, UnknownNameError

CONF = Path(__file__).parents[2] / "conf"

MAX_YAML_BYTES = 100_000
MAX_YAML_DEPTH = 20
_HYDRA = re.compile(r"(?<![\w.-])hydra(?![\w-])")
# An experiment that is a search may say so.
_SEARCH = {"override /hydra/sweeper": "optuna"}
_PACKAGE = re.compile(r"^#\s*@package\s+(.*)$", re.MULTILINE)


def check_overrides(arguments: Sequence[str]) -> None:
    """Refuse overrides of keys, and choices of groups, that do not exist, naming those that do.

    Args:
        arguments: the command line; options that start with ``-`` and Hydra's own keys are passed over.

    Raises:
        UnknownNameError: with the part of the key that is wrong and the keys that exist beside it, or with the choices.
    """
    folders = [CONF, *_given_folders(arguments)]
    for argument in arguments:
        if argument.startswith("-") or "=" not in argument:
            continue
        try:
            (override,) = OverridesParser.create().parse_overrides([argument])
        except (HydraException, ValueError, RecursionError):
            continue  # Hydra explains a malformed override well
        group = override.key_or_group
        if any((folder / group).is_dir() for folder in folders):  # also hydra/launcher; some (debug) have no keys
            _check_choices(override, folders)
        elif not group.startswith("hydra"):
            _check_key(group)


def _check_choices(override: Override, folders: Sequence[Path]) -> None:
    group = override.key_or_group
    if group.startswith("hydra") or override.is_delete():  # others than those in conf/ exist; Hydra says what cannot go
        return
    value = override.value()
    chosen = value.list if isinstance(value, ChoiceSweep) else value if isinstance(value, list) else [value]
    if isinstance(value, Sweep | Glob) and not isinstance(value, ChoiceSweep):  # drawn from what exists, or numbers
        return
    known = {
        str(file.relative_to(place).with_suffix("")) for place in (f / group for f in folders) for file in _files(place)
    }
    for choice in chosen:
        if choice is not None and str(choice) not in known:
            raise UnknownNameError(f"choice of the group {group}", str(choice), known)


def _check_key(key: str) -> None:
    kind: Any = Config
    parts = key.split(".")
    for depth, part in enumerate(parts):
        if not dataclasses.is_dataclass(kind):
            above = ".".join(parts[:depth])
            raise ConfigError(f"{key}: {above} is a value, it has no keys below it.")
        fields = {f.name: f.type for f in dataclasses.fields(kind)}
        if part not in fields:
            place = f"in {'.'.join(parts[:depth])}" if depth else "at the top level"
            raise UnknownNameError(f"configuration key {place}", part, fields)
        kind = fields[part]


def read_plain(path: Path) -> Any:
    """Read a YAML file as dicts, lists, texts and numbers.

    Tags could name kinds of Python, and aliases of aliases make much of little: a configuration needs neither.

    Raises:
        ValueError: the file is not such YAML; the text says why, without its name.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if size > MAX_YAML_BYTES or not path.is_file():
        raise ValueError(f"it is not a file, or larger than {MAX_YAML_BYTES / 1e3:g} kB ({size / 1e3:g} kB)")
    text = path.read_text(encoding="utf-8")
    try:
        _check_events(text)
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, TypeError) as error:  # TypeError: a key that is a list
        raise ValueError(" ".join(str(error).split())) from error


def _check_events(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise ValueError(f"line {line}: an alias (*{event.anchor}), which is not read; write it out")
        if getattr(event, "tag", None) is not None:
            raise ValueError(f"line {line}: a tag ({event.tag}), which is not read; leave it out")
        if depth > MAX_YAML_DEPTH:
            raise ValueError(f"line {line}: values within values, more than {MAX_YAML_DEPTH} deep")


def check_group_files(arguments: Sequence[str]) -> None:
    """Refuse files that speak of Hydra, in --config-dir and in ``conf/``, but for its config.yaml and its folder hydra.

    Args:
        arguments: the command line.

    Raises:
        ConfigError: a file speaks of Hydra, names code, or cannot be read; says where.
    """
    files = [file for file in _files(CONF) if file != CONF / "config.yaml" and CONF / "hydra" not in file.parents]
    for folder in _given_folders(arguments):
        files += _files(folder)
    for file in files:
        _check(file)


def _given_folders(arguments: Sequence[str]) -> list[Path]:
    """Folders of groups that the command line names."""
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
    """Reduce the content of an experiment that only sweeps or searches to what it sweeps; leave all other content."""
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
