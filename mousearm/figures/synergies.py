"""Muscle synergies: how many there need to be, which muscles they are of, when they are active."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mousearm.analysis import MuscleGroup, Synergies, average, extract, fewest
from mousearm.analysis.synergies import ENOUGH
from mousearm.evaluate.panels import spoken
from mousearm.figures.drawing import MOVEMENT, counted, draw_band, draw_group_legend, group_colour, page
from mousearm.page import style
from mousearm.record.recording import ReachRecording

_ROW_MM, _COURSE_MM, _HEAD_MM = 3.4, 38, 20
_LINE = "#0072B2"
_NAMES_SHARE = 0.34  # of the width: names of muscles, and below them the variance


def synergy_figure(reaches: Sequence[ReachRecording], groups: Sequence[MuscleGroup]) -> Figure:
    """Variance over the number of synergies; weights and courses of the fewest that account for 90 % of it."""
    spectrum = extract([reach.signals["activation"].values for reach in reaches])
    chosen, names = fewest(spectrum), reaches[0].signals["activation"].columns
    title = f"{chosen.n} synerg{'y' if chosen.n == 1 else 'ies'} of {counted(reaches)}    VAF {100 * chosen.vaf:.0f} %"
    with style():
        figure = page(_HEAD_MM + _ROW_MM * len(names) + _COURSE_MM, title)
        (body,) = figure.subfigures(1, 1, squeeze=False).flat  # its legend keeps clear of the title
        grid = body.add_gridspec(
            2,
            1 + chosen.n,
            width_ratios=(_NAMES_SHARE, *[(1 - _NAMES_SHARE) / chosen.n] * chosen.n),
            height_ratios=(_ROW_MM * len(names), _COURSE_MM),
        )
        _weights([body.add_subplot(grid[0, i]) for i in range(1 + chosen.n)], chosen, names, groups)
        _variance(body.add_subplot(grid[1, 0]), spectrum, chosen)
        _courses([body.add_subplot(grid[1, 1 + i]) for i in range(chosen.n)], chosen)
        draw_group_legend(body, groups)
    return figure


def _weights(panels: Sequence[Axes], chosen: Synergies, names: Sequence[str], groups: Sequence[MuscleGroup]) -> None:
    """Names in the first panel, then one panel of bars for each synergy."""
    members = [(group_colour(groups, group), muscle) for group in groups for muscle in group.muscles]
    colours, muscles = [colour for colour, _ in members], [muscle for _, muscle in members]
    for y, muscle in enumerate(muscles):
        panels[0].text(1, y, spoken(names[muscle]), ha="right", va="center")
    panels[0].set_axis_off()
    for i, axes in enumerate(panels[1:]):
        axes.barh(range(len(muscles)), chosen.weights[i, muscles], color=colours, height=0.75)
        axes.set(title=f"Synergy {i + 1}", xlim=(0, 1.02), xticks=(0, 1), yticks=(), xlabel="weight (largest: 1)")
    for axes in panels:
        axes.set_ylim(len(muscles) - 0.4, -0.6)


def _variance(axes: Axes, spectrum: Sequence[Synergies], chosen: Synergies) -> None:
    n = [one.n for one in spectrum]
    axes.axhline(100 * ENOUGH, color="0.5", linewidth=0.6, linestyle=":")
    axes.plot(n, [100 * one.vaf for one in spectrum], "o-", color=_LINE, markersize=3, label="about zero (VAF)")
    about_mean = [100 * one.r_squared for one in spectrum]
    axes.plot(n, about_mean, "s--", color="0.45", markersize=2.5, label="about the mean (R²)")
    axes.plot(chosen.n, 100 * chosen.vaf, "o", color=_LINE, markersize=6, markerfacecolor="none")
    axes.set(xlabel="number of synergies", ylabel="variance accounted for (%)", xticks=n)
    axes.set_ylim(min(0.0, np.nanmin(about_mean, initial=0.0)), 103)
    axes.legend(loc="lower right")


def _courses(panels: Sequence[Axes], chosen: Synergies) -> None:
    mean = average(chosen.courses)
    top = 1.05 * (mean.mean + mean.sd).max()
    for i, axes in enumerate(panels):
        draw_band(axes, mean, i, color=_LINE)
        axes.set(ylim=(0, top), xlabel=MOVEMENT)
        if i:
            axes.tick_params(labelleft=False)
    panels[0].set_ylabel("activation (dimensionless)")
