"""Reports as one HTML page that needs no other file: tables, pictures, lists; for the screen and for print."""

import base64
from collections.abc import Collection, Iterable, Sequence
from html import escape

from mousearm.text import numeric_columns

_LONG = 50  # characters from which on a cell is broken into lines

_CSS = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 1220px; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin-bottom: .2rem; }
h2 { font-size: 1.2rem; margin-top: 2.4rem; padding-top: .6rem; border-top: 1px solid #cfcfcf; }
h3 { font-size: 1rem; margin: 1.4rem 0 .2rem; }
p, ul { max-width: 80ch; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; margin: .6rem 0; }
th, td { text-align: left; padding: .3rem 1rem .3rem 0; border-bottom: 1px solid #e3e3e3; white-space: nowrap; }
th { color: #555; font-weight: 600; white-space: normal; border-bottom: 1px solid #888; vertical-align: bottom; }
th.number, td.number { text-align: right; } td.long { white-space: normal; min-width: 30ch; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } img { max-width: min(100%, 960px); height: auto; display: block; margin: .5rem 0 1.2rem; }
li { margin: .35rem 0; overflow-wrap: anywhere; }
pre { background: #f5f5f5; padding: .6rem .8rem; font-size: 12.5px; white-space: pre-wrap; overflow-wrap: anywhere; }
.REFUSED, .REFUSED td { color: #b34700; font-weight: 600; }
.best td { font-weight: 600; background: #eef5fa; }
.key { color: #555; font-size: 13px; } .headline { font-size: 1.15rem; margin: 1rem 0; }
.warning { border-left: 4px solid #d55e00; background: #fdf3ec; padding: .5rem .9rem; margin: 1rem 0; }
.warning p { margin: .25rem 0; max-width: none; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.5rem; } figure { margin: 0; }
figure:focus { grid-column: 1 / -1; outline: none; } figure:focus > img { max-width: 100%; }
figure:not(:focus) > img { cursor: zoom-in; }
figcaption { font-size: 13px; }
@media print {
  @page { margin: 14mm; } body { margin: 0; max-width: none; font-size: 10pt; } .screen { display: none; }
  .scroll { overflow: visible; } table { font-size: 8pt; } th, td { padding-right: .7rem; white-space: normal; }
  tr, img, figure, pre { break-inside: avoid; } h1, h2, h3, .key { break-after: avoid; }
}
"""


def document(title: str, parts: Iterable[str]) -> str:
    """The whole page.

    Args:
        title: plain text.
        parts: HTML, one below the other; empty ones are left out.
    """
    body = "\n".join(part for part in parts if part)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_CSS}</style></head>\n'
        f"<body>\n{body}\n</body></html>\n"
    )


def paragraph(text: str, kind: str = "") -> str:
    """Plain text as a paragraph of a class of the style: ``key`` (small, grey), ``headline`` or none."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(header: Sequence[str], rows: Sequence[Sequence[str]], kinds: Sequence[str] = (), name: str = "") -> str:
    """Plain cells as a table; columns of numbers stand to the right, but for the first, which names the rows.

    Args:
        header: a cell per column.
        rows: cells.
        kinds: a class for each row, or nothing.
        name: by which a program finds the table.
    """
    numbers = numeric_columns(rows)
    head = _cells("th", header, numbers)
    lines = [
        f'<tr class="{escape(kind)}">{_cells("td", row, numbers)}</tr>'
        for row, kind in zip(rows, kinds or [""] * len(rows), strict=True)
    ]
    identity = f' id="{escape(name)}"' if name else ""
    return (
        f'<div class="scroll"><table{identity}><thead><tr>{head}</tr></thead>\n<tbody>'
        + "\n".join(lines)
        + "</tbody></table></div>"
    )


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
