"""Parts that the figures of recordings share: sizes, the look of muscle groups, bands around means."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch

from mousearm.analysis import Agreement, Average, agreement
from mousearm.figures.groups import MuscleGroup
from mousearm.plots import BLACK, GREEN, GREY, ORANGE, PURPLE, SKY
from mousearm.record.recording import ReachRecording, Signal
from mousearm.text import plural

FULL_MM, COLUMN_MM = 175, 85
"""Widths of a journal's page and of one of its columns."""
MOVEMENT = "movement (%)"
"""Label of an axis of time as a share of the movement."""
_GROUP_COLOURS = (GREEN, SKY, ORANGE, PURPLE, BLACK, GREY)  # not those of elbow and paw
_BAND: dict[str, Any] = {"alpha": 0.25, "linewidth": 0}


def drive(reach: ReachRecording) -> Signal:
    """Signal that drives the arm: activations of muscles, controls of motors."""
    return reach.signals["activation" if "activation" in reach.signals else "control"]


def angles(reach: ReachRecording) -> tuple[np.ndarray, np.ndarray, Agreement]:
    """Joint angles and their reference in degrees, each (T, nq), and how well they agree."""
    actual, reference = (np.rad2deg(reach.signals[name].values) for name in ("qpos", "reference_qpos"))
    return actual, reference, agreement(actual, reference)


def counted(reaches: Sequence[ReachRecording]) -> str:
    """Number of trials and reaches, in words."""
    names = {reach.name for reach in reaches}
    text = plural(len(names), "reach", "reaches")
    return text if len(reaches) == len(names) else f"{len(reaches)} performances of {text}"


def group_colour(groups: Sequence[MuscleGroup], group: MuscleGroup) -> str:
    """Colour of a group, the same in every figure of a recording."""
    return _GROUP_COLOURS[list(groups).index(group) % len(_GROUP_COLOURS)]


def draw_group_legend(figure: Figure | SubFigure, groups: Sequence[MuscleGroup]) -> None:
    """Draw the colours of the groups above all panels; nothing where there is one group."""
    if len(groups) > 1:
        handles = [Patch(color=group_colour(groups, group), label=group.name) for group in groups]
        figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), handlelength=1)


def draw_band(axes: Axes, average: Average, column: int, **look: Any) -> None:
    """Draw the mean of one column over the movement, and a band of one standard deviation to either side."""
    share = np.linspace(0, 100, len(average.mean))
    mean, sd = average.mean[:, column], average.sd[:, column]
    axes.fill_between(share, mean - sd, mean + sd, color=look["color"], **_BAND)
    axes.plot(share, mean, **look)
    axes.set(xlim=(0, 100), xticks=(0, 50, 100))
