"""Text for terminals and Markdown: aligned columns, tables, facts, lists that stay short."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

NO_VALUE = "–"
"""Cell of a table where a number is missing."""

_NUMBER = re.compile(r"[-+±–]?$|[-+]?\d")  # how a cell that holds a number begins
_FACT_WIDTH = 12  # of the names before facts
_WIDEST = 60  # characters up to which cells of a Markdown table widen their column


def columns(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Rows of cells as lines of aligned columns.

    Args:
        rows: cells, as many in each row.
        right: indices of the columns that are aligned to the right.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_align(row, widths, right)).rstrip() for row in rows]


def _align(row: Sequence[str], widths: Sequence[int], right: Collection[int]) -> Iterator[str]:
    for i, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.rjust(width) if i in right else cell.ljust(width)


def facts(values: Mapping[str, object]) -> str:
    """A line per fact: its name, and its value in a column beside it."""
    return "\n".join(f"{name:<{_FACT_WIDTH}} {value}" for name, value in values.items())


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[int] | None = None) -> str:
    """A table of Markdown, aligned also as plain text.

    Args:
        header: a cell per column.
        rows: cells; ``|``, backslashes and line breaks in them cannot spoil the table.
        right: indices of the columns that are aligned to the right; None for those of ``numeric_columns``.
    """
    lines = [[_table_cell(cell) for cell in row] for row in (header, *rows)]
    right = numeric_columns(lines[1:]) if right is None else right
    widths = [max([3, *(len(cell) for cell in cells if len(cell) <= _WIDEST)]) for cells in zip(*lines, strict=True)]
    lines.insert(1, ["-" * (width - 1) + ":" if i in right else "-" * width for i, width in enumerate(widths)])
    return "\n".join(f"| {' | '.join(_align(line, widths, right))} |" for line in lines)


def _table_cell(cell: str) -> str:
    return " ".join(cell.split()).replace("\\", "\\\\").replace("|", "\\|")


def numeric_columns(rows: Sequence[Sequence[str]]) -> set[int]:
    """Indices of the columns of which every cell is a number or empty; never the first, which names the rows."""
    transposed = list(zip(*rows, strict=True))
    return {i for i, column in enumerate(transposed) if i > 0 and all(map(_NUMBER.match, column))}


def number(value: float | None, form: str) -> str:
    """A number in a format such as ``.3f``; `NO_VALUE` for None and NaN."""
    return NO_VALUE if value is None or value != value else format(value, form)


def plural(n: int, one: str, many: str = "") -> str:
    """A number and what it counts: ``1 reach``, ``2 reaches``; without ``many`` the plural has an s."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def listed(names: Sequence[str], most: int) -> str:
    """Names with commas; of more than ``most`` the first ones and how many follow."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def first_lines(lines: Sequence[str], most: int) -> list[str]:
    """The first lines, at most ``most``, and how many follow."""
    return [*lines[:most], *([f"and {len(lines) - most} more"] if len(lines) > most else [])]


def shortened(name: str, longest: int) -> str:
    """The end of a name that is too long, after an ellipsis."""
    return name if len(name) <= longest else f"…{name[1 - longest :]}"


def display_name(name: str) -> str:
    """A name of the model as figures show it: without underscores."""
    return name.replace("_", " ")
