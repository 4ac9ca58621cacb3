"""What drives the arm over time: activations of one performance as a map, means over performances muscle by muscle."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from mousearm.analysis import MuscleGroup, average
from mousearm.evaluate.panels import draw_map, label_time, spoken
from mousearm.figures.drawing import (
    COLUMN_MM,
    MOVEMENT,
    counted,
    draw_band,
    draw_group_legend,
    drive,
    driven,
    group_colour,
    page,
)
from mousearm.figures.trajectory import track_of
from mousearm.page import style
from mousearm.record.recording import ReachRecording

_MAP_HEAD_MM, _MAP_ROW_MM = 16, 3.4
_HEAD_MM, _ROW_MM, _PER_ROW = 16, 19, 4


def activation_figure(reach: ReachRecording, groups: Sequence[MuscleGroup]) -> Figure:
    """Activations of all muscles over time as a map, group by group."""
    track, activation = track_of(reach), reach.signals["activation"]
    names, columns = [], []
    for group in groups:
        names += [group.name.capitalize(), *(activation.columns[muscle] for muscle in group.muscles)]
        columns += [None, *group.muscles]
    blank = np.full(len(track.ms), np.nan)
    rows = np.stack([blank if column is None else activation.values[:, column] for column in columns], axis=1)
    with style():
        figure = page(_MAP_HEAD_MM + _MAP_ROW_MM * len(names), reach.name, COLUMN_MM)
        axes = figure.subplots()
        draw_map(axes, _edges(track.ms), rows, names, "activation (0 to 1)")
        label_time(axes, track)
        for label, column in zip(axes.get_yticklabels(), columns, strict=True):
            label.set_fontweight("bold" if column is None else "normal")
    return figure


def drive_figure(reaches: Sequence[ReachRecording], groups: Sequence[MuscleGroup]) -> Figure:
    """A panel for each muscle or motor: mean activation or control over the movement, with its standard deviation."""
    mean = average([driven(reach) for reach in reaches])
    names, unit = drive(reaches[0]).columns, "activation" if "activation" in reaches[0].signals else "control"
    members = [(group, muscle) for group in groups for muscle in group.muscles]
    n_rows = -(-len(members) // _PER_ROW)
    with style():
        figure = page(_HEAD_MM + _ROW_MM * n_rows, f"Mean {unit} ± s.d. over {counted(reaches)}")
        (body,) = figure.subfigures(1, 1, squeeze=False).flat  # its legend keeps clear of the title
        panels = body.subplots(n_rows, _PER_ROW, squeeze=False, sharex=True, sharey=True)
        for i in range(len(members), panels.size):
            panels.flat[i].remove()
            panels.flat[i - _PER_ROW].tick_params(labelbottom=True)
        for axes, (group, muscle) in zip(panels.flat, members, strict=False):
            draw_band(axes, mean, muscle, color=group_colour(groups, group))
            axes.set_title(spoken(names[muscle]), fontweight="normal", fontsize=7)
        draw_group_legend(body, groups)
        body.supxlabel(MOVEMENT, fontsize=7)
        body.supylabel(f"{unit} (dimensionless)", fontsize=7)
    return figure


def _edges(ms: np.ndarray) -> np.ndarray:
    """(T + 1,) ms between which the states of the T frames are drawn: half way to the next, the whole at the ends."""
    return np.concatenate([ms[:1], (ms[1:] + ms[:-1]) / 2, ms[-1:]])
