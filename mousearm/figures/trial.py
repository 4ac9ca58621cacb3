"""Figures of one trial: where the arm went, its joint angles, the activations of its muscles."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import Axes3D

from mousearm.analysis import Agreement, agreement
from mousearm.evaluate import figure as shared
from mousearm.evaluate.muscles import MuscleGroup
from mousearm.plots import BLUE, below_title, page
from mousearm.record.signals import ReachRecording
from mousearm.text import display_name, number
from mousearm.trajectory import DIRECTIONS, Trial

FULL_MM, COLUMN_MM = 175, 85
"""Widths of a journal's page and of one of its columns."""
_UPPER_MM, _LOWER_MM, _HEAD_MM = 72, 44, 12
_PER_ROW = 3
_REFERENCE: dict[str, Any] = {"color": "0.15", "linestyle": (0, (3, 2)), "linewidth": 0.9}


def trajectory_figure(reach: ReachRecording) -> Figure:
    """Draw the path in three dimensions, the distance from the target, and the three coordinates."""
    trial = reach.trial
    with page(_HEAD_MM + _UPPER_MM + _LOWER_MM, shared.trial_title(trial), FULL_MM) as figure:
        body = below_title(figure)
        upper, lower = body.subfigures(2, 1, squeeze=False, height_ratios=(_UPPER_MM, _LOWER_MM)).flat
        space = upper.add_subplot(1, 2, 1, projection="3d")
        assert isinstance(space, Axes3D)
        _draw_space(space, trial)
        shared.draw_errors(upper.add_subplot(1, 2, 2), trial)
        for axis, axes in enumerate(lower.subplots(1, 3)):
            shared.draw_coordinate(axes, trial, axis)
        shared.draw_point_legend(upper, space)
    return figure


def joint_figure(reach: ReachRecording) -> Figure:
    """Draw a panel per joint: the angle and its reference in degrees, with Pearson's r and the rms difference."""
    names, ms = reach.signals["qpos"].columns, 1e3 * reach.signals["time"].values
    actual, reference, found = angles(reach)
    n_rows, known = -(-len(names) // _PER_ROW), not np.isnan(reference).all()
    with page(_HEAD_MM + 42 * n_rows, f"{reach.name} ({reach.split})    joint angles", FULL_MM) as figure:
        body = below_title(figure)
        panels = body.subplots(n_rows, _PER_ROW, squeeze=False)
        for axes in panels.flat[len(names) :]:
            axes.remove()
        for j, (axes, name) in enumerate(zip(panels.flat, names, strict=False)):
            axes.plot(ms, actual[:, j], color=BLUE, label="arm")
            if known:
                axes.plot(ms, reference[:, j], **_REFERENCE, label="reference (inverse kinematics)")
            axes.set(xlim=(ms[0], max(ms[-1], 1e-3)), ylabel="angle (°)", xlabel="time (ms)")
            axes.set_title(display_name(name), pad=13)
            text = f"r = {number(found.r[j], '.2f')}, rms {found.rms[j]:.1f}°"
            axes.annotate(text if known else "", (0, 1), (0, 4), xycoords="axes fraction", textcoords="offset points")
        body.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=2)
        body.align_ylabels()
    return figure


def activation_figure(reach: ReachRecording, groups: Sequence[MuscleGroup]) -> Figure:
    """Draw the activations of all muscles over time as a map, group by group."""
    trial, activation = reach.trial, reach.signals["activation"]
    ms = 1e3 * trial.time
    names, columns = [], []
    for group in groups:
        names += [group.name.capitalize(), *(display_name(activation.columns[muscle]) for muscle in group.muscles)]
        columns += [None, *group.muscles]
    blank = np.full(len(trial), np.nan)
    rows = np.stack([blank if column is None else activation.values[:, column] for column in columns], axis=1)
    with page(16 + 3.4 * len(names), f"{reach.name} ({reach.split})", COLUMN_MM) as figure:
        axes = figure.subplots()
        shared.draw_map(axes, _edges(ms), rows, names, "activation (0 to 1)")
        shared.label_time(axes, trial)
        for label, column in zip(axes.get_yticklabels(), columns, strict=True):
            label.set_fontweight("bold" if column is None else "normal")
    return figure


def angles(reach: ReachRecording) -> tuple[np.ndarray, np.ndarray, Agreement]:
    """Joint angles and their reference in degrees, each (T, nq), and how well they agree."""
    actual, reference = (np.rad2deg(reach.signals[name].values) for name in ("qpos", "reference_qpos"))
    return actual, reference, agreement(actual, reference)


def _draw_space(axes: Axes3D, trial: Trial) -> None:
    """Draw the path in three dimensions, all of one scale."""
    shared.draw_path(axes, trial, [0, 1, 2])
    limits = shared.path_limits(trial)
    axes.set(xlim=limits[0], ylim=limits[1], zlim=limits[2])
    axes.set_title("Path", loc="left")
    axes.set(**{f"{axis}label": f"{name} from shoulder (mm)" for axis, name in zip("xyz", DIRECTIONS, strict=True)})
    axes.set_box_aspect(np.ones(3), zoom=1.15)  # type: ignore[arg-type]  # its stub knows whole numbers alone
    axes.view_init(elev=18, azim=-50)  # degrees: from the animal's front right, a little from above
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.pane.set_visible(False)  # type: ignore[attr-defined]  # an axis of three dimensions
        axis.labelpad = -4
        axis.set_tick_params(pad=-2)
    axes.locator_params(nbins=4)
    axes.grid(visible=True)


def _edges(ms: np.ndarray) -> np.ndarray:
    """(T + 1,) ms between which the states of the T frames are drawn: half way to the next, the whole at the ends."""
    return np.concatenate([ms[:1], (ms[1:] + ms[:-1]) / 2, ms[-1:]])
