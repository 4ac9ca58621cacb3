"""What stands in the fenced blocks of the pages: commands, programs, files.

The first word after the fence says what a block is:

- ``sh``: commands, which are run;
- ``python``: a program, which is run;
- ``diff``: a change to the source, which is applied;
- ``text``: what a command prints, or a form; nothing is run;
- anything with ``title="PATH"``: the content of that file, which is written.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
KINDS = ("sh", "python", "diff", "text")

_FENCE = re.compile(r"^```(\S*)[ ]*(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_TITLE = re.compile(r'title="([^"]+)"')
_INLINE = re.compile(r"`(python (?:run|scripts/\w+)\.py[^`]*)`")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        place: page and line, for messages.
        kind: the word after the fence.
        title: the file whose content it is; None if it is not that of a file.
        text: what stands in it.
    """

    place: str
    kind: str
    title: str | None
    text: str

    @property
    def commands(self) -> list[str]:
        """The lines of a shell block, those that go on joined, without comments."""
        joined = self.text.replace("\\\n", " ")
        return [line for line in map(_without_comment, joined.splitlines()) if line]


def page_name(page: Path) -> str:
    """Its path from the root."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        title = _TITLE.search(match[2])
        found.append(Block(f"{page_name(page)}:{line}", match[1], title and title[1], match[3]))
    return found


def inline_commands(page: Path) -> Iterator[str]:
    """Calls of our programs within sentences and tables; forms with [], ... or | are none."""
    outside = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for match in _INLINE.finditer(outside):
        command = " ".join(match[1].split())
        if not re.search(r"\[-|\.\.\.|\|", command):
            yield command


def _without_comment(line: str) -> str:
    return re.sub(r"(^|\s+)#.*$", "", line).strip()
