"""Reports as one HTML page that needs no other file: tables, pictures, lists; for the screen and for print."""

import base64
from collections.abc import Collection, Iterable, Sequence
from html import escape
from pathlib import Path

from mousearm.text import numeric_columns

_LONG = 50  # characters from which on a cell is broken into lines


def document(title: str, parts: Iterable[str]) -> str:
    """The whole page, with its title, plain text, and parts of HTML, one below the other, less empty ones."""
    body = "\n".join(part for part in parts if part)
    style = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>\n{style}</style></head>\n'
        f"<body>\n{body}\n</body></html>\n"
    )


def paragraph(text: str, kind: str = "") -> str:
    """Plain text as a paragraph of a class of the style: ``key`` (small, grey), ``headline`` or none."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], kinds: Sequence[str] = (), name: str = "") -> str:
    """Plain cells as a table; columns of numbers stand to the right, but for the first, which names the rows.

    ``kinds`` are a class for each row, or none; a program finds the table by its ``name``.
    """
    numbers = numeric_columns(rows)
    head = _cells("th", header, numbers)
    classed = zip(rows, kinds or [""] * len(rows), strict=True)
    lines = [f'<tr class="{escape(kind)}">{_cells("td", row, numbers)}</tr>' for row, kind in classed]
    identity, body = f' id="{escape(name)}"' if name else "", "\n".join(lines)
    return f'<div class="scroll"><table{identity}><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _cells(tag: str, row: Sequence[str], numbers: Collection[int]) -> str:
    kinds = ("number" if i in numbers else "long" if len(cell) > _LONG else "" for i, cell in enumerate(row))
    opened = (f'<{tag} class="{kind}">' if kind else f"<{tag}>" for kind in kinds)
    return "".join(f"{begin}{escape(cell)}</{tag}>" for begin, cell in zip(opened, row, strict=True))


def bullets(lines: Iterable[str]) -> str:
    """Plain lines as a list."""
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def warning(lines: Sequence[str]) -> str:
    """Plain lines that a reader must not miss; nothing for none."""
    return f'<div class="warning">{"".join(map(paragraph, lines))}</div>' if lines else ""


def picture(png: bytes, text: str) -> str:
    """A PNG file within the page, and what to say where it cannot be seen."""
    return f'<img alt="{escape(text)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
