"""One page per reach: where the arm went, where it should have gone, how far apart the two were, and what drove it."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

from mousearm.evaluate.panels import (
    draw_coordinate,
    draw_errors,
    draw_map,
    draw_path,
    draw_point_legend,
    label_time,
    path_limits,
)
from mousearm.evaluate.rollout import Rollout
from mousearm.evaluate.track import Track
from mousearm.page import new_page, style, write_page

# Okabe and Ito's palette without elbow and paw and without yellow, which is too pale for lines; and a grey.
_LINE_COLOURS = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#888888")
_CONTROL = "control (dimensionless)"


def draw_reach(rollout: Rollout, reach: int, actuator_names: Sequence[str], path: Path) -> tuple[Path, Path]:
    """Draw one reach and write it as PNG and PDF, 180 mm wide.

    Args:
        rollout: what the arms did.
        reach: which of them.
        actuator_names: names of the nu actuators, in the order of ctrl.
        path: the files' path without suffix; the folder exists.

    Returns:
        The PNG and the PDF file.
    """
    return write_page(reach_figure(rollout, reach, actuator_names), path)


def reach_figure(rollout: Rollout, reach: int, actuator_names: Sequence[str]) -> Figure:
    """The figure that `draw_reach` writes; arguments as there."""
    track = Track.of(rollout, reach)
    as_lines = rollout.ctrl.shape[2] <= len(_LINE_COLOURS)
    heights_mm = (114, 52 if as_lines else 14 + 3.2 * rollout.ctrl.shape[2])
    with style():
        figure = new_page(sum(heights_mm))
        FigureCanvasAgg(figure)
        motion, control = figure.subfigures(2, 1, squeeze=False, height_ratios=heights_mm).flat
        _motion(motion, track)
        (_control_lines if as_lines else _control_map)(control.add_subplot(), track, actuator_names)
        figure.suptitle(track.title, x=0.012, ha="left")
    return figure


def _motion(figure: SubFigure, track: Track) -> None:
    """Two projections and the error above the three coordinates, with one legend for all."""
    grid = figure.add_gridspec(2, 3, height_ratios=(1.35, 1))
    for column, across in enumerate((1, 0)):
        _projection(figure.add_subplot(grid[0, column]), track, across)
    error = figure.add_subplot(grid[0, 2])
    draw_errors(error, track)
    error.set_box_aspect(1)
    for axis in range(3):
        draw_coordinate(figure.add_subplot(grid[1, axis]), track, axis)
    draw_point_legend(figure, figure.axes[0])
    figure.align_ylabels()


def _projection(axes: Axes, track: Track, across: int) -> None:
    """The path on the plane of one horizontal axis and z; all projections have one scale."""
    draw_path(axes, track, [across, 2])
    limits, letter = path_limits(track), "xyz"[across]
    axes.set(xlim=limits[across], ylim=limits[2], box_aspect=1)
    axes.set(title=f"Path, {letter}–z plane", xlabel=f"{letter} from shoulder (mm)", ylabel="z from shoulder (mm)")


def _control_lines(axes: Axes, track: Track, names: Sequence[str]) -> None:
    for ctrl, name, colour in zip(track.ctrl.T, names, _LINE_COLOURS, strict=False):
        axes.stairs(ctrl, track.ms, baseline=None, color=colour, label=name, linewidth=1.0)
    label_time(axes, track, title="Controls", ylabel=_CONTROL)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(names), borderaxespad=0)


def _control_map(axes: Axes, track: Track, names: Sequence[str]) -> None:
    draw_map(axes, track.ms, track.ctrl, names, _CONTROL)
    label_time(axes, track, title="Controls")
