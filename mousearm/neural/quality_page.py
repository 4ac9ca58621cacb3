"""Recordings of neurons as one page: rasters, rates, isolation, drift, trials."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mousearm.document import (
    Document,
    Section,
    list_block,
    picture_block,
    table_block,
    terminal_table,
    text_block,
)
from mousearm.neural.quality import (
    SESSION_HEADER,
    UNIT_HEADER,
    SessionQuality,
    quality_sentence,
    session_cells,
    unit_cells,
)
from mousearm.neural.session import REFRACTORY_S
from mousearm.plots import BLUE, GREY, VERMILION, log_axis, page
from mousearm.text import printable, shortened, wrapped

_RASTERS = 3
_AROUND_S = 0.1  # that rasters show before and after a reach
_LONG = 40
_BLOCKS, _PER_BLOCK = 8, 4  # of trials, whose mean rates show drift
CAPTION = (
    "Top: spikes of three kept units, of the highest, the middle and the lowest rate; a row for each trial, the first "
    "at the top, 0 the first frame of the reach, orange its end. Below: mean rate of each kept unit over the trials, "
    "from its lowest to its highest, in order of the time of the highest; short intervals against rate, grey units are "
    "left out; rate in blocks of trials over the unit's mean (grey), and the median of units (blue)."
)
_KEY = (
    "spikes/s: over the whole session. In reaches: the mean rate in them. < 2 ms: share of intervals between spikes "
    "that are shorter than a neuron's refractory time; a well isolated unit has few. Trend: by how much the rate in "
    "reaches differs from the first trial to the last, by a straight line, as a share of its mean; p: of such a trend "
    "by chance (Spearman)."
)


def write_quality(qualities: Sequence[SessionQuality], out: Path) -> Path:
    """Write ``neurons.html``, its Markdown, and a figure for each session into a folder; the path of the page.

    OutputError if it cannot be written.
    """
    names = [quality.session.group or quality.session.source for quality in qualities]
    sections = [Section("", [table_block((SESSION_HEADER, session_cells(qualities)), "sessions")])]
    for i, (name, quality) in enumerate(zip(names, qualities, strict=True), 1):
        sections += _of_session(name, quality, f"session_{i}")
    return Document("neurons", "Recordings of neurons", f"Sessions: {', '.join(names)}", sections).write(out)


def _of_session(name: str, quality: SessionQuality, file: str) -> Iterator[Section]:
    draw = partial(quality_figure, quality)
    drawn = picture_block(draw, f"spikes and rates of {name}", CAPTION, file)
    yield Section(name, [text_block(quality_sentence(quality), "headline"), list_block(quality.notes), drawn])
    units = table_block((UNIT_HEADER, unit_cells(quality)), kinds=["" if ok else "key" for ok in quality.is_kept])
    yield Section(f"Units of {name}", [text_block(_KEY, "key"), units])
    counts, frames = Counter(of.reach for of in quality.placed), {of.reach: of.n_frames for of in quality.placed}
    trials = [[reach, str(n), str(frames[reach])] for reach, n in counts.items()]
    yield Section(f"Trials of {name}", [table_block((("reach", "trials", "frames"), trials))])


def quality_text(qualities: Sequence[SessionQuality]) -> str:
    """The same for a terminal: a table of sessions, and the notes."""
    lines = terminal_table((SESSION_HEADER, session_cells(qualities)), range(2, len(SESSION_HEADER)))
    for quality in qualities:
        lines += wrapped(f"{quality.session.group or quality.session.source}: {quality_sentence(quality)}")
        lines += [line for note in quality.notes for line in wrapped(note, "- ", "  ")]
    return printable("\n".join(lines))


def quality_figure(quality: SessionQuality) -> Figure:
    """Rasters of three units; rates, isolation and drift of all."""
    with page(118) as figure:
        top, bottom = figure.subfigures(2, 1, height_ratios=(1, 1.05), squeeze=False)[:, 0]
        order = np.argsort(quality.kept.rates)[::-1]
        chosen = list(dict.fromkeys(order[[0, len(order) // 2, -1]].tolist()))
        panels = top.subplots(1, _RASTERS, squeeze=False)[0]
        for axes, unit in zip(panels, chosen, strict=False):
            _draw_raster(axes, quality, unit)
        for axes in panels[len(chosen) :]:
            axes.set_axis_off()
        left, middle, right = bottom.subplots(1, 3)
        _draw_rates(left, quality)
        _draw_isolation(middle, quality)
        _draw_drift(right, quality)
    return figure


def _draw_raster(axes: Axes, quality: SessionQuality, unit: int) -> None:
    times = quality.kept.spikes[unit]
    rows, step_s = [], quality.rates.step_s
    for of in quality.placed:
        first, last = np.searchsorted(times, [of.start - _AROUND_S, of.start + of.n_frames * step_s + _AROUND_S])
        rows.append(times[first:last] - of.start)
    n = len(rows)
    axes.eventplot(rows, lineoffsets=range(1, n + 1), linelengths=0.8, linewidths=0.5, colors="0.15")
    ends = [of.n_frames * step_s for of in quality.placed]
    axes.vlines(ends, np.arange(n) + 0.5, np.arange(n) + 1.5, color=VERMILION, linewidth=0.9)
    axes.axvline(0, color="0.6", linewidth=0.6)
    axes.set(ylim=(n + 0.5, 0.5), xlabel="time from the first frame (s)", xlim=(-_AROUND_S, max(ends) + _AROUND_S))
    axes.set_ylabel("trial")
    axes.locator_params(axis="y", integer=True, nbins=5)
    area = quality.kept.areas[unit]
    name = shortened(quality.kept.units[unit], _LONG)
    axes.set_title(f"unit {name}{', ' if area else ''}{area}: {quality.kept.rates[unit]:.1f} spikes/s")


def _draw_rates(axes: Axes, quality: SessionQuality) -> None:
    n = min(quality.rates.n_frames)
    mean = np.mean([values[:n] for values in quality.rates.values], axis=0).T
    spread = np.ptp(mean, axis=1)
    scaled = (mean - mean.min(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)[:, None]
    order = np.argsort(mean.argmax(axis=1), kind="stable")
    end = n * quality.rates.step_s
    axes.imshow(scaled[order], aspect="auto", cmap="viridis", extent=(0, end, len(order), 0), interpolation="nearest")
    axes.set(xlabel="time from the first frame (s)", ylabel="kept unit", title="mean rate; yellow: its highest")
    axes.locator_params(axis="y", integer=True, nbins=5)


def _draw_isolation(axes: Axes, quality: SessionQuality) -> None:
    kept, rates, short = quality.is_kept, quality.session.rates, 100 * quality.session.short_intervals
    shown = rates > 0
    for which, colour, label in ((~kept & shown, GREY, "left out"), (kept, BLUE, "kept")):
        axes.plot(rates[which], short[which], "o", color=colour, markersize=3, label=label, markeredgewidth=0)
    axes.axhline(100 * quality.rule.most_short, color="0.5", linewidth=0.7, linestyle=":")
    axes.axvline(max(quality.rule.least_rate, 1e-3), color="0.5", linewidth=0.7, linestyle=":")
    log_axis(axes, "x")
    axes.set(
        xlabel="rate (spikes/s)", ylabel=f"intervals < {1e3 * REFRACTORY_S:g} ms (%)", title="isolation; dotted: limits"
    )
    axes.set_ylim(bottom=min(-0.1, -0.03 * max(short.max(), 1)))
    axes.legend(loc="upper right")


def _draw_drift(axes: Axes, quality: SessionQuality) -> None:
    kept = quality.by_trial[:, quality.is_kept]
    ratio = kept / np.where(kept.mean(axis=0) > 0, kept.mean(axis=0), 1)
    n = len(ratio)
    blocks = np.array_split(np.arange(n), min(_BLOCKS, max(n // _PER_BLOCK, 1)) if n >= 2 * _PER_BLOCK else n)
    middle = [1 + block.mean() for block in blocks]
    means = np.array([ratio[block].mean(axis=0) for block in blocks])
    axes.plot(middle, means, color="0.8", linewidth=0.5)
    axes.plot(middle, np.median(means, axis=1), color=BLUE, linewidth=1.4, marker="o", markersize=3)
    axes.axhline(1, color="0.4", linewidth=0.6, linestyle=":")
    axes.set(xlabel="trial", ylabel="rate over its mean", title="drift; blue: median of units")
    axes.set(ylim=(0, max(2.0, float(np.quantile(means, 0.99)))), xlim=(0, n + 1))
    axes.locator_params(axis="x", integer=True, nbins=6)
