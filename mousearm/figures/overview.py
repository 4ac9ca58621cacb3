"""Figures of all trials together: errors and joint angles, mean activations, synergies, the network's state."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch

from mousearm.analysis import ENOUGH, Average, Synergies, average, extract, fewest, principal_components
from mousearm.evaluate.figure import HEADROOM, POINT_STYLES
from mousearm.evaluate.muscles import MuscleGroup
from mousearm.figures.trial import FULL_MM, angles
from mousearm.plots import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, below_title, draw_coloured, name_rows, page
from mousearm.record.signals import ReachRecording, Signal
from mousearm.text import display_name, plural

STATES = ("hidden", "cell")
"""Signals of a network's memory; a network without memory has none of them, only an LSTM has the second."""
_MOVEMENT = "movement (%)"
_GROUP_COLOURS = (GREEN, SKY, ORANGE, PURPLE, BLACK, GREY)  # not those of elbow and paw
_BAND: dict[str, Any] = {"alpha": 0.25, "linewidth": 0}
_PER_ROW, _MUSCLE_MM, _COURSE_MM = 4, 3.4, 38
_NAMES_SHARE = 0.34  # of the width: names of muscles, and below them the variance
_MOST_SHARES = 10


def drive(reach: ReachRecording) -> Signal:
    """Signal that drives the arm: activations of muscles, torques of motors, controls of any others."""
    torque = reach.signals.get("force", reach.signals["time"])
    return reach.signals.get("activation", torque if torque.unit == "N m" else reach.signals.get("control", torque))


def summary_figure(reaches: Sequence[ReachRecording]) -> Figure:
    """Draw mean errors of elbow and paw over the movement, and of every joint Pearson's r and rms difference."""
    with page(62, f"Summary of {_counted(reaches)}", FULL_MM) as figure:
        errors, correlation, difference = figure.subplots(1, 3, width_ratios=(1.2, 1, 1))
        _draw_errors(errors, reaches)
        _draw_agreement(correlation, difference, reaches)
        difference.tick_params(labelleft=False)
    return figure


