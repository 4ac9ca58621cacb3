"""The figures of a comparison."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mousearm.page import new_page, style
from mousearm.report.comparison import Comparison
from mousearm.report.curves import Curve
from mousearm.report.drawing import (
    MEAN_LINE,
    draw_cross,
    draw_legend,
    draw_mean,
    legend_mm,
    look,
    name_rows,
    scale,
)
from mousearm.report.groups import Group
from mousearm.report.spread import Spread

MOST_REACHES = 24
"""Reaches that are drawn one by one: those with the largest errors."""
Reach = tuple[str, str]
"""Name and split."""
_RUN: dict[str, Any] = {"markersize": 3, "alpha": 0.45, "markeredgewidth": 0}
_THIN: dict[str, Any] = {"linewidth": 0.6, "alpha": 0.45}
_RUNS_BELOW = 0.28  # of a row, from the mean to its runs
_DODGE = 0.7  # of a row, over which groups are spread
_ROW_MM, _GROUP_MM = 5.0, 1.6
_MANY_SECONDS = 300  # more than that are told in minutes


def overview_figure(comparison: Comparison) -> Figure:
    """Paw error, elbow error, and effort against paw error: runs, means and their intervals."""
    paw, elbow = comparison.measures[:2]
    groups = comparison.groups
    with style():
        figure = new_page(max(52.0, 22 + _ROW_MM * len(groups)))
        FigureCanvasAgg(figure)
        left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.15))
        for axes, measure, title in ((left, paw, "Paw error"), (middle, elbow, "Elbow error")):
            for y, group in enumerate(groups):
                own, values = look(comparison, group, "marker"), [measure.of(run) for run in group.runs]
                axes.plot(values, [y + _RUNS_BELOW] * len(values), **own, **_RUN)
                draw_mean(axes, comparison.spread(measure, group), y, own)
            scale(axes, "x", [measure.of(run) for run in comparison.runs])
            axes.set(title=title, xlabel=f"mean error (mm), {comparison.split}")
        name_rows((left, middle), [group.label for group in groups], comparison.grouping.title)
        _trade_off(right, comparison)
    return figure


def _trade_off(axes: Axes, comparison: Comparison) -> None:
    paw = comparison.measures[0]
    effort = next(measure for measure in comparison.measures if measure.key == "effort")
    for group in comparison.groups:
        own = look(comparison, group, "marker")
        axes.plot([effort.of(run) for run in group.runs], [paw.of(run) for run in group.runs], **own, **_RUN)
        draw_cross(axes, comparison.spread(effort, group), comparison.spread(paw, group), own)
    scale(axes, "x", [effort.of(run) for run in comparison.runs])
    scale(axes, "y", [paw.of(run) for run in comparison.runs])
    axes.set(title="Error against effort", xlabel="effort, mean of (force / peak force)²", ylabel="paw error (mm)")


def curves_figure(comparison: Comparison) -> Figure:
    """Paw error of the evaluations while training, by steps and by the clock: each run thin, means thick."""
    seconds = [value for curve in comparison.curves.values() for value in curve.seconds]
    time, unit = (60.0, "min") if seconds and np.nanmax(seconds) > _MANY_SECONDS else (1.0, "s")
    axes_of: dict[str, Callable[[Curve], np.ndarray]] = {
        "control steps (thousands)": lambda curve: curve.steps / 1e3,
        f"training by the clock ({unit})": lambda curve: curve.seconds / time,
    }
    with style():
        figure = new_page(66 + legend_mm(comparison))
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, 2, sharey=True)
        for axes, (label, x_of) in zip(panels, axes_of.items(), strict=True):
            for group in comparison.groups:
                _curves(
                    axes, [comparison.curves[run.name] for run in group.runs], x_of, look(comparison, group, "line")
                )
            axes.set(xlabel=label, xlim=(0, None))
        scale(panels[0], "y", [value for curve in comparison.curves.values() for value in curve.paw_mm])
        panels[0].set_ylabel(f"mean paw error (mm), {comparison.split}")
        draw_legend(figure, comparison, "line")
    return figure


def _curves(axes: Axes, curves: Sequence[Curve], x_of: Callable[[Curve], np.ndarray], own: dict[str, Any]) -> None:
    """The runs of a group; their mean goes on while all of them do."""
    lines = [(x_of(curve), curve.paw_mm) for curve in curves]
    lines = [(x, y) for x, y in lines if len(x) and not np.isnan(x).any()]
    if len(lines) == 1:
        axes.plot(*lines[0], **own)
        return
    for x, y in lines:
        axes.plot(x, y, **own, **_THIN)
    if lines:
        grid = np.unique(np.concatenate([x for x, _ in lines]))
        grid = grid[(grid >= max(x[0] for x, _ in lines)) & (grid <= min(x[-1] for x, _ in lines))]
        axes.plot(grid, np.mean([np.interp(grid, x, y) for x, y in lines], axis=0), **own, linewidth=MEAN_LINE)


def reaches_figure(comparison: Comparison) -> Figure:
    """Paw and elbow error per reach: means over the runs of each group, with their intervals."""
    reaches = shown_reaches(comparison)
    row_mm = max(_ROW_MM, _GROUP_MM * len(comparison.groups) + 1)
    with style():
        figure = new_page(20 + legend_mm(comparison) + row_mm * len(reaches))
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, 2)
        for axes, point in zip(panels, ("paw", "elbow"), strict=True):
            _rows(axes, comparison, reaches, point)
        name_rows(panels, [f"{name} ({split})" for name, split in reaches])
        draw_legend(figure, comparison, "marker")
    return figure


def _rows(axes: Axes, comparison: Comparison, reaches: Sequence[Reach], point: str) -> None:
    n, drawn = len(comparison.groups), []
    dodge = np.linspace(-_DODGE / 2, _DODGE / 2, n) if n > 1 else [0.0]
    for group, offset in zip(comparison.groups, dodge, strict=True):
        errors, own = reach_errors(group, point), look(comparison, group, "marker")
        for y, values in ((y, errors[reach]) for y, reach in enumerate(reaches) if reach in errors):
            draw_mean(axes, Spread.of(values), y + offset, own)
            drawn += values
    scale(axes, "x", drawn)
    axes.set(title=f"{point.capitalize()} error", xlabel="mean error (mm)")
    for y in range(1, len(reaches)):
        axes.axhline(y - 0.5, color="0.9", linewidth=0.5, zorder=0)


def shown_reaches(comparison: Comparison) -> list[Reach]:
    """The reaches that are drawn: the worst first, by the mean paw error of all runs."""
    errors: dict[Reach, list[float]] = {}
    for group in comparison.groups:
        for reach, values in reach_errors(group, "paw").items():
            errors.setdefault(reach, []).extend(values)
    return sorted(errors, key=lambda reach: -float(np.mean(errors[reach])))[:MOST_REACHES]


def reach_errors(group: Group, point: str) -> dict[Reach, list[float]]:
    """Mean errors of a group's runs in mm, by reach."""
    errors: dict[Reach, list[float]] = {}
    for run in group.runs:
        for reach in run.evaluation.reaches:
            errors.setdefault((reach.name, reach.split), []).append(getattr(reach, f"{point}_mm").mean)
    return errors
