"""One page per reach: where the arm went, where it should have gone, how far apart the two were, and what drove it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure

from mousearm.evaluate.rollout import Rollout
from mousearm.page import new_page, style, write_page
from mousearm.render import TARGET_COLOURS

# Elbow and paw, in the order of Rollout.targets; their targets are dashed and darker.
_POINTS = ("elbow", "paw")
_STYLES: tuple[dict[str, Any], ...] = tuple({"color": colour} for colour in TARGET_COLOURS)
_TARGET_STYLES: tuple[dict[str, Any], ...] = tuple(
    {"color": [0.4 * part for part in colour], "linestyle": (0, (3, 2)), "linewidth": 0.8} for colour in TARGET_COLOURS
)
_START_DOT: dict[str, Any] = {"marker": "o", "markevery": [0], "markersize": 3.5}
# Okabe and Ito's palette without elbow and paw and without yellow, which is too pale for lines; and a grey.
_LINE_COLOURS = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#888888")


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
    track = _Track.of(rollout, reach)
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


class _Track(NamedTuple):
    """One reach in the units of the figure: ms, and mm from the shoulder's place at the start.

    The arm's arrays have the L frames that it lived through, the target's all T.
    """

    name: str
    target_ms: np.ndarray  # (T,)
    target_mm: np.ndarray  # (T, 2, 3) elbow and paw
    ms: np.ndarray  # (L,)
    points_mm: np.ndarray  # (L, 3, 3) shoulder, elbow and paw
    errors_mm: np.ndarray  # (L, 2) elbow and paw
    ctrl: np.ndarray  # (L - 1, nu), held between two frames

    @staticmethod
    def of(rollout: Rollout, reach: int) -> "_Track":
        """Cut one reach out of a rollout."""
        lived, frames = int(rollout.completed[reach]), int(rollout.n_frames[reach])
        ms = 1e3 * rollout.dt * np.arange(frames)
        shoulder = rollout.landmarks[reach, 0, 0]
        return _Track(
            name=rollout.names[reach],
            target_ms=ms,
            target_mm=1e3 * (rollout.targets[reach, :frames] - shoulder),
            ms=ms[:lived],
            points_mm=1e3 * (rollout.landmarks[reach, :lived] - shoulder),
            errors_mm=rollout.errors_mm()[reach, :lived],
            ctrl=rollout.ctrl[reach, 1:lived],
        )

    @property
    def mean_errors_mm(self) -> np.ndarray:
        """(2,) as in the evaluation: frame 0, where the arm was put, counts only if there is no other."""
        return self.errors_mm[min(1, len(self.errors_mm) - 1) :].mean(axis=0)

    @property
    def title(self) -> str:
        """The reach's name, its mean errors, and whether the simulation died."""
        elbow, paw = self.mean_errors_mm
        text = f"{self.name}    mean error: paw {paw:.2f} mm, elbow {elbow:.2f} mm"
        if len(self.ms) < len(self.target_ms):
            text += f"\nThe simulation diverged after {self.ms[-1]:.0f} ms; the arm is drawn up to there."
        return text


def _motion(figure: SubFigure, track: _Track) -> None:
    """Two projections and the error above the three coordinates, with one legend for all."""
    grid = figure.add_gridspec(2, 3, height_ratios=(1.35, 1))
    for column, across in enumerate((1, 0)):
        _path(figure.add_subplot(grid[0, column]), track, across)
    _errors(figure.add_subplot(grid[0, 2]), track)
    for axis in range(3):
        _coordinate(figure.add_subplot(grid[1, axis]), track, axis)
    handles = {str(line.get_label()): line for line in figure.axes[0].lines}
    figure.legend(handles.values(), handles.keys(), loc="outside upper left", ncols=len(handles))
    figure.align_ylabels()


def _path(axes: Axes, track: _Track, across: int) -> None:
    """The projection on the plane of one horizontal axis and z; all projections have one scale."""
    everything = np.concatenate([track.points_mm.reshape(-1, 3), track.target_mm.reshape(-1, 3)])
    low, high = everything.min(axis=0), everything.max(axis=0)
    middle, around = (low + high) / 2, 0.55 * (high - low).max() * np.array([-1, 1])
    plane, letter = [across, 2], "xyz"[across]
    for frame in (0, -1):
        axes.plot(*track.points_mm[frame][:, plane].T, color="0.8", linewidth=2.5, label="arm at start, end")
    axes.plot(*track.points_mm[0, 0, plane], "o", color="0.5", markersize=3.5, label="shoulder")
    for i, point in enumerate(_POINTS):
        axes.plot(*track.points_mm[:, 1 + i, plane].T, **_STYLES[i], **_START_DOT, label=f"{point}, from dot")
        axes.plot(*track.target_mm[:, i, plane].T, **_TARGET_STYLES[i], label=f"{point} target")
    axes.set(xlim=middle[across] + around, ylim=middle[2] + around, box_aspect=1)
    axes.set(title=f"Path, {letter}–z plane", xlabel=f"{letter} from shoulder (mm)", ylabel="z from shoulder (mm)")


def _coordinate(axes: Axes, track: _Track, axis: int) -> None:
    for i in range(len(_POINTS)):
        axes.plot(track.ms, track.points_mm[:, 1 + i, axis], **_STYLES[i])
        axes.plot(track.target_ms, track.target_mm[:, i, axis], **_TARGET_STYLES[i])
    _time_axis(axes, track, title="xyz"[axis], ylabel=f"{'xyz'[axis]} from shoulder (mm)")


def _errors(axes: Axes, track: _Track) -> None:
    for i, point in enumerate(_POINTS):
        mean = track.mean_errors_mm[i]
        axes.plot(track.ms, track.errors_mm[:, i], **_STYLES[i], label=f"{point}, mean {mean:.2f} mm")
        axes.axhline(mean, **_STYLES[i], linewidth=0.8, linestyle=":")
    _time_axis(axes, track, title="Error", ylabel="distance from target (mm)")
    axes.set(box_aspect=1, ylim=(0, 1.25 * max(track.errors_mm.max(), 1e-3)))
    axes.legend(loc="upper left")


def _control_lines(axes: Axes, track: _Track, names: Sequence[str]) -> None:
    for ctrl, name, colour in zip(track.ctrl.T, names, _LINE_COLOURS, strict=False):
        axes.stairs(ctrl, track.ms, baseline=None, color=colour, label=name, linewidth=1.0)
    _time_axis(axes, track, title="Controls", ylabel="control (dimensionless)")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(names), borderaxespad=0)


def _control_map(axes: Axes, track: _Track, names: Sequence[str]) -> None:
    largest = max(0.1, np.ceil(10 * np.abs(track.ctrl).max(initial=0)) / 10)
    signed = bool((track.ctrl < 0).any())
    edges = np.arange(len(names) + 1) - 0.5
    colours = {"cmap": "PuOr", "vmin": -largest} if signed else {"cmap": "magma_r", "vmin": 0}
    mesh = axes.pcolormesh(track.ms, edges, track.ctrl.T, vmax=largest, **colours)
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    _time_axis(axes, track, title="Controls")
    axes.figure.colorbar(mesh, ax=axes, label="control (dimensionless)", pad=0.01, aspect=30)


def _time_axis(axes: Axes, track: _Track, **labels: str) -> None:
    axes.set(xlim=(0, track.target_ms[-1]), xlabel="time (ms)", **labels)
