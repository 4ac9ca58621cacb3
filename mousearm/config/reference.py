"""Every configuration key, and every choice of a group, as there is to be read of them in the documentation."""

import dataclasses
import json
import types
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args, get_origin

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from mousearm.config.input_checks import CONF, read_plain
from mousearm.config.schema import Config
from mousearm.keys import declared

_TYPE_NAMES = {str: "text", int: "integer", float: "number", bool: "true or false", types.NoneType: "null"}


class KeyEntry(NamedTuple):
    """One key.

    Attributes:
        name: its path, such as ``env.control_dt``.
        type: in words, such as ``number or null``.
        unit: of the value; empty where there is none.
        default: what it is when nothing is said, as it is written in YAML.
        valid: which values are valid; empty where all of the type are.
        meaning: what it decides.
        choices: what each name to choose from stands for; empty where the meaning says it.
    """

    name: str
    type: str
    unit: str
    default: str
    valid: str
    meaning: str
    choices: dict[str, str]


class Choice(NamedTuple):
    """One file of a group: its name, what its first comment says of it, and whether it is the default."""

    name: str
    meaning: str
    is_default: bool


def key_entries() -> dict[str, list[KeyEntry]]:
    """All keys by group, in the order of the schema; those at the top level under the empty name."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        defaults = OmegaConf.to_container(compose("config"), resolve=False)
    found: dict[str, list[KeyEntry]] = {"": []}
    for entry in _entries(Config, "", defaults):
        found.setdefault(entry.name.rpartition(".")[0].partition(".")[0], []).append(entry)
    return found


def group_meaning(group: str) -> str:
    """What a group is about, or, of the empty name, the top level."""
    kinds = {field.name: field.type for field in dataclasses.fields(Config)}
    return str((kinds[group] if group else Config).__doc__)


def choices(group: str) -> list[Choice]:
    """The files of a group, the default first; none for a group that has no folder."""
    default = _defaults().get(group)
    found = [
        Choice(path.stem, _first_comment(path.read_text(encoding="utf-8")), path.stem == default)
        for path in sorted((CONF / group).glob("*.yaml"))
    ]
    return sorted(found, key=lambda choice: not choice.is_default)


def _entries(kind: Any, prefix: str, defaults: Any) -> Iterator[KeyEntry]:
    known = declared(kind)
    for field in dataclasses.fields(kind):
        name = f"{prefix}{field.name}"
        if dataclasses.is_dataclass(field.type):
            yield from _entries(field.type, f"{name}.", defaults)
            continue
        says, default = known[field.name], _default(defaults, name)
        yield KeyEntry(name, type_text(field.type), says.unit, default, says.valid_text, says.meaning, says.choices)


def type_text(kind: Any) -> str:
    """A type in words; ``str | None`` is ``text or null``."""
    if get_origin(kind) is list:
        (item,) = get_args(kind)
        return f"list of {type_text(item)}s" if item is not str else "list of text"
    if parts := get_args(kind):
        return " or ".join(map(type_text, parts))
    return _TYPE_NAMES[kind]


def _default(defaults: Any, name: str) -> str:
    """The value that is composed, with interpolations as they stand in the file."""
    for part in name.split("."):
        defaults = defaults[part]
    return _as_yaml(defaults)


def _as_yaml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_as_yaml, value))}]"
    if isinstance(value, float):
        return f"{value:.6g}"
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def _defaults() -> dict[str, str]:
    """The file of each group that is taken when nothing is said."""
    named = [entry for entry in read_plain(CONF / "config.yaml")["defaults"] if isinstance(entry, dict)]
    return {group: name for entry in named for group, name in entry.items()}


def _first_comment(text: str) -> str:
    """The comment at the head of a file, as one line, without Hydra's own."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        if "@package" not in line:
            lines.append(line.lstrip("# "))
    return " ".join(lines)
