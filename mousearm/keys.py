"""Declaration of configuration keys: meaning, unit and valid values of each.

The schema declares every key with ``NAME: TYPE = key(...)``. ``check`` refuses values by it, and the reference in
the documentation is made of it.
"""

import math
import types
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from typing import Any, get_args, get_origin

from mousearm.errors import ConfigError, UnknownNameError
from mousearm.registry import Registry

_NAME = "key"
_TYPE_NAMES = {str: "text", int: "integer", float: "number", bool: "true or false", types.NoneType: "null"}


@dataclass(frozen=True, slots=True)
class Range:
    """Range of valid values."""

    text: str  # the range in words, without the unit
    holds: Callable[[Any], bool]  # tells whether a value lies in it


@dataclass(frozen=True, slots=True)
class Key:
    """Declaration of a key."""

    meaning: str  # what it decides, in sentences
    valid: Range | Registry | tuple[str, ...] | None = None  # None where every value of its type will do
    unit: str = ""

    @property
    def valid_text(self) -> str:
        """Valid values, with the unit; empty where all are valid."""
        if self.valid is None:
            return ""
        if isinstance(self.valid, Range):
            return f"{self.valid.text} {self.unit}".strip()
        return ", ".join(self.valid)

    def check(self, name: str, value: object) -> None:
        """Refuse a value, or a list with one, that is no name to choose from (UnknownNameError) or out of range."""
        if value is None or self.valid is None:
            return
        if isinstance(self.valid, Range):
            shown = repr(value) if isinstance(value, str) else value
            require(self.valid.holds(value), name, shown, self.valid_text)
            return
        for choice in value if isinstance(value, list) else [value]:
            if choice not in self.valid:
                raise UnknownNameError(f"choice for {name}", str(choice), self.valid)


def key(
    meaning: str, valid: Range | Registry | Sequence[str] | None = None, unit: str = "", *, default: Any = MISSING
) -> Any:
    """Declare a field of a dataclass as a key; the arguments are ``Key``'s, and the field's default."""
    known = Key(meaning, valid if isinstance(valid, Range | Registry | None) else tuple(valid), unit)
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata={_NAME: known})
    return field(default=default, metadata={_NAME: known})


def declaration(field: Field[Any]) -> Key:
    """Declaration of a field of a dataclass, which must not be a group."""
    return field.metadata[_NAME]


def type_text(kind: Any) -> str:
    """Put a type into words; ``str | None`` is ``text or null``."""
    if get_origin(kind) is list:
        (item,) = get_args(kind)
        return f"list of {type_text(item)}s" if item is not str else "list of text"
    if parts := get_args(kind):
        return " or ".join(map(type_text, parts))
    return _TYPE_NAMES[kind]


def check_keys(group: Any, prefix: str = "") -> None:
    """Check all values of a dataclass, and of the groups in it, as `Key.check`; the prefix is such as ``env.``."""
    for declared in fields(group):
        name, value = f"{prefix}{declared.name}", getattr(group, declared.name)
        if is_dataclass(value):
            check_keys(value, f"{name}.")
        else:
            declaration(declared).check(name, value)


def require(holds: bool, name: str, value: object, valid: str) -> None:
    """Refuse a value if something does not hold: ConfigError with the key's name, the value and what is valid."""
    if not holds:
        raise ConfigError(f"{name}={value} is out of range: {valid}.", name)


def between(low: float, high: float) -> Range:
    """From low to high, both included."""
    return Range(f"{_plain(low)} to {_plain(high)}", lambda value: low <= value <= high)


def at_least(low: int) -> Range:
    """Whole numbers from low."""
    return Range(f"{low} or more", lambda value: value >= low)


def above(low: float) -> Range:
    """More than low; infinity is valid too."""
    return Range(f"above {_plain(low)}", lambda value: value > low)


def finite(valid: Range) -> Range:
    """Range without infinity."""
    return Range(f"finite, {valid.text}", lambda value: valid.holds(value) and math.isfinite(value))


def _plain(number: float) -> str:
    """Write a number without an exponent."""
    return str(number) if isinstance(number, int) else f"{number:.10f}".rstrip("0").rstrip(".")
