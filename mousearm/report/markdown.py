"""The comparison as Markdown: the page without its pictures."""

from collections.abc import Iterator
from typing import NamedTuple

from mousearm.report.caveats import caveats
from mousearm.report.comparison import Comparison
from mousearm.report.page import checkout, meaning, title, verdict
from mousearm.report.tables import as_markdown, group_cells, key_cells, left_out_cells, run_cells


class Section(NamedTuple):
    """A heading and the Markdown below it."""

    heading: str
    text: str


def as_page_of_markdown(comparison: Comparison) -> str:
    """Everything in one page."""
    parts = [f"# {title(comparison)}", summary(comparison)]
    for section in sections(comparison):
        parts += [f"## {section.heading}", section.text]
    return "\n\n".join(parts) + "\n"


def summary(comparison: Comparison) -> str:
    """Which group has the lowest error, what spoils that, the table of groups, and what its columns are."""
    parts = [
        verdict(comparison),
        *(f"**{line}**" for line in caveats(comparison)),
        as_markdown(*group_cells(comparison)),
        *meaning(comparison),
    ]
    return "\n\n".join(parts)


def sections(comparison: Comparison) -> Iterator[Section]:
    """What differs, the runs, those that are not compared, and how to make them again."""
    keys = as_markdown(*key_cells(comparison)) if comparison.grouping.keys else "Nothing but the seed."
    yield Section("What differs", keys)
    yield Section("Runs", as_markdown(*run_cells(comparison)))
    if comparison.left_out:
        yield Section("Not compared", as_markdown(*left_out_cells(comparison)))
    yield Section("How to make these runs again", "\n".join(["```", *_commands(comparison), "```"]))


def _commands(comparison: Comparison) -> Iterator[str]:
    for commit in dict.fromkeys(run.commit for run in comparison.runs):
        yield from checkout(commit)
        yield from (run.command for run in comparison.runs if run.commit == commit)
