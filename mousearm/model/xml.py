"""XML read safely: no entities, a limit on size; every error names its place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np

from mousearm.door import read_bytes
from mousearm.errors import ModelError

MAX_MODEL_BYTES = 50_000_000
_MAX_DEPTH = 100

# No figure of an animal in SI units is larger; squares of larger ones would overflow.
LARGEST = 1e12
_NUMBERS = re.compile(r"[\s\d.eE+-]*\d\s*")


@dataclass(eq=False)
class Node:
    """An element.

    Attributes:
        tag: its kind, such as ``Body``.
        name: its name attribute, empty where it has none.
        line: where it begins in the file.
        place: tags and names from the root, such as ``Model[arm]/JointSet/CustomJoint[shoulder]``, for messages.
        attributes: all its attributes.
        children: the elements within it.
        text: the characters within it, without those of its children.
    """

    tag: str
    name: str
    line: int
    place: str
    attributes: dict[str, str]
    children: list["Node"] = field(default_factory=list)
    text: str = ""

    def get(self, tag: str) -> "Node | None":
        """The first child of a kind, None where there is none."""
        return next((child for child in self.children if child.tag == tag), None)

    def need(self, tag: str) -> "Node":
        """The first child of a kind, which must be there."""
        child = self.get(tag)
        if child is None:
            raise ModelError(f"{self.place} (line {self.line}) has no <{tag}>.")
        return child

    def objects(self, tag: str) -> list["Node"]:
        """Elements of a set: the children of ``<tag><objects>``; none where there is no such set."""
        inner = self.get(tag)
        listed = inner.get("objects") if inner else None
        return listed.children if listed else []

    def walk(self) -> Iterator["Node"]:
        """The element itself and all within it, in the order of the file."""
        yield self
        for child in self.children:
            yield from child.walk()

    def figures(self) -> str:
        """Numbers within it, for messages: `` (radius 0.1, length 2)``; empty where there are none."""
        numbers = [(node.tag, node.text.split()) for node in self.children if _NUMBERS.fullmatch(node.text)]
        held = [f"{tag} {' '.join(words)[:80]}" for tag, words in numbers]
        return f" ({', '.join(held)})" if held else ""

    def string(self, tag: str, default: str | None = None) -> str:
        """Text of a child; without a default it must be there and not be empty."""
        child = self.need(tag) if default is None else self.get(tag)
        text = child.text.strip() if child else ""
        if not text and default is None:
            raise ModelError(f"{self.place}/{tag} (line {self.need(tag).line}) is empty.")
        return text or (default or "")

    def numbers(self, tag: str, count: int, default: Any = None) -> np.ndarray:
        """Finite numbers of a child, ``(count,)``, and just as many; without a default it must be there."""
        child = self.need(tag) if default is None else self.get(tag)
        if child is None:
            return np.asarray(default, dtype=float)
        words = child.text.split()
        try:
            values = np.array([float(word) for word in words])
        except ValueError:
            values = np.array([np.nan])
        if len(values) != count or not (np.abs(values) < LARGEST).all():
            wanted = "a number" if count == 1 else f"{count} numbers"
            text = child.text.strip()[:80]
            raise ModelError(f"{child.place} (line {child.line}) must be {wanted} below {LARGEST:g}, not '{text}'.")
        return values

    def number(self, tag: str, default: float | None = None) -> float:
        """One finite number of a child; without a default it must be there."""
        return float(self.numbers(tag, 1, None if default is None else [default])[0])

    def flag(self, tag: str, default: bool) -> bool:
        """True or false of a child."""
        text = self.string(tag, str(default)).lower()
        if text not in ("true", "false", "1", "0"):
            raise ModelError(
                f"{self.place}/{tag} (line {self.need(tag).line}) must be true or false, not '{text[:80]}'."
            )
        return text in ("true", "1")


def read_document(path: Path, encoding: str | None = None) -> Node:
    """The root element of an XML file; ``encoding``: the only one it may have, None for the one that it declares.

    Raises:
        ModelError: if the file is missing, too large, broken, or declares a document type (and so could hold entities).
    """
    content = read_bytes(path, MAX_MODEL_BYTES, ModelError)
    builder = _Builder(path, encoding)
    try:
        builder.parser.Parse(content, True)
    except expat.ExpatError as error:
        cause = expat.ErrorString(error.code)
        raise ModelError(f"{path}, line {error.lineno}: not a whole XML file ({cause}).") from error
    except (ValueError, LookupError) as error:
        raise ModelError(f"{path}: cannot be decoded as XML ({error}).") from error
    assert builder.root is not None  # expat refuses a document without elements
    return builder.root


class _Builder:
    """Builds nodes from what expat finds."""

    def __init__(self, path: Path, encoding: str | None):
        self.path = path
        self.root: Node | None = None
        self._open: list[Node] = []
        self._pieces: list[list[str]] = []
        self.parser = expat.ParserCreate(encoding)
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _doctype(self, *_: object) -> None:
        line = self.parser.CurrentLineNumber
        raise ModelError(
            f"{self.path}, line {line}: declares a DOCTYPE. A model needs none, and entities in one could read other "
            "files or fill the memory; remove it."
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        if len(self._open) >= _MAX_DEPTH:
            raise ModelError(f"{self.path}, line {line}: elements within elements, more than {_MAX_DEPTH} deep.")
        name = attributes.get("name", "")
        parent = self._open[-1] if self._open else None
        here = f"{tag}[{name}]" if name and not tag.endswith("Set") else tag
        place = here
        if parent is not None and parent.tag != "OpenSimDocument":  # paths begin at the model
            place = f"{parent.place.removesuffix('/objects')}/{here}"
        node = Node(tag, name, line, place, attributes)
        if parent is None:
            self.root = node
        else:
            parent.children.append(node)
        self._open.append(node)
        self._pieces.append([])

    def _end(self, _: str) -> None:
        self._open.pop().text = "".join(self._pieces.pop())

    def _characters(self, text: str) -> None:
        self._pieces[-1].append(text)
