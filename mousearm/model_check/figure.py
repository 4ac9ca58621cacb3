"""The report of a model check as a figure: what joints need and can have, and where muscles work."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mousearm.model_check.muscles import FibreLengths
from mousearm.model_check.strength import Strength
from mousearm.model_check.suite import Report
from mousearm.plots import BLACK, SKY, VERMILION, legend_above, log_axis, name_rows, page, write_figure
from mousearm.text import display_name

_AVAILABLE, _NEEDED, _GRAVITY, _ACTIVE = SKY, VERMILION, BLACK, "0.92"


def draw_check(report: Report, folder: Path) -> tuple[Path, Path]:
    """Write the figure as ``check_<model>.png`` and ``.pdf``, 180 mm wide, into a folder; returns the two files."""
    return write_figure(check_figure(report), folder / f"check_{report.arm.name}")


def check_figure(report: Report) -> Figure:
    """The figure that ``draw_check`` writes."""
    heights_mm = [20 + 9 * report.arm.nq]
    if report.fibres is not None:
        heights_mm.append(20 + 4 * len(report.fibres[0].names))
    failed = [result.name for result in report.results if not result.passed]
    verdict = f"failed: {', '.join(failed)}" if failed else "all checks passed"
    with page(8 + sum(heights_mm), f"{report.arm.name}    {verdict}") as figure:
        panels = figure.subplots(len(heights_mm), 1, squeeze=False, height_ratios=heights_mm)[:, 0]
        _torques(panels[0], report.arm.joint_names, report.reaches, report.gravity)
        if report.fibres is not None:
            _fibres(panels[1], *report.fibres)
    return figure


def _torques(axes: Axes, names: tuple[str, ...], reaches: Strength, gravity: Strength) -> None:
    """Two rows per joint, one for each direction, on a logarithmic scale of |torque|."""
    floor = 0.1 * 1e6 * np.abs(reaches.needed).max(axis=0).min() or 1e-3
    for y in range(2 * len(names)):
        j, sign, end = y // 2, (-1) ** y, 1 - y % 2
        torques = (reaches.available[:, j, end], reaches.needed[:, j], gravity.needed[:, j])
        available, needed, at_rest = (1e6 * sign * torque for torque in torques)
        low, high = np.maximum([available.min(), available.max()], floor)
        axes.plot([low, high], [y, y], color=_AVAILABLE, linewidth=5, solid_capstyle="butt")
        axes.plot(low, y, "|", color=_AVAILABLE, markersize=9, markeredgewidth=2, label="available")
        if needed.max() > floor:
            axes.plot(needed.max(), y, "o", color=_NEEDED, markersize=4, label="largest need in the reaches")
        if at_rest.max() > floor:
            axes.plot(at_rest.max(), y, "x", color=_GRAVITY, markersize=4, label="largest need at rest in any pose")
    axes.set(title="Torque", xlabel=f"torque (10⁻⁶ N m; at {floor:.1g}: that or less)")
    log_axis(axes, "x", ticks=[1])
    name_rows(axes, [f"{name} {sign}" for name in names for sign in "+−"])
    handles, texts = axes.get_legend_handles_labels()
    legend_above(axes, list(dict(zip(texts, handles, strict=True)).values()))


def _fibres(axes: Axes, anywhere: FibreLengths, reaching: FibreLengths) -> None:
    """One row per muscle: the active range, and the lengths in random poses and in the reaches."""
    for y in range(len(anywhere.names)):
        axes.barh(y, np.ptp(anywhere.active[y]), left=anywhere.active[y, 0], height=0.8, color=_ACTIVE)
        for fibres, colour in ((anywhere, _AVAILABLE), (reaching, _NEEDED)):
            lengths = fibres.lengths[:, y]
            axes.plot([lengths.min(), lengths.max()], [y, y], color=colour, linewidth=3, solid_capstyle="butt")
    axes.axvline(1.0, color="0.5", linewidth=0.6, linestyle=":")
    axes.set(title="Muscles", xlabel="fibre length / optimal fibre length")
    name_rows(axes, [display_name(name) for name in anywhere.names])
    meanings = {_ACTIVE: "active force", _AVAILABLE: "over the joint ranges", _NEEDED: "in the reaches"}
    legend_above(axes, [Patch(color=colour, label=text) for colour, text in meanings.items()])
