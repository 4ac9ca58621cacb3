"""Overrides, the ``KEY=VALUE`` of a command line: whether their keys exist."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from mousearm.config.schema import Config
from mousearm.errors import ConfigError, UnknownNameError

CONF = Path(__file__).parents[2] / "conf"


def check_overrides(arguments: Sequence[str]) -> None:
    """Refuse overrides of keys that do not exist, naming those that do; Hydra's own message lists none.

    Args:
        arguments: the command line; options that start with ``-`` and Hydra's own keys are passed over.

    Raises:
        UnknownNameError: with the part of the key that is wrong and the keys that exist beside it.
    """
    for argument in arguments:
        if argument.startswith("-") or "=" not in argument:
            continue
        try:
            (override,) = OverridesParser.create().parse_overrides([argument])
        except (HydraException, ValueError, RecursionError):
            continue  # Hydra explains a malformed override well
        if not override.key_or_group.startswith("hydra"):
            _check_key(override.key_or_group)


def _check_key(key: str) -> None:
    if (CONF / key).is_dir():  # a group, some of which (debug) have no key of their own
        return
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
