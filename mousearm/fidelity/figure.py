"""The comparison with OpenSim as figures: force curves, and differences of path lengths."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from mousearm.fidelity.compare import MAX_LENGTH, MAX_LENGTH_RMS, Fidelity
from mousearm.fidelity.curves import FIBRE, SPEED, MuscleCurves
from mousearm.plots import BLACK, BLUE, ORANGE, PALETTE, name_rows, page, write_figure
from mousearm.text import display_name, listed

_OPENSIM, _KEPT, _ASIDE = BLACK, BLUE, ORANGE

_SMALLEST_MM = 1e-8  # differences below it are drawn there


def draw_fidelity(found: Fidelity, folder: Path) -> list[Path]:
    """Write ``opensim_lengths`` and ``opensim_curves``, each as .png and .pdf, as far as there are muscles to show."""
    files: list[Path] = []
    if found.muscles:
        files += write_figure(lengths_figure(found), folder / "opensim_lengths")
    if found.curves:
        files += write_figure(force_curves_figure(found.curves), folder / "opensim_curves")
    return files


def lengths_figure(found: Fidelity) -> Figure:
    """One row per muscle, one dot per pose."""
    error = np.maximum(1e3 * np.abs(found.lengths[1] - found.lengths[0]), _SMALLEST_MM)
    kept, (rms, _) = found.validity.trusted, found.length_error(found.validity.trusted)
    spread = np.random.default_rng(0).uniform(-0.3, 0.3, len(error))  # of a row
    with page(24 + 5 * len(found.muscles)) as figure:
        axes = figure.subplots()
        for y in range(len(found.muscles)):
            for poses, colour in ((kept[:, y], _KEPT), (~kept[:, y], _ASIDE)):
                dots = axes.plot(error[poses, y], y + spread[poses], "o", color=colour, markersize=1.4)
                dots[0].set(markeredgewidth=0, rasterized=True)
            if kept[:, y].any():
                axes.plot(max(1e3 * rms[y], _SMALLEST_MM), y, "|", color="black", markersize=9, markeredgewidth=1.5)
        handles = [
            Line2D([], [], marker="o", linestyle="", markersize=3, color=_KEPT, label="pose"),
            Line2D([], [], marker="o", linestyle="", markersize=3, color=_ASIDE, label="pose set aside"),
            Line2D([], [], marker="|", linestyle="", markersize=7, color="black", label="rms without these"),
        ]
        for limit, line, of in ((MAX_LENGTH_RMS, "--", "the rms"), (MAX_LENGTH, "-", "each")):
            handles.append(axes.axvline(1e3 * limit, color="0.5", linewidth=0.8, linestyle=line, zorder=0))
            handles[-1].set_label(f"limit of {of}: {1e3 * limit:g} mm")
        axes.set(xscale="log", xlabel=f"|path length − OpenSim's| (mm; at {_power(_SMALLEST_MM)}: that or less)")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _power(x)))
        axes.set_xlim(left=0.6 * _SMALLEST_MM)
        name_rows(axes, [display_name(name) for name in found.muscles])
        figure.legend(handles=handles, loc="outside upper left", ncols=len(handles))
    return figure


def force_curves_figure(curves: Sequence[MuscleCurves]) -> Figure:
    """Active force-length, force-velocity and passive force-length; below, our curves minus OpenSim's."""
    groups, tilted = _distinct(curves), max(curves, key=lambda item: item.fibre.pennation)
    length, speed = "fibre length / optimal fibre length", "fibre speed / largest fibre speed"
    titles = (("Active force-length", length), ("Force-velocity", speed), ("Passive force-length", length))
    with page(110 + 4 * len(groups)) as figure:
        top, bottom = figure.subplots(2, 3, sharex="col", height_ratios=[3, 2])
        handles = [Line2D([], [], color=_OPENSIM, linewidth=2.2, alpha=0.35, label="OpenSim")]
        for group, colour in zip(groups, PALETTE[:-1], strict=False):
            drawn = ((FIBRE, group[0].active), (SPEED, group[0].velocity), (FIBRE, group[0].passive))
            for above, below, (x, (opensim, ours)) in zip(top, bottom, drawn, strict=True):
                above.plot(x, opensim, color=_OPENSIM, linewidth=2.2, alpha=0.35)
                above.plot(x, ours, color=colour, linestyle="--")
                below.plot(x, 100 * (ours - opensim), color=colour)
            names = [display_name(item.name) for item in group]
            handles.append(Line2D([], [], color=colour, linestyle="--", label=f"MuJoCo: {listed(names, 1)}"))
        if tilted.fibre.pennation > 0:
            opensim, ours = tilted.displaced
            (line,) = bottom[0].plot(FIBRE, 100 * (ours - opensim), color="0.4", linestyle=":")
            angle = f"{np.rad2deg(tilted.fibre.pennation):.1f}°"
            line.set_label(f"MuJoCo at OpenSim's muscle lengths: {display_name(tilted.name)}, pennation {angle}")
            handles.append(line)
        for above, below, (title, label) in zip(top, bottom, titles, strict=True):
            above.set(title=title, ylim=(-0.05, max(1.05, above.get_ylim()[1])))
            low, high = below.get_ylim()
            below.set(xlabel=label, ylim=(min(low, -1), max(high, 1)))
            below.axhline(0, color="0.5", linewidth=0.6, zorder=0)
        top[0].set(ylabel="force / peak force")
        bottom[0].set(ylabel="MuJoCo − OpenSim (% of peak force)")
        figure.legend(handles=handles, loc="outside upper left", ncols=2)
    return figure


def _distinct(curves: Sequence[MuscleCurves]) -> list[list[MuscleCurves]]:
    """Muscles with the same curves; first in each group the one whose curves are known furthest."""
    groups: list[list[MuscleCurves]] = []
    for item in sorted(curves, key=lambda item: item.fibre.pennation):
        same = next((group for group in groups if _alike(group[0], item)), [])
        if not same:
            groups.append(same)
        same.append(item)
    return groups


def _alike(one: MuscleCurves, other: MuscleCurves) -> bool:
    pairs = ((one.active, other.active), (one.passive, other.passive), (one.velocity, other.velocity))
    return all(np.nan_to_num(np.abs(a - b), nan=0.0).max() < 1e-3 for a, b in pairs)


def _power(value: float) -> str:
    """A power of ten in plain characters; the style has no mathematical text."""
    return "10" + str(round(np.log10(value))).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