def drive_figure(reaches: Sequence[ReachRecording], groups: Sequence[MuscleGroup]) -> Figure:
    """Draw a panel per muscle or motor: mean activation or torque over the movement, with its standard deviation."""
    of, values = drive(reaches[0]), [drive(reach).values for reach in reaches]
    what, unit, scale = ("torque", "µN m", 1e6) if of.unit == "N m" else ("control", "dimensionless", 1.0)
    if "activation" in reaches[0].signals:
        what, unit = "activation", "0 to 1"
    else:  # none led to the first frame
        values = [scale * one[min(1, len(one) - 1) :] for one in values]
    mean = average(values)
    members = [(group, muscle) for group in groups for muscle in group.muscles]
    n_rows = -(-len(members) // _PER_ROW)
    several = f", mean ± s.d. over {_counted(reaches)}"
    title = what.capitalize() + (several if len(reaches) > 1 else f" in {reaches[0].name}")
    with page(16 + 19 * n_rows, title, FULL_MM) as figure:
        body = below_title(figure)
        panels = body.subplots(n_rows, _PER_ROW, squeeze=False, sharex=True, sharey=True)
        for i in range(len(members), panels.size):
            panels.flat[i].remove()
            panels.flat[i - _PER_ROW].tick_params(labelbottom=True)
        for axes, (group, muscle) in zip(panels.flat, members, strict=False):
            _draw_band(axes, mean, muscle, color=_group_colour(groups, group))
            axes.set_title(display_name(of.columns[muscle]), fontweight="normal", fontsize=7)
        _draw_group_legend(body, groups)
        body.supxlabel(_MOVEMENT, fontsize=7)
        body.supylabel(f"{what} ({unit})", fontsize=7)
    return figure


def synergy_figure(reaches: Sequence[ReachRecording], groups: Sequence[MuscleGroup]) -> Figure:
    """Draw variance over the number of synergies; weights and courses of the fewest that account for 90 % of it."""
    spectrum = extract([reach.signals["activation"].values for reach in reaches])
    chosen, names = fewest(spectrum), reaches[0].signals["activation"].columns
    title = f"{chosen.n} synerg{'y' if chosen.n == 1 else 'ies'} of {_counted(reaches)}    VAF {100 * chosen.vaf:.0f} %"
    with page(20 + _MUSCLE_MM * len(names) + _COURSE_MM, title, FULL_MM) as figure:
        body = below_title(figure)
        widths = (_NAMES_SHARE, *[(1 - _NAMES_SHARE) / chosen.n] * chosen.n)
        heights = (_MUSCLE_MM * len(names), _COURSE_MM)
        grid = body.add_gridspec(2, 1 + chosen.n, width_ratios=widths, height_ratios=heights)
        upper, lower = ([body.add_subplot(grid[row, i]) for i in range(1 + chosen.n)] for row in (0, 1))
        _draw_weights(upper, chosen, names, groups)
        _draw_variance(lower[0], spectrum, chosen)
        _draw_courses(lower[1:], chosen)
        _draw_group_legend(body, groups)
    return figure


def state_figure(reaches: Sequence[ReachRecording]) -> Figure:
    """Draw hidden and cell state in two planes of principal components, coloured by time, and explained variance."""
    kinds = [kind for kind in STATES if kind in reaches[0].signals]
    title = f"Principal components of the network's state over {_counted(reaches)}"
    with page(10 + 56 * len(kinds), title, FULL_MM) as figure:
        rows = figure.subplots(len(kinds), 3, squeeze=False, width_ratios=(1, 1, 0.8))
        for row, kind in zip(rows, kinds, strict=True):
            _draw_state(list(row), reaches, kind)
    return figure


def _draw_errors(axes: Axes, reaches: Sequence[ReachRecording]) -> None:
    mean = average([reach.signals["error"].values for reach in reaches])
    for i, (point, look) in enumerate(POINT_STYLES.items()):
        _draw_band(axes, mean, i, **look, label=point if len(reaches) == 1 else f"{point}, mean ± s.d.")
    top = HEADROOM * max(float(np.max(mean.mean + mean.sd)), 1e-3)
    axes.set(title="Error", xlabel=_MOVEMENT, ylabel="distance from target (mm)", ylim=(0, top))
    axes.legend(loc="upper left")


def _draw_agreement(correlation: Axes, difference: Axes, reaches: Sequence[ReachRecording]) -> None:
    """Draw Pearson's r and rms difference of every joint: a dot per trial, a line at their median."""
    found = [angles(reach)[2] for reach in reaches]
    names = [display_name(name) for name in reaches[0].signals["qpos"].columns]
    for axes, values in ((correlation, [one.r for one in found]), (difference, [one.rms for one in found])):
        stacked = np.stack(values, axis=1)
        for j, row in enumerate(stacked):
            axes.plot(row, j + np.linspace(-0.2, 0.2, len(row) + 2)[1:-1], "o", color=BLUE, markersize=2.5, alpha=0.6)
            if not np.isnan(row).all():
                axes.plot([np.nanmedian(row)] * 2, [j - 0.35, j + 0.35], color="black", linewidth=1.2)
        name_rows(axes, names, margin=0.5)
    lowest = np.nan_to_num([one.r for one in found]).min(initial=0.0)
    correlation.set(title="Joint angles", xlabel="Pearson's r with the reference", xlim=(1.05 * lowest - 0.02, 1.04))
    difference.set(xlabel="rms difference (°)")
    difference.set_title("dot: performance, line: median", fontweight="normal", fontsize=7)
    difference.set_xlim(left=0)


def _draw_weights(panels: list[Axes], chosen: Synergies, names: Sequence[str], groups: Sequence[MuscleGroup]) -> None:
    """Draw names in the first panel, then one panel of bars for each synergy."""
    members = [(_group_colour(groups, group), muscle) for group in groups for muscle in group.muscles]
    colours, muscles = [colour for colour, _ in members], [muscle for _, muscle in members]
    for y, muscle in enumerate(muscles):
        panels[0].text(1, y, display_name(names[muscle]), ha="right", va="center")
    panels[0].set_axis_off()
    for i, axes in enumerate(panels[1:]):
        axes.barh(range(len(muscles)), chosen.weights[i, muscles], color=colours, height=0.75)
        axes.set(title=f"Synergy {i + 1}", xlim=(0, 1.02), xticks=(0, 1), yticks=(), xlabel="weight (largest: 1)")
    for axes in panels:
        axes.set_ylim(len(muscles) - 0.4, -0.6)


def _draw_variance(axes: Axes, spectrum: Sequence[Synergies], chosen: Synergies) -> None:
    n = [one.n for one in spectrum]
    axes.axhline(100 * ENOUGH, color="0.5", linewidth=0.6, linestyle=":")
    axes.plot(n, [100 * one.vaf for one in spectrum], "o-", color=BLUE, markersize=3, label="about zero (VAF)")
    about_mean = [100 * one.r_squared for one in spectrum]
    axes.plot(n, about_mean, "s--", color="0.45", markersize=2.5, label="about the mean (R²)")
    axes.plot(chosen.n, 100 * chosen.vaf, "o", color=BLUE, markersize=6, markerfacecolor="none")
    axes.set(xlabel="number of synergies", ylabel="variance accounted for (%)", xticks=n)
    axes.set_ylim(min(0.0, np.nanmin(about_mean, initial=0.0)), 103)
    axes.legend(loc="lower right")


def _draw_courses(panels: Sequence[Axes], chosen: Synergies) -> None:
    mean = average(chosen.courses)
    top = 1.05 * (mean.mean + mean.sd).max()
    for i, axes in enumerate(panels):
        _draw_band(axes, mean, i, color=BLUE)
        axes.set(ylim=(0, top), xlabel=_MOVEMENT)
        if i:
            axes.tick_params(labelleft=False)
    panels[0].set_ylabel("activation (dimensionless)")


def _draw_state(panels: Sequence[Axes], reaches: Sequence[ReachRecording], kind: str) -> None:
    values = [reach.signals[kind].values for reach in reaches]
    found = principal_components([one.reshape(len(one), -1) for one in values])
    times = [1e3 * reach.signals["time"].values for reach in reaches]
    limits = 0.0, max(float(ms[-1]) for ms in times)
    for axes, plane in zip(panels, ((0, 1), (0, 2)), strict=False):
        x, y = (min(component, len(found.directions) - 1) for component in plane)
        for scores, ms in zip(found.scores, times, strict=True):  # a line per trial, from its dot
            draw_coloured(axes, scores[:, [x, y]], ms, limits)
            axes.plot(*scores[0, [x, y]], "o", color="black", markersize=2)
        axes.autoscale_view()
        labels = [f"PC {i + 1}, {100 * found.share[i]:.0f} % (dimensionless)" for i in (x, y)]
        axes.set(xlabel=labels[0], ylabel=labels[1])
    panels[0].set_title(f"{kind.capitalize()} state")
    panels[1].figure.colorbar(panels[1].collections[0], ax=panels[1], label="time (ms)", pad=0.02, aspect=25)
    n = min(_MOST_SHARES, len(found.share))
    shares = panels[2]
    shares.plot(range(1, n + 1), 100 * np.cumsum(found.share)[:n], "o-", color=BLUE, markersize=3)
    shares.set(title="Variance explained", xlabel="principal components", ylabel="cumulative (%)", ylim=(0, 103))
    shares.set_xticks(range(1, n + 1, 1 + n // 6))


def _counted(reaches: Sequence[ReachRecording]) -> str:
    """Number of trials and reaches, in words."""
    names = {reach.name for reach in reaches}
    text = plural(len(names), "reach", "reaches")
    return text if len(reaches) == len(names) else f"{len(reaches)} performances of {text}"


def _group_colour(groups: Sequence[MuscleGroup], group: MuscleGroup) -> str:
    """Colour of a group, the same in every figure of a recording."""
    return _GROUP_COLOURS[list(groups).index(group) % len(_GROUP_COLOURS)]


def _draw_group_legend(figure: Figure | SubFigure, groups: Sequence[MuscleGroup]) -> None:
    """Draw the colours of the groups above all panels; nothing where there is one group."""
    if len(groups) > 1:
        handles = [Patch(color=_group_colour(groups, group), label=group.name) for group in groups]
        figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), handlelength=1)


def _draw_band(axes: Axes, average: Average, column: int, **look: Any) -> None:
    """Draw the mean of one column over the movement, and a band of one standard deviation to either side."""
    share = np.linspace(0, 100, len(average.mean))
    mean, sd = average.mean[:, column], average.sd[:, column]
    axes.fill_between(share, mean - sd, mean + sd, color=look["color"], **_BAND)
    axes.plot(share, mean, **look)
    axes.set(xlim=(0, 100), xticks=(0, 50, 100))
