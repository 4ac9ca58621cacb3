"""Documents in sections: written once, shown as one page of HTML that needs no other file, and as Markdown."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from mousearm import html
from mousearm.files import make_folder, write_text
from mousearm.plots import PRINT_DPI, as_png, write_figure
from mousearm.text import TERMINAL, as_csv, columns, markdown, markdown_table, wrapped

Cells = tuple[list[str], list[list[str]]]  # header and rows of a table for people


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
    """Plain text, of a class of the style as of `html.paragraph`."""
    return Block(lambda: html.paragraph(text, kind), markdown(text))


def warning_block(lines: Sequence[str]) -> Block:
    """Plain lines that a reader must not miss; nothing for none."""
    return Block(lambda: html.warning(lines), "\n\n".join(f"**{markdown(line)}**" for line in lines))


def table_block(cells: Cells, name: str, kinds: Sequence[str] = ()) -> Block:
    """A table, which a program finds by its name; ``kinds`` are a class for each row, or none."""
    header, rows = cells
    return Block(lambda: html.table(header, rows, kinds, name), markdown_table(header, rows))


def picture_block(draw: Callable[[], Figure], text: str, caption: str, name: str = "") -> Block:
    """A figure with its alternative text and a caption; drawn once, when needed; with a name it is a file, too."""
    once = cache(draw)
    files = {name: once} if name else {}
    return Block(lambda: html.picture(as_png(once()), text) + "\n" + html.paragraph(caption, "key"), figures=files)


def as_html(title: str, source: str, sections: Iterable[Section]) -> str:
    """The document as one page, with where it is from below its title."""
    parts = [f"<h1>{escape(title)}</h1>", html.paragraph(source, "key")]
    for section in sections:
        parts += [f"<h2>{escape(section.heading)}</h2>"] if section.heading else []
        parts += [block.html() for block in section.blocks]
    return html.document(title, parts)


def as_markdown(title: str, sections: Iterable[Section]) -> str:
    """The document without its pictures."""
    parts = [f"# {markdown(title)}"]
    for section in sections:
        if text := section.markdown():
            parts += [f"## {section.heading}", text] if section.heading else [text]
    return "\n\n".join(parts) + "\n"


class Document(NamedTuple):
    """A document with its files: a page and Markdown of its name, figures for print, and tables for programs."""

    name: str  # of the files, without a suffix
    title: str
    source: str  # where it is from
    sections: Sequence[Section]
    tables: Mapping[str, Sequence[Mapping[str, Any]]]  # rows by the name of their file, which ends with .csv
    others: Mapping[str, str] = {}  # text of further files by their name

    def write(self, folder: Path) -> Path:
        """Write all of it, but for tables without a row; returns the page, or raises OutputError."""
        make_folder(folder)
        files = {f"{name}.csv": as_csv(rows) for name, rows in self.tables.items() if rows} | dict(self.others)
        files[f"{self.name}.md"] = as_markdown(self.title, self.sections)
        files[f"{self.name}.html"] = as_html(self.title, self.source, self.sections)
        for name, text in files.items():
            write_text(folder / name, text)
        for name, draw in (item for part in self.sections for block in part.blocks for item in block.figures.items()):
            write_figure(draw(), folder / name, PRINT_DPI)
        return folder / f"{self.name}.html"


def terminal_table(cells: Cells, right: Collection[int] = ()) -> list[str]:
    """Lines of a table for a terminal, as of `mousearm.text.columns`, and an empty one."""
    return [*columns([cells[0], *cells[1]], right, TERMINAL), ""]


def terminal_lines(lines: Iterable[str]) -> list[str]:
    """Sentences, each broken where the terminal ends."""
    return ["\n".join(wrapped(line)) for line in lines]
