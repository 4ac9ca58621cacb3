"""Reference of the configuration for the documentation: every key, and every choice of a group."""

import dataclasses
import json
import types
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args, get_origin

from omegaconf import OmegaConf

from mousearm.config.input_checks import CONF, read_plain
from mousearm.config.loading import compose_unchecked
from mousearm.config.schema import Config
from mousearm.keys import Key, declared

_TYPE_NAMES = {str: "text", int: "integer", float: "number", bool: "true or false", types.NoneType: "null"}


class KeyEntry(NamedTuple):
    """Reference entry of a key.

    Attributes:
        name: its path, such as ``env.control_dt``.
        type: in words, such as ``number or null``.
        default: the value in `conf/`, as YAML, with interpolations as they stand in the file.
        key: its declaration.
    """

    name: str
    type: str
    default: str
    key: Key


class Choice(NamedTuple):
    """File of a group: its name, its first comment, and whether it is the default."""

    name: str
    meaning: str
    is_default: bool


def key_entries() -> dict[str, list[KeyEntry]]:
    """List all keys by group, in the order of the schema; those at the top level under the empty name."""
    defaults = OmegaConf.to_container(compose_unchecked(()), resolve=False)
    found: dict[str, list[KeyEntry]] = {"": []}
    for entry in _entries(Config, "", defaults):
        found.setdefault(entry.name.rpartition(".")[0].partition(".")[0], []).append(entry)
    return found


def group_meaning(group: str) -> str:
    """Describe a group, or, of the empty name, the top level."""
    kinds = {field.name: field.type for field in dataclasses.fields(Config)}
    return str((kinds[group] if group else Config).__doc__)


def choices(group: str) -> list[Choice]:
    """List the files of a group, the default first; none for a group without a folder."""
    named = [entry for entry in read_plain(CONF / "config.yaml")["defaults"] if isinstance(entry, dict)]
    default = next((entry[group] for entry in named if group in entry), None)
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
            yield from _entries(field.type, f"{name}.", defaults[field.name])
        else:
            yield KeyEntry(name, type_text(field.type), _as_yaml(defaults[field.name]), known[field.name])


def type_text(kind: Any) -> str:
    """Put a type into words; ``str | None`` is ``text or null``."""
    if get_origin(kind) is list:
        (item,) = get_args(kind)
        return f"list of {type_text(item)}s" if item is not str else "list of text"
    if parts := get_args(kind):
        return " or ".join(map(type_text, parts))
    return _TYPE_NAMES[kind]


def _as_yaml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_as_yaml, value))}]"
    if isinstance(value, float):
        return f"{value:.6g}"
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def _first_comment(text: str) -> str:
    """Comment at the head of a file, as one line, without Hydra's directives."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        if "@package" not in line:
            lines.append(line.lstrip("# "))
    return " ".join(lines)
