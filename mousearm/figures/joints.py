"""Joint angles against the reference: over time of one performance, and how well they agree over all."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mousearm.analysis import Agreement, agreement
from mousearm.evaluate.panels import spoken
from mousearm.figures.drawing import page
from mousearm.page import style
from mousearm.record.recording import ReachRecording

_PER_ROW, _ROW_MM, _HEAD_MM = 3, 42, 12
_ARM: dict[str, Any] = {"color": "#0072B2"}
_REFERENCE: dict[str, Any] = {"color": "0.15", "linestyle": (0, (3, 2)), "linewidth": 0.9}


def joint_figure(reach: ReachRecording) -> Figure:
    """A panel per joint: the angle and its reference in degrees, with Pearson's r and the rms difference."""
    names = reach.signals["qpos"].columns
    angles, reference, ms = degrees(reach, "qpos"), degrees(reach, "reference_qpos"), 1e3 * reach.signals["time"].values
    found = agreement(angles, reference)
    n_rows = -(-len(names) // _PER_ROW)
    with style():
        figure = page(_HEAD_MM + _ROW_MM * n_rows, f"{reach.name}    joint angles")
        (body,) = figure.subfigures(1, 1, squeeze=False).flat  # its legend keeps clear of the title
        panels = body.subplots(n_rows, _PER_ROW, squeeze=False)
        for axes in panels.flat[len(names) :]:
            axes.remove()
        for j, (axes, name) in enumerate(zip(panels.flat, names, strict=False)):
            axes.plot(ms, angles[:, j], **_ARM, label="arm")
            axes.plot(ms, reference[:, j], **_REFERENCE, label="reference (inverse kinematics)")
            axes.set(xlim=(ms[0], max(ms[-1], 1e-3)), ylabel="angle (°)", xlabel="time (ms)")
            axes.set_title(spoken(name), pad=13)
            axes.annotate(_told(found, j), (0, 1), (0, 4), xycoords="axes fraction", textcoords="offset points")
        body.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=2)
        body.align_ylabels()
    return figure


def draw_agreement(correlation: Axes, difference: Axes, reaches: Sequence[ReachRecording]) -> None:
    """Pearson's r and rms difference of every joint: a dot per performance, a line at their median."""
    found = [agreement(degrees(reach, "qpos"), degrees(reach, "reference_qpos")) for reach in reaches]
    names = [spoken(name) for name in reaches[0].signals["qpos"].columns]
    for axes, values in ((correlation, [one.r for one in found]), (difference, [one.rms for one in found])):
        stacked = np.stack(values, axis=1)
        for j, row in enumerate(stacked):
            axes.plot(row, j + np.linspace(-0.2, 0.2, len(row) + 2)[1:-1], "o", **_ARM, markersize=2.5, alpha=0.6)
            if not np.isnan(row).all():
                axes.plot([np.nanmedian(row)] * 2, [j - 0.35, j + 0.35], color="black", linewidth=1.2)
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(names) - 0.5, -0.5)
    lowest = np.nan_to_num([one.r for one in found]).min(initial=0.0)
    correlation.set(title="Joint angles", xlabel="Pearson's r with the reference", xlim=(1.05 * lowest - 0.02, 1.04))
    difference.set(xlabel="rms difference (°)")
    difference.set_title("dot: performance, line: median", fontweight="normal", fontsize=7)
    difference.set_xlim(left=0)


def degrees(reach: ReachRecording, name: str) -> np.ndarray:
    """A signal in rad as degrees, (T, nq)."""
    return np.rad2deg(reach.signals[name].values)


def _told(found: Agreement, joint: int) -> str:
    r = "–" if np.isnan(found.r[joint]) else f"{found.r[joint]:.2f}"
    return f"r = {r}, rms {found.rms[joint]:.1f}°"
