"""Tables in text files: their encoding, the separator of their cells, their numbers; and what is no text.

Programs and languages differ: UTF-8 with a mark or without, UTF-16, Latin-1; tabs, semicolons, commas or spaces;
decimal points or commas. A `Sheet` finds these out. What is not text is recognised by its first bytes.
"""

import csv
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mousearm.door import check_file, read_bytes
from mousearm.errors import KinematicsError, MouseArmError, os_errors_as
from mousearm.kinematics.checks import Place

Row = tuple[int, list[str]]  # a line number of the file (the first is 1) and the cells of that line
_LARGEST = 300_000_000  # bytes of a text file: an hour at 150 Hz of 50 points; a few times as much memory is needed
_HEAD, _ANY_SIZE = 4096, 2**62
_SEPARATORS = "\t;,"
_NOT_SEEN = frozenset(("", "na", "n/a", "#n/a", "null", "none", "missing", "nat", "<na>", "-", "--", "."))
_NOT_A_NUMBER = re.compile(r"[+-]?(nan(\(ind\))?|1[.,]#(qnan|ind|inf|snan)\w*)", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
AS_TABLE = (  # what to do with any other file, where it is of a recorded reach
    "Write its positions as CSV: a row per frame, columns frame (or time, in s), paw_x, paw_y, paw_z, elbow_x ... "
    "shoulder_z"
)
_EXCEL = "an Excel file. Save the sheet as 'CSV UTF-8' there, and give that"
_PANDAS = "{as_table}; in Python pandas has DataFrame.to_csv"
_TRACK = "Track its points in 3D first, with DeepLabCut, SLEAP or Anipose, and give what that writes"
_VIDEO = "a film. {from_film}"
_KINDS = (
    (rb"PK\x03\x04.*(\[Content_Types\]|xl/)", _EXCEL),
    (rb"\xd0\xcf\x11\xe0", _EXCEL),
    (rb"PK\x03\x04.*\.npy|\x93NUMPY", "an array of NumPy. {as_table}, with numpy.savetxt or pandas"),
    (rb"PK\x03\x04|\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!", "packed. Unpack it, and give the file in it"),
    (rb"MATLAB 7\.3", "a file of MATLAB. {as_table}, by MATLAB's writetable"),
    (rb"MATLAB 5\.0", "a file of MATLAB. {as_table}, by MATLAB's writetable, or scipy.io.loadmat and pandas"),
    (rb"\x80[\x02-\x05]", f"a pickle of Python, which could run any code and is not opened. {_PANDAS}"),
    (rb"PAR1|ARROW1|FEA1", f"a table of Parquet or Arrow. {_PANDAS}"),
    (rb"CDF[\x01\x02\x05]", "netCDF 3. Save it as netCDF 4: dataset.to_netcdf(path, engine='h5netcdf')"),
    (rb"\x89HDF", "an HDF5 file. Give it with the suffix .h5"),
    (rb"[\x02-\x20]\x50", "a C3D file, by its first bytes. Give it with the suffix .c3d"),
    (rb"....ftyp|RIFF....AVI|\x1aE\xdf\xa3|\x00\x00\x01\xba|....moov|....mdat", _VIDEO),
    (rb"\xff\xd8\xff|\x89PNG|GIF8|II\*|MM\x00\*", _VIDEO.replace("a film", "a picture")),
    (rb"%PDF|SQLite format 3|\s*[{<]|\s*\[[\[{]", "a document or a database, no table. {as_table}"),
    (rb"\W*Format Version,", "text of Motive. Export C3D there (File > Export Tracking Data), and give that"),
    (rb"\W*Trajectories\s", "text of Vicon Nexus. Export C3D there (File > Export), or give the trial's own .c3d file"),
    (rb"\W*NO_OF_FRAMES", "text of Qualisys Track Manager. Export C3D there (File > Export), and give that"),
    (rb"\W*Number of frames,", "text of NDI First Principles. Export C3D there (File > Export), and give that"),
)


def refuse_other(
    path: Path,
    content: bytes,
    expected: str = "",
    as_table: str = AS_TABLE,
    error: type[MouseArmError] = KinematicsError,
) -> None:
    """Refuse a file whose contents are of another known kind, or where they ought to be ``expected``, and say how.

    ``as_table`` is what to do where no program saves it as it should be.
    """
    kind = next((kind for start, kind in _KINDS if re.match(start, content[:_HEAD], re.DOTALL)), "")
    if kind or expected:
        told = kind or f"not {expected}. {{as_table}}"
        told = told.replace("{from_film}", _TRACK if as_table == AS_TABLE else as_table)
        raise error(f"{path}: is {told.replace('{as_table}', as_table)}.")


def read_head(path: Path) -> bytes:
    """Read the first bytes of a file of any size; KinematicsError if it is no regular one, or cannot be read."""
    check_file(path, _ANY_SIZE, KinematicsError)
    with os_errors_as(KinematicsError, path, "read"), path.open("rb") as file:
        return file.read(_HEAD)


def read_decoded(path: Path, most: int, as_table: str = AS_TABLE, error: type[MouseArmError] = KinematicsError) -> str:
    """Read a text file of at most so many bytes in any usual encoding; an error if it is none or unreadable.

    ``as_table`` is what to do with a file of another kind.
    """
    content = read_bytes(path, most, error)
    refuse_other(path, content, "", as_table, error)
    text = _decoded(content)
    if text is None:
        raise error(f"{path}: is no text, and of no kind that is known here. {as_table}.")
    return text


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Lines of a text file that are split into cells."""

    path: Path
    lines: Sequence[str]  # without line breaks; none that is blank at the end
    separator: str  # between cells; empty for spaces

    @classmethod
    def read(cls, path: Path, as_table: str = AS_TABLE) -> "Sheet":
        """Read a text file in any usual encoding; KinematicsError if it is no text, empty, cut off or unreadable.

        ``as_table`` is what to do with a file of another kind.
        """
        lines = re.split(r"\r*\n|\r", read_decoded(path, _LARGEST, as_table))
        ended = not lines[-1]
        while lines and not lines[-1].strip(" \t,;"):
            lines.pop()
        if not lines:
            raise KinematicsError(f"{path}: is empty. Export the recording again, or leave this file out.")
        said = re.fullmatch(r"\"?sep=(.)\"?", lines[0].strip(" "), re.IGNORECASE)  # the way to tell Excel
        if said:
            lines[0] = ""
        sheet = cls(path, lines, said[1] if said else _separator(lines))
        ends = [len((sheet.cells(index) or [""])[-1]) for index in range(max(0, len(lines) - 30), len(lines))]
        if not ended and len(ends) > 3 and ends[-1] < min(ends[2:-1]):
            what = "its last cell is shorter than those above, and no line break follows"
            remedy = "Remove the row or, if it is whole, add a line break."
            raise Place(str(path), [len(lines)]).error(f"may be cut off: {what}. {remedy}", 0)
        return sheet

    def cells(self, index: int) -> list[str]:
        """Cells of a line, without outer spaces."""
        line = self.lines[index]
        if not self.separator:
            return [cell.strip('"') for cell in line.split()]
        if '"' not in line:
            return [cell.strip() for cell in line.split(self.separator)]
        try:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=self.separator))]
        except csv.Error as error:
            place = Place(str(self.path), [index + 1])
            raise place.error(f"has cells that cannot be told apart ({error}).", 0) from error

    def rows(self, first: int = 0) -> Iterator[Row]:
        """Number of each line in the file, the first is 1, and its cells; from an index on."""
        return ((index + 1, self.cells(index)) for index in range(first, len(self.lines)))

    def split_at(self, index: int) -> "Sheet":
        """The same, but separated as the line of an index is."""
        return Sheet(self.path, self.lines, _separator(self.lines[index:]))


def _decoded(content: bytes) -> str | None:
    """Text; None where it is none."""
    head = content[:_HEAD]
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if head[1::2].count(0) > len(head) // 4 or head[::2].count(0) > len(head) // 4:
        text = content.decode("utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be", "replace")
        return None if "\0" in text else text  # numbers as bytes, or what a copy that was broken off has left
    if _CONTROL.search(head):
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:  # of Western Windows, which nearly is Latin-1; numbers are the same in all of them
        return content.decode("cp1252", errors="replace")


def _separator(lines: Sequence[str]) -> str:
    """Separator that stands in a line in the middle, and in one of words, where a comma is no decimal comma."""
    middle = next(filter(None, map(str.strip, lines[len(lines) // 2 :])), "")
    words = [line.strip() for line in lines[:20] if re.search("[A-Za-z]", line)] or [middle]
    return next((mark for mark in _SEPARATORS if mark in middle and any(mark in line for line in words)), "")


def parse_number(cell: str) -> float | None:
    """Parse the number in a cell, None if it is not one; an underscore, which Python allows, is a typing error here."""
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def to_number(cell: str) -> float | None:
    """Number of a cell with a decimal point or comma; NaN of one that says that there is none; None of other text."""
    number = parse_number(cell)
    if number is None and cell.count(",") == 1 and "." not in cell:
        number = parse_number(cell.replace(",", "."))
    if number is None and "\N{MINUS SIGN}" in cell:
        number = to_number(cell.replace("\N{MINUS SIGN}", "-"))
    if number is None and (cell.lower() in _NOT_SEEN or _NOT_A_NUMBER.fullmatch(cell)):
        return float("nan")
    return number


class NumberTable:
    """Numbers in the wanted columns of the rows below a header; blank rows are left out.

    Refused are no row, a row with more or fewer cells than the header (but empty ones at the end), and a cell that is
    not a number, by row and column.
    """

    def __init__(self, path: Path, rows: Iterable[Row], header: Sequence[str], wanted: Iterable[int]):
        self._columns = sorted(set(wanted))
        self.lines: list[int] = []  # number of each row in the file
        self.place = Place(str(path), self.lines)
        width = len(header)
        while width and not header[width - 1] and width - 1 not in self._columns:
            width -= 1
        values = array("d")
        for line, cells in rows:
            if not any(cells) and len(cells) < width:
                continue
            self.lines.append(line)
            if len(cells) < width or any(cells[width:]):
                hint = (
                    "Are decimal commas and the separator the same? Export it with decimal points, or with semicolons."
                    if len(cells) >= 2 * width - 1 > 1
                    else "Is the file cut off, or has it lost empty cells? Export it again, or write NaN in them."
                )
                raise self.place.error(f"has {len(cells)} columns instead of the {width} of the header. {hint}", -1)
            for column in self._columns:
                number = to_number(cells[column])
                if number is None:
                    what = "is not a number. Write a decimal number, or leave the cell empty where there is none."
                    raise self.place.error(f"'{cells[column]}' {what}", -1, header[column])
                values.append(number)
        if not self.lines:
            raise self.place.error("has a header but no rows below it. Export the recording again.")
        self._values = np.array(values).reshape(len(self.lines), len(self._columns))

    def numbers(self, column: int) -> np.ndarray:
        """Numbers of one column, (T,); NaN where a cell is empty or says NaN."""
        return self._values[:, self._columns.index(column)]
