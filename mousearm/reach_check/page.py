"""The report of a check as one page that needs no other file, with small multiples of the reaches and joint ranges."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mpl_toolkits.axes_grid1.anchored_artists import AnchoredSizeBar

from mousearm.document import (
    Section,
    list_block,
    picture_block,
    table_block,
    text_block,
    warning_block,
    write_page,
)
from mousearm.kinematics.noise import compare_cutoffs, spectrum, windows
from mousearm.kinematics.reach import Reach
from mousearm.plots import BLACK, BLUE, GREY, VERMILION, draw_coloured, log_axis, name_rows, page
from mousearm.reach_check import HEADER, JOINT_HEADER, SEGMENTS_NOTE, Checked, ReachCheck
from mousearm.text import shortened
from mousearm.trajectory import DIRECTIONS, ELBOW, LANDMARKS, PAW

PER_FIGURE = 12
_PER_ROW = 2
_RIGHT, _FORWARD, _UP = range(len(DIRECTIONS))
_TITLES = ("from the right side", "from above", "speed: m/s over s")
_MARGIN_MM = 2.0
_BAR_MM = 5  # length of the scale bar, and the room that it has below the arm
_ROW_MM = 34
_ARM, _BAR = "0.72", "0.88"
_DOT = 0.4  # degrees, so that a joint that does not move is seen
_NAME_LENGTH = 40
_DIRECTION: dict[str, Any] = {"fontsize": 6, "color": "0.35", "labelpad": 1}


def write_check(report: ReachCheck, path: Path) -> Path:
    """Write the report with its pictures as one HTML file; returns its path. OutputError if it cannot be written."""
    return write_page(path, f"Reaches of {report.source}", f"Arm: {report.arm.source}", _sections(report))


def _sections(report: ReachCheck) -> Iterator[Section]:
    rows = [item.cells() for item in report.checked]
    note = f"{SEGMENTS_NOTE} IK: the farthest that elbow or paw stay from their targets in the best poses of the arm."
    table = table_block((HEADER, rows), kinds=[row[-1] for row in rows])
    yield Section("", [text_block(f"{report.summary}.", "headline"), table, text_block(note, "key")])
    if report.suspicions:
        yield Section("Suspicious", [warning_block(report.suspicions)])
    if report.refused:
        yield Section("Refused", [warning_block(report.refusals)])
    if report.remarks:
        yield Section("Worth a look", [list_block(report.remarks)])
    if figures := trajectory_figures(report.checked):
        key = (
            "Coloured: the paw, dark at the start, bright at the end. Grey: the elbow, and the arm at the start, in "
            "the middle and at the end. Positions are relative to the median shoulder; all panels of a kind have the "
            "same scale."
        )
        drawn = [
            picture_block(lambda figure=figure: figure, "reaches from the side, from above, and their speed")
            for figure in figures
        ]
        yield Section("Trajectories", [text_block(key, "key"), *drawn])
    if (noise := noise_figure([item.reach for item in report.checked if item.reach is not None])) is not None:
        text = (
            "Left: how much of the recorded positions is of each frequency: movement and, where it is flat, noise. "
            "Right: how far points are expected to be from the truth after a low-pass filter of each cut-off, which "
            "leaves noise and takes movement; import_reaches.py --cutoff filters."
        )
        yield Section("Noise", [picture_block(lambda: noise, "spectrum and best cut-off", text)])
    if (joints := joint_range_figure(report)) is not None:
        below = table_block((JOINT_HEADER, report.joint_rows()))
        yield Section("Joint ranges", [picture_block(lambda: joints, "joint ranges"), below])


def trajectory_figures(checked: Sequence[Checked]) -> list[Figure]:
    """Draw every reach that could be read, `PER_FIGURE` on a figure: the arm from the side and above, the paw's speed.

    Positions are relative to the median shoulder, in mm; all panels of a kind have the same scale.
    """
    drawn = [(item, item.reach) for item in checked if item.reach is not None]
    if not drawn:
        return []
    limits = _Limits([reach for _, reach in drawn])
    return [_figure(drawn[i : i + PER_FIGURE], limits) for i in range(0, len(drawn), PER_FIGURE)]


def joint_range_figure(report: ReachCheck) -> Figure | None:
    """Draw one row per joint: the arm's range as a bar, the range of every reach as a line; None without reaches."""
    references = [item.reference for item in report.checked if item.reference is not None]
    if not references:
        return None
    joints = [int(joint) for joint in report.arm.tracked_joints]
    with page(14 + 9 * len(joints)) as figure:
        axes = figure.subplots()
        offsets = np.linspace(-0.28, 0.28, len(references)) if len(references) > 1 else np.zeros(1)
        for row, joint in enumerate(joints):
            low, high = np.rad2deg(report.arm.qpos_range[joint])
            axes.barh(row, high - low, left=low, height=0.75, color=_BAR)
            used = np.array([np.rad2deg([r.qpos[:, joint].min(), r.qpos[:, joint].max()]) for r in references])
            width = min(1.6, 14 / len(references) ** 0.8)
            axes.hlines(row + offsets, used[:, 0] - _DOT, used[:, 1] + _DOT, color=BLUE, linewidth=width)
        name_rows(axes, [report.arm.joint_names[joint] for joint in joints])
        axes.set(xlabel="joint angle (°); grey: range of the arm, blue: each reach")
        axes.spines["left"].set_visible(False)
    return figure


