"""MATLAB's files of version 5 to 7.3, read as plain data.

Only numbers, texts, cells and structures are read, within the bounds of the file: the reader of scipy ends the whole
program on some damaged files. The layout up to version 7 is that of MathWorks' "MAT-File Format" (Level 5): elements
with a tag of 8 bytes (or of 4, small ones), each padded to 8; an array is one of flags, sizes, name and contents.
Version 7.3 is HDF5: axes are reversed, cells hold references, and attributes say the class.
"""

import math
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mousearm.door import check_file, open_hdf5, read_bytes
from mousearm.errors import MouseArmError, os_errors_as

if TYPE_CHECKING:
    import h5py

_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXTS = {16: "utf-8", 17: "utf-16", 18: "utf-32"}
_ARRAY, _COMPRESSED = 14, 15
_CELL, _STRUCT, _TEXT, _OPAQUE = 1, 2, 4, 17
_NUMBERS = range(6, 16)
_NUMERIC = ("double", "single", "logical", *(f"{sign}int{n}" for sign in ("", "u") for n in (8, 16, 32, 64)))
_DEEPEST = 16
_HEADER = 128
_LEAST_BYTES = 64  # that a value of a cell counts, however small


class CellArray(list[Any]):
    """Values of a cell, column by column."""

    def __init__(self, values: Sequence[Any], shape: tuple[int, ...]):
        super().__init__(values)
        self.shape = shape


class OpaqueError(ValueError):
    """An object of MATLAB's own, such as a table."""


def read_matlab(path: Path, most: int, kind: type[MouseArmError], advice: str = "") -> dict[str, Any]:
    """Variables by name: arrays, texts (or a list of the rows of several), `CellArray`, dicts (structures).

    Raises:
        MouseArmError: of the kind, if the file cannot be read, or is damaged HDF5, which ends with the advice.
        OpaqueError: it holds an object of MATLAB's own.
        ValueError: it is no file of MATLAB, is damaged, or holds more than ``most`` bytes.
    """
    check_file(path, most, kind)
    with os_errors_as(kind, path, "read"), path.open("rb") as file:
        head = file.read(_HEADER)
    if head.startswith((b"MATLAB 7.3", b"\x89HDF")):
        try:
            with open_hdf5(path, most, kind, advice) as hdf5:
                return _Hdf5(hdf5, most).structure(hdf5, 0)
        except _DamagedError as error:
            raise ValueError(str(error)) from error
        except _TableError as error:
            raise OpaqueError from error
    order = {b"IM": "<", b"MI": ">"}.get(head[126:128])
    if order is None:
        raise ValueError("its header is not that of MATLAB's files of version 5 to 7.3")
    return _Level5(order, most).variables(memoryview(read_bytes(path, most, kind))[_HEADER:])


class _DamagedError(MouseArmError):
    """Damage that was found within a file that h5py can read."""


class _TableError(MouseArmError):
    """An object of MATLAB's own in a file that h5py can read."""


class _Element(NamedTuple):
    kind: int
    content: memoryview


