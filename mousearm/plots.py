"""Figures as pages for print: size, style, palette, the axes that figures share, and how they are written.

Only drawing code imports this module, because matplotlib is slow to load.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import LogLocator, NullLocator

from mousearm.files import make_folder, write_bytes

# The colour-blind safe palette of Okabe and Ito, without its yellow, which is too pale for lines; and a grey.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE, GREY = "#0072B2", "#D55E00", "#CC79A7", "#888888"

PALETTE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)  # of series, in the order in which they are used
QUIET_PALETTE = (BLACK, ORANGE, SKY, GREEN, PURPLE, GREY)  # of series beside elbow and paw, blue and vermilion
# Markers of the reaches on either side of the split.
SPLIT_MARKERS: dict[str, dict[str, Any]] = {
    "train": {"color": GREY, "marker": "o", "markerfacecolor": "none"},
    "test": {"color": GREEN, "marker": "D"},
}
PRINT_DPI = 300  # pixels per inch that journals ask of a PNG at the least
_SCREEN_DPI = 200
_WIDTH_MM = 180  # of a journal's page
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


@contextmanager
def page(height_mm: float, title: str = "", width_mm: float = _WIDTH_MM) -> Iterator[Figure]:
    """Draw on an empty figure, by default as wide as a journal's page, in the style of all figures; text is 7 pt."""
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width_mm / 25.4, height_mm / 25.4), layout="constrained")
        FigureCanvasAgg(figure)
        if title:
            figure.suptitle(title, x=0.012, ha="left")
        yield figure


def below_title(figure: Figure) -> SubFigure:
    """The part of a figure below its title, so that a legend above the panels keeps clear of the title."""
    return figure.subfigures(1, 1, squeeze=False)[0, 0]


def sign(figure: Figure, source: str) -> None:
    """Write below a figure whose it is, such as the run and its seed; nothing for nothing."""
    if source:
        figure.supxlabel(source, x=0.995, ha="right", fontsize=7, color="0.4")


def as_png(figure: Figure, dpi: int = _SCREEN_DPI) -> bytes:
    """A figure as the content of a PNG file."""
    return _saved(figure, dpi, "png")[0]


def write_figure(figure: Figure, path: Path, dpi: int = _SCREEN_DPI) -> tuple[Path, Path]:
    """Write a figure of `page` as PNG, with ``dpi`` pixels per inch, and PDF, and return the two files.

    The path is theirs without suffix; the folder is made. OutputError if a file cannot be written.
    """
    make_folder(path.parent)
    png, pdf = (path.with_name(path.name + suffix) for suffix in (".png", ".pdf"))
    for file, content in zip((png, pdf), _saved(figure, dpi, "png", "pdf"), strict=True):
        write_bytes(file, content)
    return png, pdf


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure of `page` as what the suffix says (.png, .svg, .pdf); OutputError if it cannot be written."""
    write_bytes(path, _saved(figure, PRINT_DPI, path.suffix[1:])[0])


def _saved(figure: Figure, dpi: int, *kinds: str) -> list[bytes]:
    """A figure in several formats, laid out once: matplotlib would for each, and draw all once more for that."""
    engine, own_dpi = figure.get_layout_engine(), figure.dpi
    buffers = [io.BytesIO() for _ in kinds]
    with matplotlib.rc_context(_STYLE):
        try:
            figure.dpi = dpi  # in pixels of which text is measured
            if engine is not None:
                engine.execute(figure)
            figure.set_layout_engine(None)
            for kind, buffer in zip(kinds, buffers, strict=True):
                figure.savefig(buffer, format=kind, dpi=dpi)
        finally:
            figure.dpi = own_dpi
            figure.set_layout_engine(engine)
    return [buffer.getvalue() for buffer in buffers]


def spans_magnitudes(values: Sequence[float]) -> bool:
    """True if values are so far apart that a linear axis would hide the small ones."""
    return bool(values) and min(values) > 0 and max(values) > 20 * min(values)


def error_axis(axes: Axes, which: Literal["x", "y"], values: Sequence[float]) -> None:
    """Scale an axis of quantities of at least 0: from 0, or logarithmic where values span orders of magnitude."""
    if spans_magnitudes(values):
        log_axis(axes, which)
    elif values:
        axes.set(**{f"{which}lim": (0, 1.08 * max(values) or 1.0)})
        axes.locator_params(axis=which, nbins=5)


def log_axis(axes: Axes, which: Literal["x", "y"], ticks: Sequence[float] = (1, 2, 5)) -> None:
    """Make an axis logarithmic, with plain numbers at these multiples of the powers of ten."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axes.set(**{f"{which}scale": "log"})
    axis.set_major_locator(LogLocator(subs=ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter("{x:g}")


def name_rows(axes: Axes, names: Sequence[str], margin: float = 0.6) -> None:
    """Name the rows 0, 1, ... of a panel, the first at the top; the margin above and below is in rows."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 1 + margin, -margin)
    axes.tick_params(axis="y", length=0)


def legend_above(axes: Axes, handles: Sequence[Artist]) -> None:
    """Put a legend of one row above a panel, at its right."""
    axes.legend(handles=handles, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(handles), borderaxespad=0)


def draw_coloured(
    axes: Axes, line: np.ndarray, time: np.ndarray, limits: tuple[float, float] | None = None
) -> LineCollection:
    """Draw a line, (T, 2), whose colour runs with time, (T,), dark at the start; the limits of the axes stay.

    ``limits`` are the times of the first and the last colour; None for those of the line itself.
    """
    pieces = np.stack([line[:-1], line[1:]], axis=1)
    collection = LineCollection(list(pieces), array=time[:-1], cmap="viridis", linewidths=1.6, zorder=3, clim=limits)
    axes.add_collection(collection)
    return collection
