"""Figures as pages for print: their width, their style, and how they are written."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

_SCREEN_DPI = 200
PRINT_DPI = 300
"""What journals ask of a PNG at the least."""
_WIDTH_MM = 180
_MM_PER_INCH = 25.4
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "figure.titlesize": 9,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.columnspacing": 1.5,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.2,
    "lines.solid_capstyle": "round",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "text.parse_math": False,  # a reach or a joint may have $ in its name
    "pdf.fonttype": 42,  # text stays text
}


def style() -> AbstractContextManager[None]:
    """While active, new figures have the style of the house; text of at least 7 pt."""
    return matplotlib.rc_context(_STYLE)


def new_page(height_mm: float, width_mm: float = _WIDTH_MM) -> Figure:
    """An empty figure, by default of the width of a journal's page, 180 mm; make it within ``style``."""
    return Figure(figsize=(width_mm / _MM_PER_INCH, height_mm / _MM_PER_INCH), layout="constrained")


def write_page(figure: Figure, path: Path, dpi: int = _SCREEN_DPI) -> tuple[Path, Path]:
    """Write a figure as PNG and PDF.

    Args:
        figure: what was drawn.
        path: the files' path without suffix; the folder exists.
        dpi: pixels per inch of the PNG.

    Returns:
        The PNG and the PDF file.
    """
    png, pdf = (path.with_name(path.name + suffix) for suffix in (".png", ".pdf"))
    with style():
        figure.savefig(png, dpi=dpi)
        figure.savefig(pdf)
    return png, pdf
