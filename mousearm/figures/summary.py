"""All performances together: errors over the movement, and how well joint angles agree with the reference."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mousearm.analysis import average
from mousearm.evaluate.panels import POINT_STYLES, POINTS
from mousearm.figures.drawing import MOVEMENT, counted, draw_band, page
from mousearm.figures.joints import draw_agreement
from mousearm.page import style
from mousearm.record.recording import ReachRecording

_HEIGHT_MM = 62


def summary_figure(reaches: Sequence[ReachRecording]) -> Figure:
    """Mean errors of elbow and paw over the movement, and of every joint Pearson's r and rms difference."""
    with style():
        figure = page(_HEIGHT_MM, f"Summary of {counted(reaches)}")
        errors, correlation, difference = figure.subplots(1, 3, width_ratios=(1.2, 1, 1))
        _errors(errors, reaches)
        draw_agreement(correlation, difference, reaches)
        difference.tick_params(labelleft=False)
    return figure


def _errors(axes: Axes, reaches: Sequence[ReachRecording]) -> None:
    mean = average([reach.signals["error"].values for reach in reaches])
    for i, point in enumerate(POINTS):
        draw_band(axes, mean, i, **POINT_STYLES[i], label=f"{point}, mean ± s.d.")
    top = float(np.max(mean.mean + mean.sd))
    axes.set(title="Error", xlabel=MOVEMENT, ylabel="distance from target (mm)", ylim=(0, 1.3 * max(top, 1e-3)))
    axes.legend(loc="upper left")
