"""Documents in sections: written once, shown as one page of HTML that needs no other file, and as Markdown.

The page is for the screen and for print. Text is plain everywhere, and is escaped for each of the two.
"""

import base64
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from mousearm.files import make_folder, write_text
from mousearm.plots import PRINT_DPI, as_png, write_figure
from mousearm.text import TERMINAL, as_csv, columns, markdown, markdown_table, numeric_columns, wrapped

Cells = tuple[Sequence[str], Sequence[Sequence[str]]]  # header and rows of a table for people

_LONG = 50  # characters from which on a cell of a page is broken into lines


class Block(NamedTuple):
    """A part of a document: makes it as HTML; as Markdown, empty for what only a page of HTML can show."""

    html: Callable[[], str]
    markdown: str = ""
    figures: Mapping[str, Callable[[], Figure]] = {}  # that are files, too, by their name


class Section(NamedTuple):
    """A heading, empty for the first section, and what stands below it."""

    heading: str
    blocks: Sequence[Block]

    def markdown(self) -> str:
        """All that Markdown can show of it, without the heading; may be empty."""
        return "\n\n".join(block.markdown for block in self.blocks if block.markdown)


def text_block(text: str, kind: str = "") -> Block:
    """Text of a class of the style: ``key`` (small, grey), ``headline`` or none."""
    return Block(lambda: paragraph(text, kind), markdown(text))


def warning_block(lines: Sequence[str]) -> Block:
    """Lines that a reader must not miss; nothing for none."""
    box = f'<div class="warning">{"".join(map(paragraph, lines))}</div>' if lines else ""
    return Block(lambda: box, "\n\n".join(f"**{markdown(line)}**" for line in lines))


def list_block(lines: Sequence[str]) -> Block:
    """Lines as a list; nothing for none."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return Block(lambda: f"<ul>{items}</ul>" if lines else "", "\n".join(f"- {markdown(line)}" for line in lines))


def table_block(cells: Cells, name: str = "", kinds: Sequence[str] = ()) -> Block:
    """A table, which a program finds by its name; ``kinds`` are a class of the style for each row, or none."""
    return Block(lambda: _table(*cells, kinds, name), markdown_table(*cells))


def picture_block(draw: Callable[[], Figure], text: str, caption: str = "", name: str = "") -> Block:
    """A figure with its alternative text and a caption; drawn once, when needed; with a name it is a file, too."""
    once = cache(draw)
    below = "\n" + paragraph(caption, "key") if caption else ""
    return Block(lambda: picture(as_png(once()), text) + below, figures={name: once} if name else {})


def paragraph(text: str, kind: str = "") -> str:
    """HTML of a `text_block`."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def picture(png: bytes, text: str) -> str:
    """HTML of the content of a PNG file, within the page, and what to say where it cannot be seen."""
    return f'<img alt="{escape(text)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], kinds: Sequence[str], name: str) -> str:
    """Columns of numbers stand to the right, but for the first, which names the rows."""
    numbers = numeric_columns(rows)
    head = _cells("th", header, numbers)
    classed = zip(rows, kinds or [""] * len(rows), strict=True)
    body = "\n".join(f'<tr class="{escape(kind)}">{_cells("td", row, numbers)}</tr>' for row, kind in classed)
    identity = f' id="{escape(name)}"' if name else ""
    return f'<div class="scroll"><table{identity}><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def _cells(tag: str, row: Sequence[str], numbers: Collection[int]) -> str:
    kinds = ("number" if i in numbers else "long" if len(cell) > _LONG else "" for i, cell in enumerate(row))
    opened = (f'<{tag} class="{kind}">' if kind else f"<{tag}>" for kind in kinds)
    return "".join(f"{begin}{escape(cell)}</{tag}>" for begin, cell in zip(opened, row, strict=True))


def as_html(title: str, source: str, sections: Iterable[Section]) -> str:
    """The document as one page, with where it is from below its title."""
    parts = [f"<h1>{escape(title)}</h1>", paragraph(source, "key")]
    for section in sections:
        parts += [f"<h2>{escape(section.heading)}</h2>"] if section.heading else []
        parts += [block.html() for block in section.blocks]
    body = "\n".join(part for part in parts if part)
    style = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>\n{style}</style></head>\n'
        f"<body>\n{body}\n</body></html>\n"
    )


def write_page(path: Path, title: str, source: str, sections: Iterable[Section]) -> Path:
    """Write a document as a page alone, into a folder that is made; its path. OutputError if it cannot be written."""
    make_folder(path.parent)
    write_text(path, as_html(title, source, sections))
    return path


def as_markdown(title: str, sections: Iterable[Section]) -> str:
    """The document without its pictures."""
    parts = [f"# {markdown(title)}"]
    for section in sections:
        if text := section.markdown():
            parts += [f"## {markdown(section.heading)}", text] if section.heading else [text]
    return "\n\n".join(parts) + "\n"


class Document(NamedTuple):
    """A document with its files: a page and Markdown of its name, figures for print, and tables for programs."""

    name: str  # of the files, without a suffix
    title: str
    source: str  # where it is from
    sections: Sequence[Section]
    tables: Mapping[str, Sequence[Mapping[str, Any]]] = {}  # rows by the name of their file, which ends with .csv
    others: Mapping[str, str] = {}  # text of further files by their name

    def write(self, folder: Path) -> Path:
        """Write all of it, but for tables without a row; returns the page, or raises OutputError."""
        make_folder(folder)
        files = {f"{name}.csv": as_csv(rows) for name, rows in self.tables.items() if rows} | dict(self.others)
        files[f"{self.name}.md"] = as_markdown(self.title, self.sections)
        for name, text in files.items():
            write_text(folder / name, text)
        page = write_page(folder / f"{self.name}.html", self.title, self.source, self.sections)
        for name, draw in (item for part in self.sections for block in part.blocks for item in block.figures.items()):
            write_figure(draw(), folder / name, PRINT_DPI)
        return page


def terminal_table(cells: Cells, right: Collection[int] = ()) -> list[str]:
    """Lines of a table for a terminal, as of `mousearm.text.columns`, and an empty one."""
    return [*columns([cells[0], *cells[1]], right, TERMINAL), ""]


def terminal_lines(lines: Iterable[str]) -> list[str]:
    """Sentences, each broken where the terminal ends."""
    return ["\n".join(wrapped(line)) for line in lines]
