"""What the figures of a comparison have in common: the look of a group, means with intervals, axes, legend."""

from collections.abc import Sequence
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from mousearm.report.comparison import Comparison
from mousearm.report.groups import Group
from mousearm.report.spread import Spread

# Okabe and Ito's palette without yellow, which is too pale for lines; with more groups other lines and markers follow.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_LINES = ("-", (0, (4, 1.5)), (0, (1, 1)))
_MARKERS = ("o", "s", "^")
_MEAN_SIZE, _INTERVAL_WIDTH = 5, 1.2
MEAN_LINE = 1.8
"""Width of a line of means, pt."""
# Largest over smallest value above which an axis is logarithmic, so that small ones can be told apart.
_LINEAR_SPAN = 20
_TICKS = 5
_LEGEND_ROW_MM, _PER_LEGEND_ROW = 5.0, 5
_LONGEST = 32


def look(comparison: Comparison, group: Group, kind: Literal["line", "marker"]) -> dict[str, Any]:
    """Colour, and line or marker, of a group; the same in every figure."""
    turn, colour = divmod(list(comparison.groups).index(group), len(_COLOURS))
    if kind == "line":
        return {"color": _COLOURS[colour], "linestyle": _LINES[turn % len(_LINES)]}
    return {"color": _COLOURS[colour], "linestyle": "none", "marker": _MARKERS[turn % len(_MARKERS)]}


def draw_mean(axes: Axes, spread: Spread, y: float, own: dict[str, Any]) -> None:
    """A marker of ``look`` at a height, with a line along x where there is an interval."""
    if spread.low is not None and spread.high is not None:
        axes.plot([spread.low, spread.high], [y, y], color=own["color"], linewidth=_INTERVAL_WIDTH)
    axes.plot(spread.mean, y, markersize=_MEAN_SIZE, **own)


def draw_cross(axes: Axes, x: Spread, y: Spread, own: dict[str, Any]) -> None:
    """A marker of ``look`` with its intervals along both axes."""
    draw_mean(axes, x, y.mean, own)
    if y.low is not None and y.high is not None:
        axes.plot([x.mean, x.mean], [y.low, y.high], color=own["color"], linewidth=_INTERVAL_WIDTH)


def spans_magnitudes(values: Sequence[float]) -> bool:
    """Whether values are so far apart that a linear axis would hide the small ones."""
    return bool(values) and min(values) > 0 and max(values) > _LINEAR_SPAN * min(values)


def scale(axes: Axes, which: Literal["x", "y"], values: Sequence[float]) -> None:
    """An axis from 0 on, or logarithmic where the values span orders of magnitude."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    if spans_magnitudes(values):
        axes.set(**{f"{which}scale": "log"})
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter("{x:g}")
    elif values:
        axes.set(**{f"{which}lim": (0, 1.08 * max(values) or 1.0)})
        axes.locator_params(axis=which, nbins=_TICKS)


def name_rows(panels: Sequence[Axes], names: Sequence[str], title: str = "") -> None:
    """Panels side by side with a row for each name, from above; names at the first panel only."""
    for axes in panels:
        axes.set_yticks(range(len(names)), [""] * len(names))
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
    panels[0].set_yticks(range(len(names)), [short(name) for name in names])
    panels[0].set_ylabel(title)


def draw_legend(figure: Figure, comparison: Comparison, kind: Literal["line", "marker"]) -> None:
    """All groups, above the panels."""
    size = {"linewidth": MEAN_LINE} if kind == "line" else {"markersize": _MEAN_SIZE}
    handles = [
        Line2D([], [], label=short(group.label), **size, **look(comparison, group, kind)) for group in comparison.groups
    ]
    columns, title = _PER_LEGEND_ROW, comparison.grouping.title
    figure.legend(handles=handles, loc="outside upper left", ncols=columns, title=title, alignment="left")


def legend_mm(comparison: Comparison) -> float:
    """The height of the legend."""
    return _LEGEND_ROW_MM * (1 + -(-len(comparison.groups) // _PER_LEGEND_ROW))


def short(text: str) -> str:
    """The end of a name that is too long."""
    return text if len(text) <= _LONGEST else f"…{text[1 - _LONGEST :]}"