def noise_figure(reaches: Sequence[Reach]) -> Figure | None:
    """Draw how movement and noise part in the spectrum, and what every cut-off leaves; None where no filter helps."""
    tried = compare_cutoffs(whole := [of for of in (reach.tracked for reach in reaches) if np.isfinite(of[2]).all()])
    if len(tried.hz) < 2:
        return None
    tracked = [(part, rate, noise) for points, rate, noise in whole for part in windows(points)]
    slowest = max(5 * rate / (2 * len(points)) for points, rate, _ in tracked)  # that is no slow drift
    frequencies = np.geomspace(slowest, min(rate for _, rate, _ in tracked) / 2, 60)
    power = np.zeros((len(frequencies), len(LANDMARKS)))
    for points, rate, _ in tracked:
        own = np.linspace(0, rate / 2, len(points) + 1)[1:]
        power += np.stack([np.interp(frequencies, own, of) for of in spectrum(points).T], axis=1) / len(tracked)
    noise = np.sqrt(np.mean([np.square(noise) for _, _, noise in tracked], axis=0))
    with page(62) as figure:
        left, right = figure.subplots(1, 2)
        for mark, (name, colour) in enumerate(zip(LANDMARKS, (GREY, BLUE, VERMILION), strict=True)):
            left.plot(frequencies, 1e3 * np.sqrt(power[:, mark]), color=colour)
            left.axhline(1e3 * noise[mark], color=colour, linewidth=0.8, linestyle=":")
            right.plot(tried.hz[1:], tried.errors_mm[1:, mark], color=colour, label=name)
            right.axhline(tried.errors_mm[0, mark], color=colour, linewidth=0.8, linestyle=":")
        best = tried.hz[tried.best]
        for axes in (left, right) if best else ():
            axes.axvline(best, color=BLACK, linewidth=0.8)
        log_axis(left, "x")
        log_axis(left, "y", (1,))
        left.set(xlabel="frequency (Hz)", ylabel="amplitude (mm)", title="spectrum; dotted: noise")
        right.set(xlabel="cut-off (Hz); line: the best one", ylabel="expected error (mm)", title="dotted: unfiltered")
        right.set_ylim(bottom=0)
        right.legend()
    return figure


