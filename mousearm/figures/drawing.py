"""What the figures of recordings have in common: sizes, the look of muscle groups, bands around means."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch

from mousearm.analysis import Average, MuscleGroup
from mousearm.page import new_page
from mousearm.record.recording import ReachRecording, Signal

FULL_MM, COLUMN_MM = 175, 85
"""Widths of a journal's page and of one of its columns."""
# Okabe and Ito's palette without yellow, which is too pale, and without the colours of elbow and paw.
_GROUP_COLOURS = ("#009E73", "#56B4E9", "#E69F00", "#CC79A7", "#000000", "#888888")
_BAND: dict[str, Any] = {"alpha": 0.25, "linewidth": 0}
MOVEMENT = "movement (%)"
"""The axis of time as a share of the movement."""


def page(height_mm: float, title: str, width_mm: float = FULL_MM) -> Figure:
    """An empty figure with a title; make it within ``mousearm.page.style``."""
    figure = new_page(height_mm, width_mm)
    figure.suptitle(title, x=0.012, ha="left")
    return figure


def drive(reach: ReachRecording) -> Signal:
    """What drives the arm: activations of muscles, controls of motors."""
    return reach.signals["activation" if "activation" in reach.signals else "control"]


def driven(reach: ReachRecording) -> np.ndarray:
    """Values of ``drive``, (T, k); of controls without the first frame, to which none led."""
    signal = drive(reach).values
    return signal if "activation" in reach.signals else signal[min(1, len(signal) - 1) :]


def group_colour(groups: Sequence[MuscleGroup], group: MuscleGroup) -> str:
    """The same in every figure of a recording."""
    return _GROUP_COLOURS[list(groups).index(group) % len(_GROUP_COLOURS)]


def draw_group_legend(figure: Figure | SubFigure, groups: Sequence[MuscleGroup]) -> None:
    """The colours of the groups, above all panels; nothing where there is one group."""
    if len(groups) > 1:
        handles = [Patch(color=group_colour(groups, group), label=group.name) for group in groups]
        figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), handlelength=1)


def draw_band(axes: Axes, average: Average, column: int, **look: Any) -> None:
    """The mean of one column over the movement, and a band of one standard deviation to either side."""
    share = np.linspace(0, 100, len(average.mean))
    mean, sd = average.mean[:, column], average.sd[:, column]
    axes.fill_between(share, mean - sd, mean + sd, color=look["color"], **_BAND)
    axes.plot(share, mean, **look)
    axes.set(xlim=(0, 100), xticks=(0, 50, 100))


def counted(reaches: Sequence[ReachRecording]) -> str:
    """How many performances of how many reaches."""
    names = {reach.name for reach in reaches}
    text = f"{len(names)} reach" + ("es" if len(names) > 1 else "")
    return text if len(reaches) == len(names) else f"{len(reaches)} performances of {text}"
