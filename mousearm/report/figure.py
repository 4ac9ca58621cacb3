"""The figures of a comparison; a group has the same colour, line and marker in all of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from mousearm.plots import PALETTE, error_axis, name_rows, page
from mousearm.report.comparison import Comparison
from mousearm.report.groups import Group
from mousearm.report.reading import LearningCurve, Measured
from mousearm.stats import Spread, spread
from mousearm.text import shortened

MOST_REACHES = 24  # are drawn one by one: those with the largest errors
_Reach = tuple[str, str]  # name and split
_LINES, _MARKERS = ("-", (0, (4, 1.5)), (0, (1, 1))), ("o", "s", "^")
_RUN: dict[str, Any] = {"markersize": 3, "alpha": 0.45, "markeredgewidth": 0}
_STANDARD: dict[str, Any] = {"color": "black", "marker": "D", "linestyle": "none", "markersize": 4}  # of a recording
_THIN: dict[str, Any] = {"linewidth": 0.6, "alpha": 0.45}
_MEAN: dict[str, dict[str, Any]] = {"line": {"linewidth": 1.8}, "marker": {"markersize": 5}}
_RUNS_BELOW, _DODGE = 0.28, 0.7  # of a row: from the mean to its runs, and over which groups are spread
_ROW_MM, _PER_LEGEND_ROW = 5.0, 5
_LONGEST_NAME = 32
_MANY_SECONDS = 300  # more than that are given in minutes


def overview_figure(comparison: Comparison) -> Figure:
    """Paw error, elbow error, and effort against paw error: runs, means and their intervals."""
    paw, elbow = comparison.measures[:2]
    groups, standards = comparison.groups, comparison.standards
    with page(max(52.0, 22 + _ROW_MM * (len(groups) + len(standards)))) as figure:
        left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.15))
        for axes, measure, title in ((left, paw, "Paw error"), (middle, elbow, "Elbow error")):
            for y, group in enumerate(groups):
                look, values = look_of(comparison, group, "marker"), [measure.of(run) for run in group.runs]
                if len(values) > 1:
                    axes.plot(values, [y + _RUNS_BELOW] * len(values), **look, **_RUN)
                _draw_mean(axes, comparison.mean(measure, group), y, look)
            for y, one in enumerate(standards, len(groups)):
                axes.plot(measure.of(one), y, **_STANDARD)
            error_axis(axes, "x", [measure.of(one) for one in (*comparison.runs, *standards)])
            axes.set(title=title, xlabel=f"mean error (mm), {comparison.split}")
        _name_rows((left, middle), [*(group.label for group in groups), *(one.name for one in standards)])
        left.set_ylabel(comparison.grouping.title)
        _trade_off(right, comparison)
    return figure


def _trade_off(axes: Axes, comparison: Comparison) -> None:
    paw = comparison.measures[0]
    effort = next(measure for measure in comparison.measures if measure.key == "effort")
    for group in comparison.groups:
        look = look_of(comparison, group, "marker")
        if len(group.runs) > 1:
            axes.plot([effort.of(run) for run in group.runs], [paw.of(run) for run in group.runs], **look, **_RUN)
        x, y = comparison.mean(effort, group), comparison.mean(paw, group)
        _draw_mean(axes, x, y.mean, look)
        if y.kind:
            axes.plot([x.mean, x.mean], [y.low, y.high], color=look["color"])
    for one in comparison.standards:
        axes.plot(effort.of(one), paw.of(one), **_STANDARD)
    error_axis(axes, "x", [effort.of(one) for one in (*comparison.runs, *comparison.standards)])
    error_axis(axes, "y", [paw.of(one) for one in (*comparison.runs, *comparison.standards)])
    axes.set(title="Error against effort", xlabel="effort, mean of (force / peak force)²", ylabel="paw error (mm)")


def curves_figure(comparison: Comparison) -> Figure:
    """Paw error of the evaluations while training, by steps and by the clock: each run thin, means thick."""
    seconds = [value for curve in comparison.curves.values() for value in curve.seconds]
    time, unit = (60.0, "min") if seconds and np.nanmax(seconds) > _MANY_SECONDS else (1.0, "s")
    axes_of: dict[str, Callable[[LearningCurve], np.ndarray]] = {
        "control steps (thousands)": lambda curve: curve.steps / 1e3,
        f"training by the clock ({unit})": lambda curve: curve.seconds / time,
    }
    with _legend_page(66, comparison, "line") as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, (label, x_of) in zip(panels, axes_of.items(), strict=True):
            for group in comparison.groups:
                curves = [comparison.curves[run.name] for run in group.runs]
                _draw_curves(axes, curves, x_of, look_of(comparison, group, "line"))
            axes.set(xlabel=label, xlim=(0, None))
        error_axis(panels[0], "y", [value for curve in comparison.curves.values() for value in curve.paw_mm])
        panels[0].set_ylabel(f"mean paw error (mm), {comparison.split}")
    return figure


def _draw_curves(
    axes: Axes, curves: Sequence[LearningCurve], x_of: Callable[[LearningCurve], np.ndarray], look: dict[str, Any]
) -> None:
    """The runs of a group, and their mean as far as all of them have values."""
    lines = [(x_of(curve), curve.paw_mm) for curve in curves]
    lines = [(x, y) for x, y in lines if len(x) and not np.isnan(x).any()]
    if len(lines) == 1:
        _draw_curve(axes, *lines[0], look)
        return
    for x, y in lines:
        _draw_curve(axes, x, y, look | _THIN)
    if lines:
        grid = np.unique(np.concatenate([x for x, _ in lines]))
        grid = grid[(grid >= max(x[0] for x, _ in lines)) & (grid <= min(x[-1] for x, _ in lines))]
        _draw_curve(axes, grid, np.mean([np.interp(grid, x, y) for x, y in lines], axis=0), look | _MEAN["line"])


def _draw_curve(axes: Axes, x: np.ndarray, y: np.ndarray, look: dict[str, Any]) -> None:
    """A line; a dot where there is one value, as after imitation alone."""
    axes.plot(x, y, **look, **({"marker": "o", "markersize": 4} if len(x) == 1 else {}))


def reaches_figure(comparison: Comparison) -> Figure:
    """Paw and elbow error per reach: means over the runs of each group, with their ranges or intervals."""
    reaches, n = shown_reaches(comparison), len(comparison.groups)
    dodge = np.linspace(-_DODGE / 2, _DODGE / 2, n) if n > 1 else [0.0]
    with _legend_page(20 + max(_ROW_MM, 1.6 * n + 1) * len(reaches), comparison, "marker") as figure:
        panels = figure.subplots(1, 2)
        for axes, point in zip(panels, ("paw", "elbow"), strict=True):
            drawn: list[float] = []
            for group, offset in zip(comparison.groups, dodge, strict=True):
                errors, look = _reach_errors(group.runs, point), look_of(comparison, group, "marker")
                for y, values in ((y, errors[reach]) for y, reach in enumerate(reaches) if reach in errors):
                    _draw_mean(axes, spread(tuple(values)), y + offset, look)
                    drawn += values
            for one in comparison.standards:
                errors = _reach_errors([one], point)
                at = [(errors[reach][0], y) for y, reach in enumerate(reaches) if reach in errors]
                axes.plot(*zip(*at, strict=True), **_STANDARD)
                drawn += [error for error, _ in at]
            error_axis(axes, "x", drawn)
            axes.set(title=f"{point.capitalize()} error", xlabel="mean error (mm)")
            for y in range(1, len(reaches)):
                axes.axhline(y - 0.5, color="0.9", linewidth=0.5, zorder=0)
        _name_rows(panels, [f"{name} ({split})" for name, split in reaches])
    return figure


def shown_reaches(comparison: Comparison) -> list[_Reach]:
    """The reaches that are drawn: the worst first, by the mean paw error of all runs."""
    errors = _reach_errors([run for _, run in comparison.members], "paw")
    return sorted(errors, key=lambda reach: -float(np.mean(errors[reach])))[:MOST_REACHES]


def _reach_errors(runs: Sequence[Measured], point: str) -> dict[_Reach, list[float]]:
    """Mean errors of runs, or recordings, in mm, by reach."""
    errors: dict[_Reach, list[float]] = {}
    for run in runs:
        for reach in run.evaluation.reaches:
            errors.setdefault((reach.name, reach.split), []).append(getattr(reach, f"{point}_mm").mean)
    return errors


def look_of(comparison: Comparison, group: Group, kind: Literal["line", "marker"]) -> dict[str, Any]:
    """Colour, and line or marker, of a group; where colours repeat, lines and markers differ."""
    turn, colour = divmod(list(comparison.groups).index(group), len(PALETTE))
    if kind == "line":
        return {"color": PALETTE[colour], "linestyle": _LINES[turn % len(_LINES)]}
    return {"color": PALETTE[colour], "linestyle": "none", "marker": _MARKERS[turn % len(_MARKERS)]}


def _draw_mean(axes: Axes, mean: Spread, y: float, look: dict[str, Any]) -> None:
    """A marker at a height, with a line along x where there is a range or an interval."""
    if mean.kind:
        axes.plot([mean.low, mean.high], [y, y], color=look["color"])
    axes.plot(mean.mean, y, **_MEAN["marker"], **look)


def _name_rows(panels: Sequence[Axes], names: Sequence[str]) -> None:
    """The rows of panels side by side, with names at the first panel only."""
    for axes in panels:
        name_rows(axes, [shortened(name, _LONGEST_NAME) if axes is panels[0] else "" for name in names])


@contextmanager
def _legend_page(height_mm: float, comparison: Comparison, kind: Literal["line", "marker"]) -> Iterator[Figure]:
    """A page for panels of this height, below a legend of all groups."""
    n_rows = 1 + -(-len(comparison.groups) // _PER_LEGEND_ROW)
    with page(height_mm + _ROW_MM * n_rows) as figure:
        yield figure
        looks = [(group.label, _MEAN[kind] | look_of(comparison, group, kind)) for group in comparison.groups]
        looks += [(one.name, _STANDARD) for one in comparison.standards if kind == "marker"]
        handles = [Line2D([], [], label=shortened(label, _LONGEST_NAME), **look) for label, look in looks]
        place = {"loc": "outside upper left", "ncols": _PER_LEGEND_ROW, "alignment": "left"}
        figure.legend(handles=handles, title=comparison.grouping.title, **place)