class _Level5:
    """Reads elements in an order of bytes, and unpacks at most so many bytes in all."""

    def __init__(self, order: str, most: int):
        self._order, self._most, self._left = order, most, most

    def variables(self, content: memoryview) -> dict[str, Any]:
        """All variables that are data."""
        arrays = (self._array(element.content, 0) for element in self._elements(content) if element.kind == _ARRAY)
        return {name: value for name, value in arrays if name and value is not None}

    def _elements(self, content: memoryview, packed: bool = True) -> Iterator[_Element]:
        """Elements one after the other; packed ones are unpacked, but none within another."""
        at = 0
        while at + 8 <= len(content):
            kind, size = (int(of) for of in np.frombuffer(content[at : at + 8], f"{self._order}u4"))
            if kind >> 16:  # a small one
                kind, size, begin, step = kind & 0xFFFF, kind >> 16, at + 4, 8
            else:
                begin, step = at + 8, 8 + size if kind == _COMPRESSED else 8 + -(-size // 8) * 8
            if begin + size > len(content):
                raise ValueError("it ends within an array")
            element = _Element(kind, content[begin : begin + size])
            if kind == _COMPRESSED and packed:
                yield from self._elements(self._unpacked(element.content), packed=False)
            else:
                yield element
            at += step

    def _unpacked(self, content: memoryview) -> memoryview:
        unpacker = zlib.decompressobj()
        try:
            plain = unpacker.decompress(content, max(self._left, 1))
        except zlib.error as error:
            raise ValueError(f"a packed array is damaged ({error})") from error
        self._left -= len(plain)
        if unpacker.unconsumed_tail:
            raise ValueError(f"it unpacks to more than {self._most / 1e6:.0f} MB")
        return memoryview(plain)

    def _array(self, content: memoryview, depth: int) -> tuple[str, Any]:
        """Name and value of an array; None of a kind that holds no data."""
        if depth > _DEEPEST:
            raise ValueError("structures within structures, too deep")
        parts = self._elements(content, packed=False)
        flags, *_ = self._numbers(next(parts, None))
        kind = int(flags) & 0xFF
        if kind == _OPAQUE:
            raise OpaqueError
        shape = tuple(int(n) for n in self._numbers(next(parts, None)))
        name = bytes(self._numbers(next(parts, None)).astype("u1")).decode("utf-8", "replace")
        if kind in _NUMBERS:
            return name, _shaped(self._numbers(next(parts, None)), shape)
        if kind == _TEXT:
            return name, _rows(self._text(next(parts, None)), shape)
        if kind == _CELL:
            values = [self._array(part.content, depth + 1)[1] for part in parts]
            if len(values) != math.prod(shape):
                raise ValueError(f"a cell of the size {shape} has {len(values)} values")
            return name, CellArray(values, shape)
        if kind == _STRUCT and math.prod(shape) == 1:
            (length,) = self._numbers(next(parts, None))
            names = bytes(self._numbers(next(parts, None)).astype("u1"))
            fields = [names[i : i + length].split(b"\0")[0].decode() for i in range(0, len(names), max(int(length), 1))]
            return name, {key: self._array(of.content, depth + 1)[1] for key, of in zip(fields, parts, strict=False)}
        return name, None

    def _numbers(self, element: _Element | None) -> np.ndarray:
        if element is None or element.kind not in _TYPES:
            raise ValueError("an array lacks its numbers")
        return np.frombuffer(element.content, self._order + _TYPES[element.kind])

    def _text(self, element: _Element | None) -> str:
        if element is not None and element.kind in _TEXTS:
            encoding = _TEXTS[element.kind] + ("" if element.kind == 16 else "-le" if self._order == "<" else "-be")
            return bytes(element.content).decode(encoding, "replace")
        return _letters(self._numbers(element))


class _Hdf5:
    """Reads what objects of a file of version 7.3 hold, at most so many bytes in all."""

    def __init__(self, file: "h5py.File", most: int):
        self._file, self._left = file, most

    def structure(self, group: "h5py.Group", depth: int) -> dict[str, Any]:
        """Values of a group by name."""
        items = [*group.items()]  # see `open_hdf5`
        found = {name: self._value(item, depth + 1) for name, item in items if not name.startswith("#")}
        return {name: value for name, value in found.items() if value is not None}

    def _value(self, item: Any, depth: int) -> Any:
        """Value of an object; None of one that holds no data."""
        import h5py

        if depth > _DEEPEST:
            raise _DamagedError("cells or structures within one another, too deep")
        kind = item.attrs.get("MATLAB_class", b"")
        kind = kind.decode(errors="replace") if isinstance(kind, bytes) else str(kind)
        if isinstance(item, h5py.Group) and kind in ("struct", ""):
            return self.structure(item, depth)
        if kind not in ("cell", "char", *_NUMERIC) or not isinstance(item, h5py.Dataset):
            raise _TableError(kind)
        self._left -= _LEAST_BYTES + item.nbytes
        if self._left < 0:
            raise _DamagedError("it holds more than a session would")
        if "MATLAB_empty" in item.attrs:
            return {"cell": CellArray((), (0, 0)), "char": ""}.get(kind, np.zeros((0, 0)))
        values = np.asarray(item[()])
        if kind == "cell":
            inside = [self._value(self._file[of], depth + 1) for of in values.ravel()]
            return CellArray(inside, values.shape[::-1])
        if values.dtype.kind not in "iufb":
            raise _DamagedError(f"{item.name} lacks its numbers")
        return _rows(_letters(values.ravel()), values.shape[::-1]) if kind == "char" else values.T


def _letters(codes: np.ndarray) -> str:
    if codes.dtype.kind not in "iu" or (len(codes) and not 0 <= int(codes.min()) <= int(codes.max()) < 0x110000):
        raise ValueError("a text has numbers that are no letters")
    return "".join(map(chr, codes.tolist()))


def _shaped(values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if not shape or values.size != math.prod(shape):
        raise ValueError(f"an array of the size {shape} has {values.size} numbers")
    return values.reshape(shape, order="F")


def _rows(text: str, shape: tuple[int, ...]) -> str | list[str]:
    """A text; the rows, without spaces at their ends, of a matrix of letters, which stand column by column."""
    n = shape[0] if len(shape) == 2 else 1
    return text if n < 2 or len(text) != math.prod(shape) else [text[i::n].rstrip() for i in range(n)]
