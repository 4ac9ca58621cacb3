"""Arithmetic that writes itself down: numbers known now are computed now, the rest becomes C++ text.

A value is a float, known when the text is written, or a `Scalar`, known when it runs. NumPy arrays of both (dtype
object) are vectors and matrices: ``+ - * @`` work as always, and what is multiplied by 0 or 1 leaves no trace.
"""

import re

import numpy as np

ROUNDING = 1e-15  # what is left of 0 and 1 when matrices of exact right angles are multiplied


class Scalar:
    """A number of the running program, as C++ text; ``is_atom`` if it needs no brackets as a factor."""

    __slots__ = ("is_atom", "text")

    def __init__(self, text: str, is_atom: bool = True):
        self.text, self.is_atom = text, is_atom

    def __str__(self) -> str:
        return self.text if self.is_atom else f"({self.text})"

    def __add__(self, other: "Value") -> "Value":
        if isinstance(other, np.ndarray):
            return NotImplemented
        return self if _is(other, 0) else Scalar(f"{self} + {literal(other)}", False)

    def __radd__(self, other: float) -> "Value":
        return self + other

    def __sub__(self, other: "Value") -> "Value":
        if isinstance(other, np.ndarray):
            return NotImplemented
        return self if _is(other, 0) else Scalar(f"{self} - {literal(other)}", False)

    def __rsub__(self, other: float) -> "Value":
        return -self if _is(other, 0) else Scalar(f"{literal(other)} - {self}", False)

    def __mul__(self, other: "Value") -> "Value":
        if isinstance(other, np.ndarray):
            return NotImplemented
        if _is(other, 0):
            return 0.0
        if _is(other, 1):
            return self
        return -self if _is(other, -1) else Scalar(f"{self} * {literal(other)}", False)

    def __rmul__(self, other: float) -> "Value":
        return self * other

    def __truediv__(self, other: "Value") -> "Value":
        if isinstance(other, np.ndarray):
            return NotImplemented
        return Scalar(f"{self} / {literal(other)}", False)

    def __rtruediv__(self, other: float) -> "Value":
        return Scalar(f"{literal(other)} / {self}", False)

    def __neg__(self) -> "Scalar":
        return Scalar(f"-{self}", False)


Value = float | Scalar


def _is(value: Value, number: float) -> bool:
    return not isinstance(value, Scalar) and value == number


def literal(value: Value) -> str:
    """A value as a factor in C++: floats in all their digits, as numbers of the type T."""
    return str(value) if isinstance(value, Scalar) else f"T({float(value)!r})"


def bare(value: Value) -> str:
    """A value as C++ text, without brackets: as an argument."""
    return value.text if isinstance(value, Scalar) else literal(value)


def constant(array: np.ndarray) -> np.ndarray:
    """Numbers known now, as an array that mixes with others; 0 and +-1 freed of their rounding."""
    values = np.array(array, dtype=float)
    near = np.round(values)
    values = np.where((np.abs(near) <= 1) & (np.abs(values - near) < ROUNDING), near + 0.0, values)
    return values.astype(object)


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A x b of three-vectors."""
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]], dtype=object)


class Code:
    """Lines of a C++ function as they are written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._kept: dict[str, str] = {}

    def __str__(self) -> str:
        return "\n".join("  " + line for line in self.lines)

    def write(self, line: str) -> None:
        """Add a line."""
        self.lines.append(line)

    def title(self, kind: str, name: str, number: int) -> None:
        """Say in a comment what the next lines are of; it ends with the line, whatever a model's name holds."""
        self.write(f"// {kind} {re.sub('[^A-Za-z0-9_.-]', '_', name) or number}")

    def let(self, name: str, value: Value) -> Value:
        """Keep a value in a variable, unless it is known now or is one; the same name and value twice are one."""
        if not isinstance(value, Scalar) or value.text.isidentifier():
            return value
        if self._kept.get(name) == value.text:
            return Scalar(name)
        self._kept[name] = value.text
        self.write(f"const T {name} = {value.text};")
        return Scalar(name)

    def let_all(self, name: str, values: np.ndarray) -> np.ndarray:
        """Keep every entry of an array in a variable of its own, ``name`` and its number."""
        kept = np.empty(values.shape, dtype=object)
        for number, (index, value) in enumerate(np.ndenumerate(values)):
            kept[index] = self.let(f"{name}_{number}", value)
        return kept
