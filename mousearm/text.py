"""Text for terminals, Markdown and tables: aligned columns, facts, lists that stay short, names that stay names.

A name may come from anywhere: it must not move a terminal's cursor, become a link on a page, or a formula in a
spreadsheet. `printable`, `markdown` and `csv_cell` make it safe for each place, `html.escape` for pages of HTML.
"""

import csv
import io
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

from mousearm import CHECKOUT

TERMINAL = 80
"""Characters of a line that fits into every terminal."""

NO_VALUE = "–"  # cell of a table where a number is missing
_NUMBER = re.compile(r"[-+±–]?$|[-+]?\d")  # how a cell that holds a number begins
# What a terminal obeys instead of showing it: control characters, marks that reverse text, halves of characters.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
# What Markdown and HTML take for more than text. Brackets count where a place follows, underscores at ends of words.
_MARKUP = re.compile(
    r"[`*~]|<(?=[\w/!?])|&(?=[\w#])|\](?=[(\[:])|!(?=\[)|(?<!\w)_|_(?!\w)|:(?=//)|(?<=\bwww)\.", re.IGNORECASE
)
_WORD_BEGINS = re.compile("(?<=[a-z])(?=[A-Z][a-z])")
_SIGNED = re.compile(r"[-+](\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?(inf|nan)", re.IGNORECASE)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet computes
_PLAIN = re.compile(r"(?!(null|true|false|nan|inf)$)[a-z_/][a-z0-9_./:@+~-]*", re.IGNORECASE)  # a text for Hydra
_FACT_WIDTH = 12  # of the names before facts
_WIDEST = 60  # characters up to which cells of a Markdown table widen their column


def printable(text: object) -> str:
    """Text that a terminal shows and does not obey: whatever would move its cursor or reverse lines is written out.

    Line breaks and tabs stay. Text that is printable already stays as it is.
    """
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], str(text))


def is_plain(name: str) -> bool:
    """True if a name is printable and on one line."""
    return printable(name) == name and not {"\n", "\t"} & {*name}


def one_line(text: object) -> str:
    """Text, such as that of an error, on one line, with one space between words."""
    return " ".join(str(text).split())


def markdown(text: object) -> str:
    """Text on one line of Markdown, in a table too, that is nothing but text: no link, picture, emphasis or HTML."""
    line = one_line(printable(text)).replace("\\", "\\\\").replace("|", "\\|")
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", line)


def code_block(text: str, language: str = "") -> str:
    """A block of code of Markdown, which no line of the text can end."""
    fence = "`" * max([3, *(1 + len(run) for run in re.findall("`+", text))])
    return f"{fence}{language}\n{printable(text)}\n{fence}"


def csv_cell(value: Any) -> Any:
    """A cell that a spreadsheet shows and does not compute: text that begins like a formula gets an apostrophe."""
    is_formula = isinstance(value, str) and value.startswith(_FORMULA) and not _SIGNED.fullmatch(value)
    return f"'{value}" if is_formula else value


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of the same keys as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([map(csv_cell, rows[0]), *(map(csv_cell, row.values()) for row in rows)])
    return text.getvalue()


def columns(rows: Sequence[Sequence[str]], right: Collection[int] = (), width: int | None = None) -> list[str]:
    """Rows of as many cells as lines of aligned columns, to the right those with these indices.

    Columns that do not fit into a width, in characters, follow below, after the first one again.
    """
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    parts, room = [[0]], 0
    for i in range(1, len(widths)):
        room = widths[0] if len(parts[-1]) == 1 else room
        if width is not None and room + 2 + widths[i] > width and len(parts[-1]) > 1:
            parts, room = [*parts, [0]], widths[0]
        parts[-1].append(i)
        room += 2 + widths[i]
    lines: list[str] = []
    for part in parts:
        chosen, of = [widths[i] for i in part], [k for k, i in enumerate(part) if i in right]
        below = ["  ".join(_align([row[i] for i in part], chosen, of)).rstrip() for row in rows]
        lines += ["", *below] if lines else below
    return lines


def _align(row: Sequence[str], widths: Sequence[int], right: Collection[int]) -> Iterator[str]:
    for i, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.rjust(width) if i in right else cell.ljust(width)


def wrapped(text: str, first: str = "", below: str = "", width: int = TERMINAL) -> list[str]:
    """A text as lines of a terminal, which begin with ``first`` or ``below``; words, commands and paths stay whole."""
    return wrap(
        text, width, initial_indent=first, subsequent_indent=below, break_long_words=False, break_on_hyphens=False
    )


def facts(values: Mapping[str, object]) -> str:
    """A line per fact: its name, and its value in a column beside it."""
    return "\n".join(f"{name:<{_FACT_WIDTH}} {printable(value)}" for name, value in values.items())


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[int] | None = None) -> str:
    """A table of Markdown, aligned also as plain text; cells are plain text, which cannot spoil it.

    To the right stand the columns with these indices, by default the `numeric_columns`.
    """
    lines = [[markdown(cell) for cell in row] for row in (header, *rows)]
    right = numeric_columns(lines[1:]) if right is None else right
    widths = [max([3, *(len(cell) for cell in cells if len(cell) <= _WIDEST)]) for cells in zip(*lines, strict=True)]
    lines.insert(1, ["-" * (width - 1) + ":" if i in right else "-" * width for i, width in enumerate(widths)])
    return "\n".join(f"| {' | '.join(_align(line, widths, right))} |" for line in lines)


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


def duration(seconds: float) -> str:
    """A time such as ``40 s``, ``5 min`` or ``3 h``."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


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


def shell(*words: object) -> str:
    """A command of Python as it is typed into a shell, such as ``python scripts/view.py 'my run'``.

    Where there is no checkout, it names the module: ``python -m mousearm.scripts.view``.
    """
    program, *rest = map(str, words)
    if program.endswith(".py") and CHECKOUT is None:
        module = "" if program == "run.py" else f".{program.removesuffix('.py').replace('/', '.')}"
        rest, program = [f"mousearm{module}", *rest], "-m"
    return shlex.join(["python", program, *rest])


def override(key: str, text: str) -> str:
    """An override of a configuration key with a text, quoted for Hydra where it must be."""
    return f"{key}={text if _PLAIN.fullmatch(text) else quoted(text)}"


def quoted(text: str) -> str:
    """Quote a text for Hydra's grammar, in which backslashes count as such before a quote only."""
    return "'" + re.sub(r"(\\*)('|$)", lambda found: 2 * found[1] + ("\\'" if found[2] else ""), text) + "'"


def display_name(name: str) -> str:
    """A name of the model as people read it: ``PronatorTeres`` is Pronator teres, ``elbow_flex`` elbow flex."""
    first, *others = _WORD_BEGINS.sub(" ", name.replace("_", " ")).split(" ")
    return " ".join([first, *(word.lower() if word[1:].islower() else word for word in others)])
