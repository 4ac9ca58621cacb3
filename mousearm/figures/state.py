"""What the network's memory does: its state along its principal components, over all performances."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mousearm.analysis import PrincipalComponents, principal_components
from mousearm.figures.drawing import counted, page
from mousearm.page import style
from mousearm.reach_check.figure import draw_coloured
from mousearm.record.recording import ReachRecording

STATES = ("hidden", "cell")
"""Signals of a network's memory; a network without memory has none of them, only an LSTM has the second."""
_ROW_MM, _HEAD_MM = 56, 10
_MOST_SHARES = 10
_PLANES = ((0, 1), (0, 2))


def state_figure(reaches: Sequence[ReachRecording]) -> Figure:
    """Of hidden and cell state: two planes of principal components, coloured by time, and how much they explain."""
    kinds = [kind for kind in STATES if kind in reaches[0].signals]
    with style():
        title = f"Principal components of the network's state over {counted(reaches)}"
        figure = page(_HEAD_MM + _ROW_MM * len(kinds), title)
        rows = figure.subplots(len(kinds), 3, squeeze=False, width_ratios=(1, 1, 0.8))
        for row, kind in zip(rows, kinds, strict=True):
            _draw_row(list(row), reaches, kind)
    return figure


def _draw_row(panels: Sequence[Axes], reaches: Sequence[ReachRecording], kind: str) -> None:
    values = [reach.signals[kind].values for reach in reaches]
    found = principal_components([one.reshape(len(one), -1) for one in values])
    times = [1e3 * reach.signals["time"].values for reach in reaches]
    limits = 0.0, max(float(ms[-1]) for ms in times)
    for axes, plane in zip(panels, _PLANES, strict=False):
        _plane(axes, found, times, plane, limits)
    panels[0].set_title(f"{kind.capitalize()} state")
    panels[1].figure.colorbar(panels[1].collections[0], ax=panels[1], label="time (ms)", pad=0.02, aspect=25)
    _shares(panels[2], found)


def _plane(
    axes: Axes,
    found: PrincipalComponents,
    times: Sequence[np.ndarray],
    plane: tuple[int, int],
    limits: tuple[float, float],
) -> None:
    """One line per performance, from its dot; the colours are of times between the limits."""
    x, y = (min(component, len(found.directions) - 1) for component in plane)
    for scores, ms in zip(found.scores, times, strict=True):
        draw_coloured(axes, scores[:, [x, y]], ms, limits)
        axes.plot(*scores[0, [x, y]], "o", color="black", markersize=2)
    axes.autoscale_view()
    axes.set(xlabel=_label(found, x), ylabel=_label(found, y))


def _shares(axes: Axes, found: PrincipalComponents) -> None:
    n = min(_MOST_SHARES, len(found.share))
    axes.plot(range(1, n + 1), 100 * np.cumsum(found.share)[:n], "o-", color="#0072B2", markersize=3)
    axes.set(title="Variance explained", xlabel="principal components", ylabel="cumulative (%)", ylim=(0, 103))
    axes.set_xticks(range(1, n + 1, 1 + n // 6))


def _label(found: PrincipalComponents, component: int) -> str:
    return f"PC {component + 1}, {100 * found.share[component]:.0f} % (dimensionless)"
