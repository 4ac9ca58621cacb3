"""Panels of a reach that several figures share: its path, its coordinates, its errors, a map of many rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from mousearm.evaluate.track import Track
from mousearm.render import TARGET_COLOURS

POINTS = ("elbow", "paw")
"""The points that have targets, in the order of ``Track.errors_mm``."""
POINT_STYLES: tuple[dict[str, Any], ...] = tuple({"color": colour} for colour in TARGET_COLOURS)
"""How lines of elbow and paw look."""
# Those of their targets are dashed and darker.
_TARGET_STYLES: tuple[dict[str, Any], ...] = tuple(
    {"color": [0.4 * part for part in colour], "linestyle": (0, (3, 2)), "linewidth": 0.8} for colour in TARGET_COLOURS
)
_START_DOT: dict[str, Any] = {"marker": "o", "markevery": [0], "markersize": 3.5}


def draw_path(axes: Axes, track: Track, plane: Sequence[int]) -> None:
    """Arm, paths and targets along two or, on axes of three dimensions, three of the coordinates x, y, z."""
    for frame in (0, -1):
        axes.plot(*track.points_mm[frame][:, plane].T, color="0.8", linewidth=2.5, label="arm at start, end")
    axes.plot(*track.points_mm[:1, 0, plane].T, "o", color="0.5", markersize=3.5, label="shoulder")
    for i, point in enumerate(POINTS):
        axes.plot(*track.points_mm[:, 1 + i, plane].T, **POINT_STYLES[i], **_START_DOT, label=f"{point}, from dot")
        axes.plot(*track.target_mm[:, i, plane].T, **_TARGET_STYLES[i], label=f"{point} target")


def path_limits(track: Track) -> np.ndarray:
    """(3, 2) limits of x, y and z in mm, all of one span, that hold the arm and its targets."""
    everything = np.concatenate([track.points_mm.reshape(-1, 3), track.target_mm.reshape(-1, 3)])
    low, high = everything.min(axis=0), everything.max(axis=0)
    return ((low + high) / 2)[:, None] + 0.55 * (high - low).max() * np.array([-1, 1])


def draw_coordinate(axes: Axes, track: Track, axis: int) -> None:
    """One coordinate of elbow and paw, with their targets, over time."""
    for i in range(len(POINTS)):
        axes.plot(track.ms, track.points_mm[:, 1 + i, axis], **POINT_STYLES[i])
        axes.plot(track.target_ms, track.target_mm[:, i, axis], **_TARGET_STYLES[i])
    label_time(axes, track, title="xyz"[axis], ylabel=f"{'xyz'[axis]} from shoulder (mm)")


def draw_errors(axes: Axes, track: Track) -> None:
    """Distances of elbow and paw from their targets over time, with their means."""
    for i, point in enumerate(POINTS):
        mean = track.mean_errors_mm[i]
        axes.plot(track.ms, track.errors_mm[:, i], **POINT_STYLES[i], label=f"{point}, mean {mean:.2f} mm")
        axes.axhline(mean, **POINT_STYLES[i], linewidth=0.8, linestyle=":")
    label_time(axes, track, title="Error", ylabel="distance from target (mm)")
    axes.set(ylim=(0, 1.25 * max(track.errors_mm.max(), 1e-3)))
    axes.legend(loc="upper left")


def label_time(axes: Axes, track: Track, **labels: str) -> None:
    """The axis of time of a whole reach; ``labels`` are further properties of the axes."""
    axes.set(xlim=(0, track.target_ms[-1]), xlabel="time (ms)", **labels)


def draw_point_legend(figure: Figure | SubFigure, path: Axes) -> None:
    """One legend above all panels: what ``draw_path`` has labelled in one of them."""
    handles = {str(line.get_label()): line for line in path.lines}
    figure.legend(handles.values(), handles.keys(), loc="outside upper left", ncols=len(handles))


def draw_map(axes: Axes, edges_ms: np.ndarray, values: np.ndarray, names: Sequence[str], label: str) -> None:
    """Many rows over time as colours, with a bar of colours.

    Args:
        axes: what to draw on.
        edges_ms: (n + 1,) ms between which values hold.
        values: (n, k); NaN for what stays empty.
        names: of the k rows, from above.
        label: of the colours, with the unit.
    """
    largest = max(0.1, np.ceil(10 * np.nanmax(np.abs(values), initial=0)) / 10)
    signed = bool((values < 0).any())
    colours = {"cmap": "PuOr", "vmin": -largest} if signed else {"cmap": "magma_r", "vmin": 0}
    mesh = axes.pcolormesh(edges_ms, np.arange(len(names) + 1) - 0.5, values.T, vmax=largest, **colours)
    axes.set_yticks(range(len(names)), [spoken(name) for name in names])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.figure.colorbar(mesh, ax=axes, label=label, pad=0.01, aspect=30)


def spoken(name: str) -> str:
    """A name of the model as figures have it: without underscores."""
    return name.replace("_", " ")
