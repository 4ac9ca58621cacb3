"""Figures of an evaluation: a page per reach, and one page on which all reaches are compared.

The panels of a trial (path, coordinates, errors, a map of many rows) are shared with figures of recordings.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.muscles import Drives
from mousearm.evaluate.results import REACH_DIRECTIONS, SPLITS
from mousearm.plots import QUIET_PALETTE, SPLIT_MARKERS, below_title, error_axis, legend_above, name_rows, page, sign
from mousearm.render import TARGET_COLOURS
from mousearm.text import display_name
from mousearm.trajectory import DIRECTIONS, FOLLOWED, LANDMARKS, SHOULDER, Trial

_COLOURS = dict(zip(LANDMARKS[FOLLOWED], TARGET_COLOURS, strict=True))
POINT_STYLES: dict[str, dict[str, Any]] = {point: {"color": colour} for point, colour in _COLOURS.items()}
"""Looks of the lines of elbow and paw."""
# Those of their targets are dashed and darker.
_TARGET_STYLES: dict[str, dict[str, Any]] = {
    point: {"color": [0.4 * part for part in colour], "linestyle": (0, (3, 2)), "linewidth": 0.8}
    for point, colour in _COLOURS.items()
}
HEADROOM = 1.45  # of an axis, over the largest value: a legend of two rows keeps clear of peaks
_START_DOT: dict[str, Any] = {"marker": "o", "markevery": [0], "markersize": 3.5}
_LARGE: dict[str, Any] = {"markersize": 3.5}
_SMALL: dict[str, Any] = {"markersize": 1.6, "markeredgewidth": 0.4, "alpha": 0.6}  # markers of many reaches


def reach_figure(trial: Trial, drives: Drives, source: str = "") -> Figure:
    """Draw one reach as an arm performed it, 180 mm wide, with what drives it; ``source`` is whose it is."""
    n = trial.ctrl.shape[1]
    as_lines = n <= len(QUIET_PALETTE)
    heights_mm = (114, 52 if as_lines else 14 + 3.2 * n)
    with page(sum(heights_mm), trial_title(trial)) as figure:
        motion, control = figure.subfigures(2, 1, squeeze=False, height_ratios=heights_mm).flat
        _draw_motion(motion, trial)
        _draw_drives(control.add_subplot(), trial, drives, as_lines)
        sign(figure, source)
    return figure


def trial_title(trial: Trial) -> str:
    """The reach's name and split, its mean errors, and whether the simulation diverged."""
    errors = zip(LANDMARKS[FOLLOWED], trial.mean_errors_mm[FOLLOWED], strict=True)
    known = [f"{name} {mm:.2f} mm" for name, mm in errors if not np.isnan(mm)]
    side = f" ({trial.split})" if trial.split else ""
    text = f"{trial.name}{side}    mean error: {', '.join(reversed(known))}"
    if trial.diverged:
        text += f"\nThe simulation diverged after {1e3 * trial.end:.0f} ms; the arm is drawn up to there."
    return text


def _draw_motion(figure: SubFigure, trial: Trial) -> None:
    """Draw two projections and the error above the three coordinates, with one legend for all."""
    grid = figure.add_gridspec(2, 3, height_ratios=(1.35, 1))
    limits = path_limits(trial)
    for column, across in enumerate((1, 0)):  # on one scale
        axes, name = figure.add_subplot(grid[0, column]), DIRECTIONS[across]
        draw_path(axes, trial, [across, 2])
        axes.set(xlim=limits[across], ylim=limits[2], box_aspect=1)
        axes.set(title=f"Path, {name}–up plane", xlabel=f"{name} from shoulder (mm)", ylabel="up from shoulder (mm)")
    error = figure.add_subplot(grid[0, 2])
    draw_errors(error, trial)
    error.set_box_aspect(1)
    for axis in range(3):
        draw_coordinate(figure.add_subplot(grid[1, axis]), trial, axis)
    for axes in figure.axes:  # ticks that do not depend on the layout, which has no room for wider ones
        axes.locator_params(nbins=5)
    draw_point_legend(figure, figure.axes[0])
    figure.align_ylabels()