def _figure(drawn: Sequence[tuple[Checked, Reach]], limits: "_Limits") -> Figure:
    n_rows = -(-len(drawn) // _PER_ROW)
    with page(8 + _ROW_MM * n_rows) as figure:
        cells = figure.subfigures(n_rows, _PER_ROW, squeeze=False, wspace=0.04).flat
        for cell, (item, reach) in zip(cells, drawn, strict=False):
            side, above, speed = cell.subplots(1, 3, width_ratios=(1, 1, 0.9))
            is_sound = item.verdict in ("good", "look")
            title = shortened(item.name, _NAME_LENGTH) + ("" if is_sound else f" ({item.verdict.lower()})")
            colour = BLACK if is_sound else VERMILION
            cell.suptitle(title, x=0.01, ha="left", fontsize=7.5, weight="bold", color=colour)
            _draw_view(side, reach, _UP, limits)
            _draw_view(above, reach, _RIGHT, limits)
            _draw_speed(speed, reach, limits)
            for axes, of in zip((side, above, speed), _TITLES, strict=True):
                axes.set_title(of, fontsize=7, weight="normal", color="0.35")
    return figure


class _Limits:
    """Scales that all panels share: positions on every axis and half a view's height [mm], s, m/s."""

    def __init__(self, reaches: Sequence[Reach]):
        points = np.concatenate([_relative(reach).reshape(-1, 3) for reach in reaches])
        self.low, self.high = points.min(axis=0) - _MARGIN_MM, points.max(axis=0) + _MARGIN_MM
        self.middle = (self.low + self.high) / 2
        self.half = 0.5 * max((self.high - self.low)[[_RIGHT, _UP]]) + _BAR_MM
        self.seconds = max(reach.duration for reach in reaches)
        self.speed = max(reach.peak_speed for reach in reaches)


def _relative(reach: Reach) -> np.ndarray:
    """Shoulder, elbow, paw (T, 3, 3) in mm from the median shoulder, MuJoCo's axes."""
    return 1e3 * (reach.landmarks - np.median(reach.shoulder, axis=0))


def _draw_view(axes: Axes, reach: Reach, vertical: int, limits: _Limits) -> None:
    """Forward is to the right. From above, the animal's right is at the bottom, as on a map."""
    points = _relative(reach)[:, :, [_FORWARD, vertical]]
    for frame in (0, reach.n_frames // 2, reach.n_frames - 1):
        axes.plot(*points[frame].T, color=_ARM, linewidth=1.0, marker="o", markersize=2.2, zorder=1)
    axes.plot(*points[:, ELBOW].T, color="0.35", linewidth=0.9, zorder=2)
    draw_coloured(axes, points[:, PAW], reach.time)
    axes.set_xlim(limits.low[_FORWARD], limits.high[_FORWARD])
    axes.set_ylim(limits.middle[vertical] - limits.half, limits.middle[vertical] + limits.half)
    name = f"{DIRECTIONS[vertical]} →"
    if vertical == _RIGHT:
        axes.invert_yaxis()
        name = f"← {DIRECTIONS[vertical]}"
    axes.set(aspect="equal", xticks=[], yticks=[], facecolor="0.97")
    axes.set_xlabel(f"{DIRECTIONS[_FORWARD]} →", **_DIRECTION)
    axes.set_ylabel(name, **_DIRECTION)
    axes.spines[:].set_visible(False)
    scale = AnchoredSizeBar(
        axes.transData, _BAR_MM, f"{_BAR_MM} mm", "lower left", pad=0.3, sep=2, frameon=False, color="0.35"
    )
    axes.add_artist(scale)


def _draw_speed(axes: Axes, reach: Reach, limits: _Limits) -> None:
    elapsed = reach.time - reach.time[0]
    speed = np.linalg.norm(reach.paw_velocity, axis=1)
    draw_coloured(axes, np.stack([elapsed, speed], axis=1), reach.time)
    axes.set(xlim=(0, limits.seconds), ylim=(0, 1.05 * limits.speed))
    axes.locator_params(nbins=4)
