"""A comparison as files and as text."""

from pathlib import Path

from mousearm.files import make_folder, write_text
from mousearm.report.caveats import caveats
from mousearm.report.comparison import Comparison
from mousearm.report.markdown import as_page_of_markdown
from mousearm.report.page import page, verdict
from mousearm.report.tables import as_csv, group_cells, group_rows, reach_rows, run_rows
from mousearm.text import columns


def write_report(comparison: Comparison, folder: Path) -> Path:
    """Write ``comparison.html``, ``comparison.md``, ``comparison.csv``, ``runs.csv`` and ``reaches.csv``.

    Args:
        comparison: what to tell.
        folder: made where it does not exist.

    Returns:
        The page.

    Raises:
        OutputError: if something cannot be written.
    """
    make_folder(folder)
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
