"""One page for many reaches: the error of each against what it asks of the paw, and how the test split compares."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mousearm.evaluate.metrics import Evaluation
from mousearm.evaluate.movement import DIRECTIONS
from mousearm.evaluate.results import SPLITS, ReachResult
from mousearm.page import new_page, style, write_page

_STYLES: dict[str, dict[str, Any]] = {
    "train": {"color": "#888888", "marker": "o", "markerfacecolor": "none"},
    "test": {"color": "#009E73", "marker": "D"},
}
# Largest over smallest error above which the axis is logarithmic, so that small errors can be told apart.
_LINEAR_SPAN = 20
# Markers of more than so many reaches are small and let each other through.
_FEW = 100
_LARGE: dict[str, Any] = {"markersize": 3.5}
_SMALL: dict[str, Any] = {"markersize": 1.6, "markeredgewidth": 0.4, "alpha": 0.6}
_SPREAD = 0.3  # half of what the reaches of one direction are drawn apart


def draw_generalisation(evaluation: Evaluation, path: Path) -> tuple[Path, Path]:
    """Draw the mean paw error of each reach against distance, peak speed and direction, train and test marked.

    Args:
        evaluation: of at least one reach.
        path: the files' path without suffix; the folder exists.

    Returns:
        The PNG and the PDF file, 180 mm wide.
    """
    return write_page(generalisation_figure(evaluation), path)


def generalisation_figure(evaluation: Evaluation) -> Figure:
    """The figure that `draw_generalisation` writes."""
    with style():
        figure = new_page(78)
        FigureCanvasAgg(figure)
        (body,) = figure.subfigures(1, 1, squeeze=False).flat  # its legend keeps clear of the title
        panels = body.subplots(1, 3, sharey=True, width_ratios=(1, 1, 1.3))
        for axes, draw in zip(panels, (_distance, _speed, _direction), strict=True):
            draw(axes, evaluation)
            _means(axes, evaluation)
        _error_axis(panels[0], [reach.paw_mm.mean for reach in evaluation.reaches])
        handles, labels = panels[0].get_legend_handles_labels()
        body.legend(handles, labels, loc="outside upper left", ncols=len(labels))
        figure.suptitle(_title(evaluation), x=0.012, ha="left")
    return figure


def _title(evaluation: Evaluation) -> str:
    gap = evaluation.generalisation_gap
    title = f"Paw error of {len(evaluation.reaches)} reaches"
    return f"{title}    test / train: {gap['paw']:.2f}" if gap else title


def _distance(axes: Axes, evaluation: Evaluation) -> None:
    _points(axes, evaluation, [reach.movement.distance_mm for reach in evaluation.reaches])
    axes.set(title="Distance", xlabel="farthest from the start (mm)", xlim=(0, None))


def _speed(axes: Axes, evaluation: Evaluation) -> None:
    _points(axes, evaluation, [reach.movement.peak_speed_m_s for reach in evaluation.reaches])
    axes.set(title="Speed", xlabel="peak speed of the target (m/s)", xlim=(0, None))


def _direction(axes: Axes, evaluation: Evaluation) -> None:
    """Reaches of one direction side by side, in their order."""
    names = [reach.movement.direction for reach in evaluation.reaches]
    present = [direction for direction in DIRECTIONS if direction in names]
    x = np.array([present.index(name) for name in names], dtype=float)
    for i in range(len(present)):
        own = np.flatnonzero(x == i)
        x[own] += np.linspace(-_SPREAD, _SPREAD, len(own) + 2)[1:-1]
    _points(axes, evaluation, x)
    axes.set(title="Direction", xlabel="from the start to the farthest point", xlim=(-0.6, len(present) - 0.4))
    axes.set_xticks(range(len(present)), present)


def _points(axes: Axes, evaluation: Evaluation, x: Sequence[float] | np.ndarray) -> None:
    marker = _LARGE if len(evaluation.reaches) <= _FEW else _SMALL
    for split in SPLITS:
        own: list[tuple[float, ReachResult]] = [
            pair for pair in zip(x, evaluation.reaches, strict=True) if pair[1].split == split
        ]
        if own:
            places, errors = [place for place, _ in own], [reach.paw_mm.mean for _, reach in own]
            label = f"{split}: {len(own)}, mean {evaluation.splits[split]['paw_mm'].mean:.3g} mm"
            axes.plot(places, errors, linestyle="none", label=label, **marker, **_STYLES[split])


def _means(axes: Axes, evaluation: Evaluation) -> None:
    for split, both in evaluation.splits.items():
        axes.axhline(both["paw_mm"].mean, color=_STYLES[split]["color"], linewidth=0.8, linestyle="--", zorder=0)


def _error_axis(axes: Axes, errors: Sequence[float]) -> None:
    axes.set_ylabel("mean paw error (mm)")
    if min(errors) > 0 and max(errors) > _LINEAR_SPAN * min(errors):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
    else:
        axes.set_ylim(0, 1.1 * max(*errors, 1e-3))
