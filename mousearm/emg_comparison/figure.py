"""Figures of a comparison with EMG: r beside nulls, rivals and ceilings; r against lag; and the traces themselves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mousearm.emg_comparison.study import COMMON, SPEED, EmgSet, EmgStudy
from mousearm.emg_comparison.tables import MuscleRow
from mousearm.emg_comparison.traces import scale
from mousearm.plots import BLACK, GREY, PALETTE, page
from mousearm.text import display_name, shortened

_COLOURS = tuple(colour for colour in PALETTE if colour != BLACK)
_STYLES = ("-", "--", ":", "-.")
_MOST_REACHES, _LETTERS = 6, 26
_RIVALS: dict[str, dict[str, Any]] = {
    COMMON: {"color": BLACK, "linewidth": 1.0},
    SPEED: {"color": BLACK, "linewidth": 1.0, "linestyle": ":"},
}


def _look(index: int) -> dict[str, Any]:
    """Colour and line of a controller."""
    return {
        "color": _COLOURS[index % len(_COLOURS)],
        "linestyle": _STYLES[index // len(_COLOURS) % len(_STYLES)],
    }


def score_figure(study: EmgStudy, rows: Sequence[MuscleRow]) -> Figure:
    """A row per muscle: r of every controller at the lag of the verdict; and its mean against lag."""
    names = list(dict.fromkeys(row.controller for row in rows))
    with page(30 + max(42.0, 4.5 * len(names) + 12) * len(study.channels)) as figure:
        axes = figure.subplots(len(study.channels), 2, squeeze=False, sharex="col", width_ratios=(1.25, 1))
        for c, channel in enumerate(study.channels):
            _draw_scores(axes[c, 0], study, [row for row in rows if row.channel == channel], c)
            _draw_lags(axes[c, 1], study, c)
            axes[c, 0].set_title(display_name(channel))
        axes[-1, 0].set_xlabel(f"r with the EMG at a lag of {study.lag_ms:g} ms")
        axes[-1, 1].set_xlabel("lag, ms (positive: EMG later than muscle)")
        handles = [
            Line2D([], [], color=BLACK, marker="o", linestyle="-", markersize=4, label="mean, 95 % interval or range"),
            Line2D([], [], color=GREY, marker=".", linestyle="", label="reaches"),
            Line2D([], [], color=GREY, marker="|", linestyle="", markersize=9, label="5 % of exchanged reaches above"),
            *(Line2D([], [], label=name, **look) for name, look in _RIVALS.items()),
            Patch(facecolor="0.92", edgecolor="0.7", label="ceiling, 95 % interval"),
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=3)
    return figure


def _draw_scores(axes: Axes, study: EmgStudy, rows: Sequence[MuscleRow], c: int) -> None:
    first = study.sets[0].reaches
    ceiling = first.ceilings[c]
    if np.isfinite(ceiling.low):
        axes.axvspan(ceiling.low, ceiling.high, color="0.92", linewidth=0)
    axes.axvline(ceiling.value, color="0.7", linewidth=2.0)
    for name, of in first.rivals.items():
        axes.axvline(float(of[study.lag_index, c].mean()), **_RIVALS[name])
    axes.axvline(0, color="0.8", linewidth=0.5, zorder=0)
    for at, row in enumerate(rows):
        of, index = _find(study, row.controller)
        colour = _look(at)["color"]
        r = of.at_lag.r[index, c]
        axes.plot(r, np.full(len(r), at + 0.22), ".", color=GREY, markersize=3.5)
        axes.plot(of.at_lag.null.null_high[index, c], at, "|", color=GREY, markersize=9)
        if np.isfinite(row.low):
            axes.plot([row.low, row.high], [at, at], color=colour)
        axes.plot(row.r, at, "o", color=colour, markersize=4)
    labels = [shortened(row.controller, _LETTERS) for row in rows]
    axes.set_yticks(range(len(rows)), labels)
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlim=(-1.02, 1.02))
    axes.tick_params(axis="y", length=0)


def _draw_lags(axes: Axes, study: EmgStudy, c: int) -> None:
    for name, of in study.sets[0].reaches.rivals.items():
        axes.plot(study.lags_ms, of[:, c].mean(axis=-1), **_RIVALS[name])
    index = 0
    for one in study.sets:
        for measured in one.measured:
            axes.plot(study.lags_ms, measured.curves[:, c].mean(axis=-1), **_look(index), linewidth=1.2)
            index += 1
    axes.axvline(study.lag_ms, color="0.8", linewidth=0.5, zorder=0)
    axes.set(ylabel="mean r", ylim=(-1.02, 1.02))


def _find(study: EmgStudy, controller: str) -> tuple[EmgSet, int]:
    for one in study.sets:
        for index, measured in enumerate(one.measured):
            if measured.name == controller:
                return one, index
    raise KeyError(controller)


def trace_figure(study: EmgStudy) -> Figure:
    """EMG, black, and every controller's muscles over time: a row per muscle, a column per reach.

    Each controller is scaled by one factor per muscle for all its reaches, which makes its mean absolute error least.
    """
    shown = study.sets[0].reaches.names[:_MOST_REACHES]
    with page(24 + 34.0 * len(study.channels)) as figure:
        axes = figure.subplots(len(study.channels), len(shown), squeeze=False, sharex="col", sharey="row")
        handles, index = [Line2D([], [], color=BLACK, linewidth=1.6, label="EMG")], 0
        for column, reach in enumerate(shown):
            axes[0, column].set_title(shortened(reach, 18))
            axes[-1, column].set_xlabel("time, ms")
            emg = study.sets[0].reaches.emg[column]
            inside = (emg.time >= -1e-6) & (emg.time <= emg.duration + 1e-6)
            for c in range(len(study.channels)):
                axes[c, column].plot(1e3 * emg.time[inside], emg.values[inside, c], color=BLACK, linewidth=1.6)
        for one in study.sets:
            for measured in one.measured:
                recorded = [of.at(own.time) for of, own in zip(one.reaches.emg, measured.muscles, strict=True)]
                both = np.concatenate([own.values for own in measured.muscles]), np.concatenate(recorded)
                for c in range(len(study.channels)):
                    factor = scale(both[0][:, c], both[1][:, c])
                    for own in (own for own in measured.muscles if own.reach in shown):
                        line = axes[c, shown.index(own.reach)]
                        line.plot(1e3 * own.time, factor * own.values[:, c], **_look(index), linewidth=1.0)
                handles.append(Line2D([], [], label=shortened(measured.name, _LETTERS), **_look(index)))
                index += 1
        for c, channel in enumerate(study.channels):
            axes[c, 0].set_ylabel(display_name(channel))
        figure.legend(handles=handles, loc="outside upper center", ncols=min(4, len(handles)))
    return figure
