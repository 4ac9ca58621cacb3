"""The report as one page that needs no other file."""

import base64
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

from matplotlib.figure import Figure

from mousearm.page import style
from mousearm.quality.figure import joint_figure, trajectory_figures
from mousearm.quality.report import HEADER, JOINT_HEADER, Report
from mousearm.rundir import write_text

_DPI = 170

_CSS = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 1240px; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #e3e3e3; white-space: nowrap; }
.scroll { overflow-x: auto; } img { max-width: 100%; height: auto; display: block; margin: .5rem 0 1.2rem; }
.REFUSED, .REFUSED td { color: #b34700; font-weight: 600; } li { margin: .35rem 0; overflow-wrap: anywhere; }
p.key { color: #555; font-size: 13px; }
"""


def write_page(report: Report, path: Path) -> Path:
    """Write the report with its pictures as one HTML file; returns its path.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, page(report))
    return path


def page(report: Report) -> str:
    """The HTML."""
    good = len(report.checked) - len(report.refused)
    joints = joint_figure(report)
    parts = [
        f"<h1>{escape(report.source)}</h1>",
        f"<p>{good} of {len(report.checked)} reaches can be trained on; the arm: {escape(report.arm.source)}.</p>",
        _table(HEADER, [item.cells() for item in report.checked]),
        "<p class=key>Segments: median ± standard deviation, drift from the first to the last frame. IK: the farthest "
        "that elbow or paw stay from their targets in the best poses of the arm.</p>",
        _list("Refused", [f"{item.name}: {item.refusal}" for item in report.refused]),
        _list("Worth a look", [f"{item.name}: {remark}" for item in report.checked for remark in item.remarks]),
    ]
    figures = trajectory_figures(report.checked)
    if figures:
        parts.append(
            "<h2>Trajectories</h2><p class=key>Coloured: the paw, dark at the start and bright at the end. "
            "Grey: the elbow, and the arm at the start, in the middle and at the end. Positions are relative "
            "to the median shoulder; all panels of a kind have the same scale.</p>"
        )
        parts += [_picture(figure, "reaches from the side, from above, and their speed") for figure in figures]
    if joints is not None:
        parts += ["<h2>Joint ranges</h2>", _picture(joints, "joint ranges"), _table(JOINT_HEADER, report.joint_rows())]
    body = "\n".join(part for part in parts if part)
    title = f"Reaches of {escape(report.source)}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_CSS}</style></head>\n'
        f"<body>\n{body}\n</body></html>\n"
    )


def picture(figure: Figure) -> bytes:
    """A figure as PNG."""
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format="png", dpi=_DPI)
    return buffer.getvalue()


def _picture(figure: Figure, text: str) -> str:
    return f'<img alt="{text}" src="data:image/png;base64,{base64.b64encode(picture(figure)).decode()}">'


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    lines = [
        f'<tr class="{escape(row[-1])}">' + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    ]
    return f'<div class="scroll"><table><tr>{head}</tr>\n' + "\n".join(lines) + "\n</table></div>"


def _list(title: str, lines: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<h2 class="{title.upper()}">{title}</h2><ul>{items}</ul>' if lines else ""
