"""Figures of studies of muscles."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mousearm.planning.family import Family
from mousearm.planning.informed import MUSCLE, REACH, Informed
from mousearm.planning.inverse import Costs, Inverse, TriedCost
from mousearm.planning.muscles import common_scale
from mousearm.plots import BLACK, BLUE, GREEN, GREY, PALETTE, VERMILION, log_axis, page, sign
from mousearm.text import display_name, shortened

_ROW_MM, _HEAD_MM, _COLUMNS = 34.0, 16.0, 4
_MOST_REACHES = 6


def family_figure(family: Family, reach: int = 0) -> Figure:
    """All muscles of one reach over time: every member, the range of all, and the EMG of those that have some."""
    order = [one.name for one in family.muscles()]
    rows = -(-len(order) // _COLUMNS)
    n = int(np.isfinite(family.low[reach, :, family.actuators.index(order[0])]).sum())
    time = 1e3 * family.dt * np.arange(n)
    verdicts = {one.name: one.verdict for one in family.muscles()}
    emg = family.emg
    scale = (
        1.0 if emg is None else common_scale(np.mean([one.shown(emg) for one in family.members], axis=0), emg.values)
    )
    with page(_HEAD_MM + _ROW_MM * rows) as figure:
        axes = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False)
        for panel, name in zip(axes.flat, order, strict=False):
            j = family.actuators.index(name)
            panel.fill_between(
                time, family.low[reach, :n, j], family.high[reach, :n, j], color=BLUE, alpha=0.2, linewidth=0
            )
            for one in family.members:
                panel.plot(time, one.activation[reach, :n, j], color=BLUE, linewidth=0.5)
            if emg is not None:
                for c in np.flatnonzero(emg.weights[j]):
                    panel.plot(time, scale * emg.values[reach, :n, c], color=VERMILION, linewidth=1.2)
            panel.set_title(f"{shortened(display_name(name), 24)}\n{verdicts[name]}", fontsize=6.5)
        for spare in list(axes.flat)[len(order) :]:
            spare.axis("off")
        axes.flat[0].set(ylim=(0, None))
        for panel in axes[-1]:
            panel.set_xlabel("time (ms)")
        for panel in axes[:, 0]:
            panel.set_ylabel("activation")
        handles: list[Line2D | Patch] = [
            Line2D([], [], color=BLUE, linewidth=0.5, label="one movement"),
            Patch(color=BLUE, alpha=0.2, linewidth=0, label="range of all"),
        ]
        if emg is not None:
            handles.append(Line2D([], [], color=VERMILION, label=f"recorded EMG x {scale:.2g}"))
        figure.legend(handles=handles, loc="outside upper right", ncols=len(handles))
        sign(figure, family.reaches[reach])
    return figure


def informed_figure(informed: Informed) -> Figure:
    """Each reach and channel: the EMG that was left out, and what was predicted with and without EMG of others."""
    emg = informed.emg
    reaches = range(min(len(informed.reaches), _MOST_REACHES))
    looks = {"": (GREY, "without EMG"), MUSCLE: (BLUE, MUSCLE), REACH: (GREEN, REACH)}
    with page(_HEAD_MM + _ROW_MM * len(reaches)) as figure:
        axes = figure.subplots(len(reaches), len(emg.channels), sharex=True, sharey="col", squeeze=False)
        for row in reaches:
            for c, channel in enumerate(emg.channels):
                panel: Axes = axes[row, c]
                panel.plot(informed.scale * emg.values[row, :, c], color=BLACK, linewidth=1.4)
                for kind, (colour, _) in looks.items():
                    panel.plot(informed.shown[kind][row, :, c], color=colour, linewidth=1.0)
                if row == 0:
                    panel.set_title(channel)
            axes[row, 0].set_ylabel(f"{shortened(informed.reaches[row], 16)}\n{emg.signal}", fontsize=6)
        for panel in axes[-1]:
            panel.set_xlabel("frame")
        handles = [Line2D([], [], color=BLACK, label=f"recorded EMG x {informed.scale:.2g}")]
        handles += [Line2D([], [], color=colour, label=label) for colour, label in looks.values()]
        figure.legend(handles=handles, loc="outside upper right", ncols=len(handles))
    return figure


def inverse_figure(inverse: Inverse) -> Figure:
    """EMG that is left over the weight of effort, for each of the other choices; thin: without each of the reaches."""
    costs, rows = inverse.costs, list(inverse.rows)
    kinds = sorted({(one.power, one.effort) for one in costs.fits})
    with page(70.0) as figure:
        axes = figure.subplots()
        for colour, (power, effort) in zip(PALETTE, kinds, strict=False):
            of = [one for one in costs.fits if (one.power, one.effort) == (power, effort)]
            _draw_losses(axes, costs, of, rows, color=colour, marker="o", label=f"power {power}, {effort}")
        low, high = inverse.interval()["w_effort"]
        axes.axvspan(low, high, color=GREY, alpha=0.15, linewidth=0)
        axes.axvline(inverse.chosen.w_effort, color=BLACK, linewidth=0.8)
        for out in rows:
            _draw_losses(axes, costs, [*costs.fits], [row for row in rows if row != out], color=GREY, linewidth=0.5)
        log_axis(axes, "x")
        axes.set(xlabel="weight of effort (mm²)", ylabel="EMG that is left (%)", ylim=(0, None))
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=len(labels))
    return figure


def _draw_losses(axes: Axes, costs: Costs, of: Sequence[TriedCost], rows: Sequence[int], **look: Any) -> None:
    """What the best of some costs leaves at each weight, on reaches by index."""
    losses = {one: costs.loss(costs.fits[one], rows) for one in of}
    weights = sorted({one.w_effort for one in of})
    best = [min(loss for one, loss in losses.items() if one.w_effort == weight) for weight in weights]
    axes.plot(weights, 100 * np.exp(best), markersize=3, **look)
