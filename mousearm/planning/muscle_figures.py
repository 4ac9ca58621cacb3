"""Figures of studies of muscles."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mousearm.planning.family import Family
from mousearm.planning.informed import MUSCLE, REACH, Informed
from mousearm.planning.inverse import Inverse, TriedCost
from mousearm.planning.muscles import common_scale
from mousearm.plots import BLACK, BLUE, GREEN, GREY, PALETTE, VERMILION, log_axis, page, sign
from mousearm.text import display_name, shortened

_ROW_MM, _HEAD_MM, _COLUMNS = 34.0, 16.0, 4
_MOST_REACHES = 6
_LEAST = 0.01  # %, of the EMG that is left: less looks like it
_APART, _FLAT = 3.0, 0.1  # ratio from which on an axis is logarithmic; least range of one that is not, as a share


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
        for panel in list(axes.flat)[: len(order)][-_COLUMNS:]:  # the lowest of each column
            panel.set_xlabel("time (ms)")
            panel.tick_params(labelbottom=True)
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
    """EMG that is left over the weight of effort, and over factors of muscles where they were searched."""
    costs, channels = inverse.costs, inverse.costs.emg.channels
    by_factor = len({one.factors for one in costs.fits}) > 1
    lefts = {one: max(100 * np.exp(costs.loss(fit, inverse.rows)), _LEAST) for one, fit in costs.fits.items()}
    default = 100 * np.exp(costs.loss(inverse.usual, inverse.rows))
    with page(75.0) as figure:
        panels = figure.subplots(1, 1 + by_factor, sharey=True, squeeze=False, width_ratios=(3, 1)[: 1 + by_factor])[0]
        axes: Axes = panels[0]
        low, high = inverse.interval()["w_effort"]
        axes.axvspan(low, high, color=GREY, alpha=0.15, linewidth=0)
        axes.axvline(inverse.chosen.w_effort, color=BLACK, linewidth=0.8)
        kinds = sorted({(one.power, one.effort) for one in lefts})
        shown = [default]
        for colour, (power, effort) in zip(PALETTE, kinds, strict=False):
            of = {one: left for one, left in lefts.items() if (one.power, one.effort) == (power, effort)}
            weights, best = _least(of, [one.w_effort for one in of])
            axes.plot(weights, best, color=colour, marker="o", markersize=3, label=f"power {power}, {effort}")
            shown += best
        if by_factor:
            for c, (colour, channel) in enumerate(zip(PALETTE, channels, strict=False)):
                panels[1].plot(
                    *_least(lefts, [one.factors[c] for one in lefts]), color=colour, marker="s", markersize=3,
                    linestyle="--", label=display_name(channel),
                )  # fmt: skip
            log_axis(panels[1], "x", (1, 2.5, 5))
            panels[1].set(xlabel="factor of its effort")
        axes.axhline(default, color=BLACK, linewidth=0.8, linestyle=":", label="default cost")
        folds = [fold.chosen.w_effort for fold in inverse.folds]
        axes.plot(
            folds, np.full(len(folds), 0.02), "^", color=BLACK, markersize=4, transform=axes.get_xaxis_transform(),
            label="chosen without one reach",
        )  # fmt: skip
        log_axis(axes, "x")
        axes.set(xlabel="weight of effort (mm²)", ylabel="EMG that is left (%)")
        _scale_left(axes, shown)
        figure.legend(loc="outside upper left", ncols=4)
    return figure


def _scale_left(axes: Axes, shown: Sequence[float]) -> None:
    """Show differences that count: what is flat looks flat, and what is small beside others is seen."""
    low, high = min(shown), max(shown)
    if high > _APART * low:
        log_axis(axes, "y")
    else:
        middle, half = (high + low) / 2, 0.6 * max(high - low, _FLAT * high)
        axes.set(ylim=(middle - half, middle + half))


def _least(lefts: Mapping[TriedCost, float], keys: Sequence[float]) -> tuple[list[float], list[float]]:
    """Values of a choice, one for each cost, and the least that any cost with it leaves."""
    least: dict[float, float] = {}
    for value, left in zip(keys, lefts.values(), strict=True):
        least[value] = min(left, least.get(value, np.inf))
    return sorted(least), [least[value] for value in sorted(least)]
