"""The report as one page that needs no other file."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from mousearm.files import make_folder, write_text
from mousearm.html import bullets, document, paragraph, picture, table
from mousearm.plots import as_png
from mousearm.reach_check.figure import joint_figure, trajectory_figures
from mousearm.reach_check.report import HEADER, JOINT_HEADER, Report


def write_page(report: Report, path: Path) -> Path:
    """Write the report with its pictures as one HTML file; returns its path.

    Raises:
        OutputError: it cannot be written.
    """
    make_folder(path.parent)
    write_text(path, page(report))
    return path


def page(report: Report) -> str:
    """The HTML."""
    good = len(report.checked) - len(report.refused)
    joints = joint_figure(report)
    rows = [item.cells() for item in report.checked]
    parts = [
        f"<h1>{escape(report.source)}</h1>",
        paragraph(f"{good} of {len(report.checked)} reaches can be trained on; the arm: {report.arm.source}."),
        table(HEADER, rows, kinds=[row[-1] for row in rows]),
        paragraph(
            "Segments: median ± standard deviation, drift from the first to the last frame. IK: the farthest "
            "that elbow or paw stay from their targets in the best poses of the arm.",
            "key",
        ),
        _list("Refused", [f"{item.name}: {item.refusal}" for item in report.refused]),
        _list("Worth a look", [f"{item.name}: {remark}" for item in report.checked for remark in item.remarks]),
    ]
    figures = trajectory_figures(report.checked)
    if figures:
        parts += [
            "<h2>Trajectories</h2>",
            paragraph(
                "Coloured: the paw, dark at the start, bright at the end. Grey: the elbow, and the arm at the start, "
                "in the middle and at the end. Positions are relative to the median shoulder; all panels of a kind "
                "have the same scale.",
                "key",
            ),
        ]
        parts += [picture(as_png(figure), "reaches from the side, from above, and their speed") for figure in figures]
    if joints is not None:
        parts += [
            "<h2>Joint ranges</h2>",
            picture(as_png(joints), "joint ranges"),
            table(JOINT_HEADER, report.joint_rows()),
        ]
    return document(f"Reaches of {report.source}", parts)


def _list(title: str, lines: Sequence[str]) -> str:
    return f'<h2 class="{title.upper()}">{title}</h2>{bullets(lines)}' if lines else ""