def _draw_drives(axes: Axes, trial: Trial, drives: Drives, as_lines: bool) -> None:
    """Draw few drives as steps, with a legend, and many as a map."""
    order = list(range(len(drives.names)) if drives.order is None else drives.order)
    values, names = (drives.scale * trial.ctrl[1:])[:, order], [display_name(drives.names[i]) for i in order]
    if as_lines:
        for ctrl, name, colour in zip(values.T, names, QUIET_PALETTE, strict=False):
            axes.stairs(ctrl, 1e3 * trial.time, baseline=None, color=colour, label=name, linewidth=1.0)
        label_time(axes, trial, title=drives.title, ylabel=drives.label)
        legend_above(axes, axes.get_legend_handles_labels()[0])
    else:
        draw_map(axes, 1e3 * trial.time, values, names, drives.label)
        label_time(axes, trial, title=drives.title)


def draw_path(axes: Axes, trial: Trial, plane: Sequence[int]) -> None:
    """Draw arm, paths and targets along two or, on axes of three dimensions, three of the coordinates x, y, z."""
    points, targets = _from_shoulder(trial.landmarks, trial)[..., plane], _from_shoulder(trial.targets, trial)
    for frame in (0, -1):
        axes.plot(*points[frame].T, color="0.8", linewidth=2.5, label="arm at start, end")
    axes.plot(*points[:1, SHOULDER].T, "o", color="0.5", markersize=3.5, label="shoulder")
    for name, look in POINT_STYLES.items():
        point = LANDMARKS.index(name)
        axes.plot(*points[:, point].T, **look, **_START_DOT, label=f"{name}, from dot")
        _draw_target(axes, targets[:, point, plane].T, name, label=f"{name} target")


def _draw_target(axes: Axes, path: np.ndarray, name: str, label: str) -> None:
    """Draw the path of a target, (2 or 3, T) mm: dashed, a cross where it stays, nothing where there is none."""
    if np.isnan(path).all():
        return
    stays = {"marker": "x", "markersize": 5, "markevery": [0]} if not np.ptp(path, axis=1).any() else {}
    axes.plot(*path, **_TARGET_STYLES[name], **stays, label=label)


def path_limits(trial: Trial) -> np.ndarray:
    """(3, 2) limits of x, y and z in mm, all of one span, that hold the arm and its targets."""
    everything = _from_shoulder(trial.points, trial)
    low, high = everything.min(axis=0), everything.max(axis=0)
    return ((low + high) / 2)[:, None] + 0.55 * (high - low).max() * np.array([-1, 1])


def draw_coordinate(axes: Axes, trial: Trial, axis: int) -> None:
    """Draw one coordinate of elbow and paw, with their targets, over time."""
    points, targets = (_from_shoulder(rows, trial)[..., axis] for rows in (trial.landmarks, trial.targets))
    target_ms = 1e3 * trial.dt * np.arange(trial.n_frames)
    for name, look in POINT_STYLES.items():
        axes.plot(1e3 * trial.time, points[:, LANDMARKS.index(name)], **look)
        axes.plot(target_ms, targets[:, LANDMARKS.index(name)], **_TARGET_STYLES[name])  # nothing where it is NaN
    label_time(axes, trial, title=DIRECTIONS[axis].capitalize(), ylabel=f"{DIRECTIONS[axis]} from shoulder (mm)")


def draw_errors(axes: Axes, trial: Trial) -> None:
    """Draw the distances of elbow and paw from their targets over time, with their means."""
    errors, means = trial.errors_mm, trial.mean_errors_mm
    for name, look in POINT_STYLES.items():
        point = LANDMARKS.index(name)
        if np.isnan(means[point]):  # it has no target
            continue
        axes.plot(1e3 * trial.time, errors[:, point], **look, label=f"{name}, mean {means[point]:.2f} mm")
        axes.axhline(means[point], **look, linewidth=0.8, linestyle=":")
    label_time(axes, trial, title="Error", ylabel="distance from target (mm)")
    axes.set(ylim=(0, HEADROOM * np.nanmax([*errors[:, FOLLOWED].flat, 1e-3])))
    axes.legend(loc="upper left")


def label_time(axes: Axes, trial: Trial, **labels: str) -> None:
    """Set the axis of time of a whole reach; ``labels`` are further properties of the axes."""
    axes.set(xlim=(0, 1e3 * trial.duration), xlabel="time (ms)", **labels)


