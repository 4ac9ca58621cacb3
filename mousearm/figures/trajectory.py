"""Where the arm went: its path in space, its coordinates and its error over time, with the target."""

import numpy as np
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d import Axes3D

from mousearm.evaluate.panels import draw_coordinate, draw_errors, draw_path, draw_point_legend, path_limits
from mousearm.evaluate.track import Track
from mousearm.figures.drawing import page
from mousearm.page import style
from mousearm.record.recording import ReachRecording

_UPPER_MM, _LOWER_MM, _HEAD_MM = 72, 44, 12
_ELEVATION, _AZIMUTH = 18, -50  # degrees: from the animal's front right, a little from above
_ZOOM = 1.15


def trajectory_figure(reach: ReachRecording) -> Figure:
    """Path in three dimensions, distance from the target, and the three coordinates, of one performance."""
    track = track_of(reach)
    with style():
        figure = page(_HEAD_MM + _UPPER_MM + _LOWER_MM, track.title)
        (body,) = figure.subfigures(1, 1, squeeze=False).flat  # its legend keeps clear of the title
        upper, lower = body.subfigures(2, 1, squeeze=False, height_ratios=(_UPPER_MM, _LOWER_MM)).flat
        space = upper.add_subplot(1, 2, 1, projection="3d")
        assert isinstance(space, Axes3D)
        _space(space, track)
        draw_errors(upper.add_subplot(1, 2, 2), track)
        for axis, axes in enumerate(lower.subplots(1, 3)):
            draw_coordinate(axes, track, axis)
        draw_point_legend(upper, space)
    return figure


def track_of(reach: ReachRecording) -> Track:
    """A recorded performance in the units of a figure."""
    signals = {name: signal.values for name, signal in reach.signals.items()}
    ms, shoulder = 1e3 * (signals["time"] - signals["time"][0]), signals["landmarks"][0, 0]
    return Track(
        name=reach.name,
        completed=reach.completed,
        target_ms=ms,
        target_mm=1e3 * (signals["target"] - shoulder),
        ms=ms,
        points_mm=1e3 * (signals["landmarks"] - shoulder),
        errors_mm=signals["error"],
        ctrl=signals["excitation" if "excitation" in signals else "control"][1:],
    )


def _space(axes: Axes3D, track: Track) -> None:
    """The path in three dimensions, all of one scale."""
    draw_path(axes, track, [0, 1, 2])
    limits = path_limits(track)
    axes.set(xlim=limits[0], ylim=limits[1], zlim=limits[2])
    axes.set_title("Path", loc="left")
    axes.set(xlabel="x from shoulder (mm)", ylabel="y from shoulder (mm)", zlabel="z from shoulder (mm)")
    axes.set_box_aspect(np.ones(3), zoom=_ZOOM)  # type: ignore[arg-type]  # its stub knows whole numbers alone
    axes.view_init(_ELEVATION, _AZIMUTH)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.pane.set_visible(False)  # type: ignore[attr-defined]  # an axis of three dimensions
        axis.labelpad = -4
        axis.set_tick_params(pad=-2)
    axes.locator_params(nbins=4)
    axes.grid(visible=True)
