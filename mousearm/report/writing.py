"""A comparison as files and as text."""

from pathlib import Path

from mousearm.check.result import columns
from mousearm.report.caveats import caveats
from mousearm.report.comparison import Comparison
from mousearm.report.page import checkout, meaning, page, title, verdict
from mousearm.report.tables import (
    as_csv,
    as_markdown,
    group_cells,
    group_rows,
    key_cells,
    left_out_cells,
    reach_rows,
    run_cells,
    run_rows,
)
from mousearm.rundir import write_text


def write_report(comparison: Comparison, folder: Path) -> Path:
    """Write ``comparison.html``, ``comparison.md``, ``comparison.csv``, ``runs.csv`` and ``reaches.csv``.

    Args:
        comparison: what to tell.
        folder: made where it does not exist.

    Returns:
        The page.

    Raises:
        OSError: if something cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "comparison.html": page(comparison),
        "comparison.md": as_page_of_markdown(comparison),
        "comparison.csv": as_csv(group_rows(comparison)),
        "runs.csv": as_csv(run_rows(comparison)),
        "reaches.csv": as_csv(reach_rows(comparison)),
    }
    for name, text in files.items():
        write_text(folder / name, text)
    return folder / "comparison.html"


def as_text(comparison: Comparison) -> str:
    """The table and what must be known of it, for a terminal."""
    header, rows = group_cells(comparison)
    return "\n".join([*columns([header, *rows]), "", verdict(comparison), *caveats(comparison)])


def as_page_of_markdown(comparison: Comparison) -> str:
    """The page without its pictures."""
    left_out = ["## Not compared", as_markdown(*left_out_cells(comparison))] if comparison.left_out else []
    commands = [
        line for commit in dict.fromkeys(run.commit for run in comparison.runs) for line in _again(comparison, commit)
    ]
    parts = [
        f"# {title(comparison)}",
        verdict(comparison),
        *(f"**{line}**" for line in caveats(comparison)),
        as_markdown(*group_cells(comparison)),
        *meaning(comparison),
        "## What differs",
        as_markdown(*key_cells(comparison)) if comparison.grouping.keys else "Nothing but the seed.",
        "## Runs",
        as_markdown(*run_cells(comparison)),
        *left_out,
        "## How to make these runs again",
        "\n".join(["```", *commands, "```"]),
    ]
    return "\n\n".join(parts) + "\n"


def _again(comparison: Comparison, commit: str) -> list[str]:
    return [*checkout(commit), *(run.command for run in comparison.runs if run.commit == commit)]