def draw_point_legend(figure: Figure | SubFigure, path: Axes) -> None:
    """Draw one legend above all panels, of the labels that ``draw_path`` made in one of them."""
    handles = {str(line.get_label()): line for line in path.lines}
    figure.legend(handles.values(), handles.keys(), loc="outside upper left", ncols=len(handles))


def draw_map(axes: Axes, edges_ms: np.ndarray, values: np.ndarray, names: Sequence[str], label: str) -> None:
    """Draw k named rows over time as colours, with a bar of these: (n, k), between (n + 1,) ms; NaN stays empty."""
    largest = max(0.1, np.ceil(10 * np.nanmax(np.abs(values), initial=0)) / 10)
    signed = bool((values < 0).any())
    colours = {"cmap": "PuOr", "vmin": -largest} if signed else {"cmap": "magma_r", "vmin": 0}
    mesh = axes.pcolormesh(edges_ms, np.arange(len(names) + 1) - 0.5, values.T, vmax=largest, **colours)
    name_rows(axes, names, margin=0.5)
    axes.figure.colorbar(mesh, ax=axes, label=label, pad=0.01, aspect=30)


def _from_shoulder(points: np.ndarray, trial: Trial) -> np.ndarray:
    """Points in mm from where the shoulder was at the start."""
    return 1e3 * (points - trial.landmarks[0, SHOULDER])


def generalisation_figure(evaluation: Evaluation, source: str = "") -> Figure:
    """Draw the mean paw error of each reach against distance, peak speed and direction, train and test marked."""
    gap, reaches = evaluation.generalisation_gap, evaluation.reaches
    title = f"Paw error of {len(reaches)} reaches" + (f"    test / train: {gap['paw']:.2f}" if gap else "")
    with page(78, title) as figure:
        body = below_title(figure)
        distance, speed, direction = body.subplots(1, 3, sharey=True, width_ratios=(1, 1, 1.3))
        _draw_points(distance, evaluation, [reach.movement.distance_mm for reach in reaches])
        distance.set(title="Distance", xlabel="farthest from the start (mm)", xlim=(0, None))
        _draw_points(speed, evaluation, [reach.movement.peak_speed_m_s for reach in reaches])
        speed.set(title="Speed", xlabel="peak speed of the target (m/s)", xlim=(0, None))
        _draw_directions(direction, evaluation)
        error_axis(distance, "y", [reach.paw_mm.mean for reach in reaches])
        distance.set_ylabel("mean paw error (mm)")
        handles, labels = distance.get_legend_handles_labels()
        body.legend(handles, labels, loc="outside upper left", ncols=len(labels))
        sign(figure, source)
    return figure


def _draw_directions(axes: Axes, evaluation: Evaluation) -> None:
    """Draw the reaches of one direction side by side, in their order."""
    names = [reach.movement.direction for reach in evaluation.reaches]
    present = [direction for direction in REACH_DIRECTIONS if direction in names]
    x = np.array([present.index(name) for name in names], dtype=float)
    for i in range(len(present)):
        same = np.flatnonzero(x == i)
        x[same] += np.linspace(-0.3, 0.3, len(same) + 2)[1:-1]
    _draw_points(axes, evaluation, x)
    axes.set(title="Direction", xlabel="from the start to the farthest point", xlim=(-0.6, len(present) - 0.4))
    axes.set_xticks(range(len(present)), present)


def _draw_points(axes: Axes, evaluation: Evaluation, x: Sequence[float] | np.ndarray) -> None:
    """Draw a marker per reach, and the mean of each split as a line."""
    size = _LARGE if len(evaluation.reaches) <= 100 else _SMALL
    for split in SPLITS:
        chosen = [(at, r.paw_mm.mean) for at, r in zip(x, evaluation.reaches, strict=True) if r.split == split]
        if chosen:
            mean, look = evaluation.splits[split]["paw_mm"].mean, SPLIT_MARKERS[split]
            label = f"{split}: {len(chosen)}, mean {mean:.3g} mm"
            axes.plot(*zip(*chosen, strict=True), linestyle="none", label=label, clip_on=False, **size, **look)
            axes.axhline(mean, color=look["color"], linewidth=0.8, linestyle="--", zorder=0)
