"""MATLAB's files of version 5 to 7, read as plain data.

Only numbers, texts, cells and structures are read, within the bounds of the file: the reader of scipy ends the whole
program on some damaged files. The layout is that of MathWorks' "MAT-File Format" (Level 5): elements with a tag of
8 bytes (or of 4, small ones), each padded to 8; an array is an element of flags, sizes, name and contents.
"""

import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mousearm.door import read_bytes
from mousearm.errors import EmgError

_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {16: "utf-8", 17: "utf-16", 18: "utf-32"}
_ARRAY, _COMPRESSED = 14, 15
_CELL, _STRUCT, _TEXT, _OPAQUE = 1, 2, 4, 17
_NUMBERS = range(6, 16)
_DEEPEST = 16


class _Element(NamedTuple):
    kind: int
    content: memoryview


class OpaqueError(ValueError):
    """An object of MATLAB's own, such as a table."""


def read_mat5(path: Path, most: int) -> dict[str, Any]:
    """Variables by name: arrays, texts, lists of texts (cells), dicts (structures).

    Raises:
        EmgError: the file cannot be read.
        OpaqueError: it holds an object of MATLAB's own.
        ValueError: it is damaged, or unpacks to more than ``most`` bytes.
    """
    content = memoryview(read_bytes(path, most, EmgError))
    order = {b"IM": "<", b"MI": ">"}.get(bytes(content[126:128]))
    if order is None:
        raise ValueError("its header says no order of bytes")
    found: dict[str, Any] = {}
    for element in _elements(content[128:], order, most):
        if element.kind == _ARRAY:
            name, value = _array(element.content, order, 0)
            if name and value is not None:
                found[name] = value
    return found


def _elements(content: memoryview, order: str, most: int = 0) -> Iterator[_Element]:
    """Elements one after the other; packed ones are unpacked, to at most ``most`` bytes."""
    at = 0
    while at + 8 <= len(content):
        kind, size = (int(of) for of in np.frombuffer(content[at : at + 8], f"{order}u4"))
        if kind >> 16:  # a small one
            kind, size, begin, step = kind & 0xFFFF, kind >> 16, at + 4, 8
        else:
            begin, step = at + 8, 8 + size if kind == _COMPRESSED else 8 + -(-size // 8) * 8
        if begin + size > len(content):
            raise ValueError("it ends within an array")
        element = _Element(kind, content[begin : begin + size])
        if kind == _COMPRESSED:
            yield from _elements(_unpacked(element.content, most), order)
        else:
            yield element
        at += step


def _unpacked(content: memoryview, most: int) -> memoryview:
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(content, most)
    except zlib.error as error:
        raise ValueError(f"a packed array is damaged ({error})") from error
    if unpacker.unconsumed_tail:
        raise ValueError(f"it unpacks to more than {most / 1e6:.0f} MB")
    return memoryview(plain)


def _array(content: memoryview, order: str, depth: int) -> tuple[str, Any]:
    """Name and value of an array; None of a kind that holds no data."""
    if depth > _DEEPEST:
        raise ValueError("structures within structures, too deep")
    parts = _elements(content, order)
    flags, *_ = _numbers(next(parts, None), order)
    kind = int(flags) & 0xFF
    if kind == _OPAQUE:
        raise OpaqueError
    shape = tuple(int(n) for n in _numbers(next(parts, None), order))
    name = bytes(_numbers(next(parts, None), order).astype("u1")).decode("utf-8", "replace")
    n = math.prod(shape)
    if kind in _NUMBERS:
        return name, _shaped(_numbers(next(parts, None), order), shape)
    if kind == _TEXT:
        return name, _text(next(parts, None), order)
    if kind == _CELL:
        return name, [value for _, value in (_array(part.content, order, depth + 1) for part in parts)]
    if kind == _STRUCT and n == 1:
        (length,) = _numbers(next(parts, None), order)
        names = bytes(_numbers(next(parts, None), order).astype("u1"))
        fields = [names[i : i + length].split(b"\0")[0].decode() for i in range(0, len(names), max(int(length), 1))]
        return name, {key: _array(part.content, order, depth + 1)[1] for key, part in zip(fields, parts, strict=False)}
    return name, None


def _numbers(element: _Element | None, order: str) -> np.ndarray:
    if element is None or element.kind not in _TYPES:
        raise ValueError("an array lacks its numbers")
    return np.frombuffer(element.content, order + _TYPES[element.kind])


def _shaped(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if not shape or values.size != math.prod(shape):
        raise ValueError(f"an array of the size {shape} has {values.size} numbers")
    return values.reshape(shape, order="F")


def _text(element: _Element | None, order: str) -> str:
    if element is not None and element.kind in _TEXTS:
        encoding = _TEXTS[element.kind] + ("" if element.kind == 16 else "-le" if order == "<" else "-be")
        return bytes(element.content).decode(encoding, "replace")
    return "".join(map(chr, _numbers(element, order)))
