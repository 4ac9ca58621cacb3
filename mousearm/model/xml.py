"""XML read safely: no entities, a limit on size; every error names its place."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

import numpy as np

from mousearm.door import read_bytes
from mousearm.errors import ModelError, UnknownNameError

MAX_MODEL_BYTES = 50_000_000
_MAX_DEPTH = 100

# No figure of an animal in SI units is larger; squares of larger ones would overflow.
LARGEST = 1e12
_NUMBERS = re.compile(r"[\s\d.eE+-]*\d\s*")


@dataclass(eq=False)
class Node:
    """An element: its kind, what is in it, and where it stands, for messages."""

    file: Path
    tag: str
    name: str  # its name attribute, empty where it has none
    line: int  # where it begins in the file
    place: str  # tags and names from the root, such as ``Model[arm]/JointSet/CustomJoint[shoulder]``
    attributes: dict[str, str]
    children: list["Node"] = field(default_factory=list)
    text: str = ""  # the characters within it, without those of its children
    lost: list[str] = field(default_factory=list)  # of the whole file: what cannot be carried over, and why

    def error(self, what: str) -> ModelError:
        """The error that says what is wrong with it."""
        return ModelError(f"{self.file}, line {self.line}: {self.place}: {what}")

    def lose(self, why: str) -> None:
        """Note that it cannot be carried over, or not as it is."""
        self.lost.append(f"{self.place}: {why}")

    def unknown(self, kind: str, name: str, valid: Iterable[str]) -> ModelError:
        """The error that it names something that does not exist, with what does."""
        return self.error(str(UnknownNameError(kind, name, valid)))

    def get(self, tag: str) -> "Node | None":
        """The first child of a kind, None where there is none."""
        return next((child for child in self.children if child.tag == tag), None)

    def need(self, tag: str) -> "Node":
        """The first child of a kind, which must be there."""
        child = self.get(tag)
        if child is None:
            raise self.error(f"there is no <{tag}>.")
        return child

    def parts(self, tag: str) -> list["Node"]:
        """The elements within the first child of a kind; none where there is no such child."""
        child = self.get(tag)
        return child.children if child else []

    def objects(self, tag: str) -> list["Node"]:
        """Elements of a set: the children of ``<tag><objects>``; none where there is no such set."""
        child = self.get(tag)
        return child.parts("objects") if child else []

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
        if child and not text and default is None:
            raise child.error("is empty.")
        return text or (default or "")

    def numbers(self, tag: str, count: int, default: Any = None) -> np.ndarray:
        """Finite numbers of a child, ``(count,)``, as many; without a default, one or all, it must be there."""
        child = self.need(tag) if default is None else self.get(tag)
        if child is None:
            return np.full(count, default, dtype=float)
        try:
            values = np.array([float(word) for word in child.text.split()])
        except ValueError:
            values = np.array([np.nan])
        if len(values) != count or not (np.abs(values) < LARGEST).all():
            wanted = "a number" if count == 1 else f"{count} numbers"
            raise child.error(f"must be {wanted} below {LARGEST:g}, not '{child.text.strip()[:80]}'.")
        return values

    def number(self, tag: str, default: float | None = None) -> float:
        """One finite number of a child; without a default it must be there."""
        return float(self.numbers(tag, 1, default)[0])

    def flag(self, tag: str, default: bool) -> bool:
        """True or false of a child."""
        text = self.string(tag, str(default)).lower()
        if text not in ("true", "false", "1", "0"):
            raise self.need(tag).error(f"must be true or false, not '{text[:80]}'.")
        return text in ("true", "1")


def read_document(path: Path, encoding: str | None = None) -> Node:
    """The root element of an XML file; ``encoding``: the only one it may have, None for the one that it declares.

    Raises:
        ModelError: if the file is missing, too large, broken, or declares a document type (and so could hold entities).
    """
    content = read_bytes(path, MAX_MODEL_BYTES, ModelError)
    parser = expat.ParserCreate(encoding)
    document = Node(path, "", "", 0, "", {})
    inside: list[tuple[Node, list[str]]] = [(document, [])]  # elements that have not ended, with pieces of their text

    def refuse(what: str) -> NoReturn:
        raise ModelError(f"{path}, line {parser.CurrentLineNumber}: {what}")

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(inside) > _MAX_DEPTH:
            refuse(f"elements within elements, more than {_MAX_DEPTH} deep.")
        name, (parent, _) = attributes.get("name", ""), inside[-1]
        here = f"{tag}[{name}]" if name and not tag.endswith("Set") else tag
        is_top = parent.tag in ("", "OpenSimDocument")  # paths begin at the model
        place = here if is_top else f"{parent.place.removesuffix('/objects')}/{here}"
        parent.children.append(Node(path, tag, name, parser.CurrentLineNumber, place, attributes, lost=document.lost))
        inside.append((parent.children[-1], []))

    def end(_: str) -> None:
        node, pieces = inside.pop()
        node.text = "".join(pieces)

    parser.StartDoctypeDeclHandler = lambda *_: refuse(
        "declares a DOCTYPE. A model needs none, and entities in one could read other files or fill the memory; remove "
        "it."
    )
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = lambda text: inside[-1][1].append(text)
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        cause = expat.ErrorString(error.code)
        raise ModelError(f"{path}, line {error.lineno}: not a whole XML file ({cause}).") from error
    except (ValueError, LookupError) as error:
        raise ModelError(f"{path}: cannot be decoded as XML ({error}).") from error
    return document.children[0]  # expat refuses a document without elements
