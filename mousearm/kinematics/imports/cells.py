"""Text tables: rows of cells become numbers, and what cannot be read is named by row and column."""

from collections.abc import Mapping, Sequence

import numpy as np

from mousearm.kinematics.checks import Place
from mousearm.kinematics.files import Row, parse_number

# Beyond it the whole numbers that a float can hold have gaps.
_LAST_FRAME = 2.0**53


class Cells:
    """The rows of a table below its header.

    Args:
        path: the file, for messages.
        rows: line number and cells; empty cells beyond the header's width are dropped.
        header: the name of every column.

    Raises:
        KinematicsError: there is no row, or a row has more or fewer cells than the header.
    """

    def __init__(self, path: object, rows: Sequence[Row], header: Sequence[str]):
        self.lines = [line for line, _ in rows]
        self.place = Place(str(path), self.lines)
        self._header = header
        self._rows = [_shorten(cells, len(header)) for _, cells in rows]
        if not rows:
            raise self.place.error("has a header but no rows below it. Export the recording again.")
        for index, cells in enumerate(self._rows):
            if len(cells) != len(header):
                raise self.place.error(
                    f"has {len(cells)} columns instead of the {len(header)} of the header. Is the file cut off, or "
                    "was it edited by hand? Export it again.",
                    index,
                )

    def numbers(self, column: int) -> np.ndarray:
        """The numbers of one column, (T,); NaN where a cell is empty or says NaN or infinity.

        Triangulation puts a point at infinity where two cameras see it along parallel rays: it was not seen.

        Raises:
            KinematicsError: a cell holds something else; names its row and column.
        """
        values = np.full(len(self._rows), np.nan)
        for index, cells in enumerate(self._rows):
            if not cells[column]:
                continue
            number = parse_number(cells[column])
            if number is None:
                raise self.place.error(
                    f"'{cells[column]}' is not a number. Write a decimal number, or leave the cell empty where "
                    "the point was not seen.",
                    index,
                    self._header[column],
                )
            values[index] = number
        return np.where(np.isfinite(values), values, np.nan)

    def points(self, columns: Sequence[Mapping[str, int]]) -> tuple[np.ndarray, np.ndarray | None]:
        """Positions (T, P, 3) and likelihoods (T, P) of the points whose columns are given.

        The likelihoods are None unless every point has one.
        """
        positions = np.stack([np.stack([self.numbers(point[axis]) for axis in "xyz"], 1) for point in columns], 1)
        if not all("likelihood" in point for point in columns):
            return positions, None
        return positions, np.stack([self.numbers(point["likelihood"]) for point in columns], 1)


def whole_numbers(values: np.ndarray, column: str, place: Place) -> np.ndarray:
    """Frame numbers as integers.

    Args:
        values: (T,) as they were read.
        column: what they are called in the file.
        place: names the row in errors.

    Raises:
        KinematicsError: a number is missing or is not whole.
    """
    bad = np.flatnonzero(~(np.abs(values) < _LAST_FRAME) | (values != np.round(values)))
    if len(bad):
        raise place.error(f"{values[bad[0]]:g} is not a frame number. Write a whole number.", int(bad[0]), column)
    return values.astype(int)


def _shorten(cells: list[str], width: int) -> list[str]:
    return cells[:width] if not any(cells[width:]) else cells
