"""Figures of a study: similarity by measure, by lag, neuron by neuron, and subspaces in three dimensions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mousearm.neural.differences import SEED_KEY, Factors, run_scores
from mousearm.neural.results import NeuralStudy
from mousearm.plots import BLACK, GREY, PALETTE, name_rows, page
from mousearm.stats import spread
from mousearm.text import display_name, shortened

_ACRONYM = 3  # letters of a name that is one
_NULL, _CEILING = "0.78", "#F0E4C8"
_PER_ROW, _NAME_LETTERS = 3, 26
MOST_ROWS, MOST_LINES, MOST_PAIRS = 14, len(PALETTE), 2 * _PER_ROW
LEAST_DRAWN = -1.0  # of a neuron's score: how far below 0 what explains nothing is says nothing
"""Predictors in a figure of rows, and of lines; pairs of a layer and a rival. The page says how many there are."""
_HEAD_MM, _PANEL_MM, _ROW_MM = 14.0, 16.0, 4.6


def colour_of(study: NeuralStudy) -> dict[str, str]:
    """A colour per predictor with its run: layers from the palette, rivals from its end, then grey."""
    return dict(zip(study.labels, [*PALETTE, *[GREY] * len(study.labels)], strict=False))


def measure_title(name: str) -> str:
    """A measure as a title: CKA, RSA, but Encoding."""
    return name.upper() if len(name) <= _ACRONYM or name.endswith("cca") else display_name(name.capitalize())


def similarity_figure(study: NeuralStudy) -> Figure:
    """A panel per measure, a row per predictor: scores, the band of their null, and the ceiling."""
    measures = _drawn_measures(study)
    labels = study.labels[:MOST_ROWS]
    with page(_HEAD_MM + _rows(measures) * (_PANEL_MM + _ROW_MM * len(labels))) as figure:
        axes = _panels(figure, measures, "score on held-out reaches", sharey=True)
        for panel, measure in zip(axes, measures, strict=True):
            for row, label in enumerate(labels):
                _draw_row(panel, row, study, label, measure)
            panel.set_title(measure_title(measure))
            name_rows(panel, [shortened(label, _NAME_LETTERS) for label in labels])
            panel.locator_params(axis="x", nbins=5)
        _legend(figure, [Line2D([], [], color=BLACK, marker="o", markersize=3.5, label="score (range of sessions)")])
    return figure


def _rows(panels: Sequence[Any]) -> int:
    return max(1, -(-len(panels) // _PER_ROW))


def _panels(figure: Figure, names: Sequence[Any], label: str = "", **shared: Any) -> list[Axes]:
    """A panel for each name, in rows; the lowest of each column say what is across."""
    axes = figure.subplots(_rows(names), _PER_ROW, squeeze=False, **shared)
    for spare in axes.flat[len(names) :]:
        spare.axis("off")
    for panel in axes.flat[max(0, len(names) - _PER_ROW) : len(names)]:
        panel.set_xlabel(label)
        panel.tick_params(labelbottom=True)
    return [*axes.flat[: len(names)]]


def _draw_row(axes: Axes, row: int, study: NeuralStudy, label: str, measure: str) -> None:
    found = [match for match in study.by_place.get((label, measure), ()) if match.is_judged]
    if not found:
        return
    colour, height = colour_of(study)[label], 0.36
    low, high = (float(np.mean([match.ceiling[i] for match in found])) for i in (0, 1))
    axes.fill_betweenx([row - height, row + height], low, high, color=_CEILING, linewidth=0)
    axes.plot([low, low], [row - height, row + height], color=BLACK, linewidth=0.8)
    low, high = (float(np.mean([match.null[i] for match in found])) for i in (0, 1))
    axes.fill_betweenx([row - height / 2, row + height / 2], low, high, color=_NULL, linewidth=0, zorder=2)
    scores = [match.score for match in found]
    axes.plot([min(scores), max(scores)], [row, row], color=colour, linewidth=1.2)
    axes.plot(scores, [row] * len(scores), "o", color=colour, markersize=2, alpha=0.5)
    axes.plot(np.mean(scores), row, "o", color=colour, markersize=4)


def lag_figure(study: NeuralStudy) -> Figure:
    """A panel per measure: score against lag, a line per predictor; the band of the null, and the ceiling."""
    measures = [name for name in _drawn_measures(study) if any(m.measure == name and m.curve for m in study.judged)]
    with page(_HEAD_MM + _rows(measures) * 46.0) as figure:
        axes = _panels(figure, measures, "lag (ms): neurons later →", sharex=True)
        for panel, measure in zip(axes, measures, strict=True):
            _draw_lags(panel, study, measure)
            panel.set_title(measure_title(measure))
        for first in axes[::_PER_ROW]:
            first.set_ylabel("score")
        names = [*colour_of(study).items()][:MOST_LINES]
        _legend(figure, [Line2D([], [], color=c, label=shortened(name, _NAME_LETTERS)) for name, c in names])
    return figure


def _draw_lags(axes: Axes, study: NeuralStudy, measure: str) -> None:
    found = [match for match in study.judged if match.measure == measure and match.curve]
    for low, high, colour in (
        (*np.mean([m.ceiling for m in found], axis=0), _CEILING),
        (min(m.null[0] for m in found), max(m.null[1] for m in found), _NULL),
    ):
        axes.axhspan(low, high, color=colour, linewidth=0)
    axes.axhline(float(np.mean([m.ceiling[0] for m in found])), color=BLACK, linewidth=0.8)
    axes.axvline(0, color="0.7", linewidth=0.5)
    for label, colour in [*colour_of(study).items()][:MOST_LINES]:
        of = [match for match in found if match.label == label]
        if of:
            curves = np.array([match.curve for match in of])
            axes.plot(curves[0, :, 0], curves[..., 1].mean(axis=0), color=colour)
            lag, score = np.mean([(match.lag_ms, match.score) for match in of], axis=0)
            axes.plot(lag, score, "o", color=colour, ms=3.5)


def _drawn_measures(study: NeuralStudy) -> list[str]:
    drawn = {match.measure for match in study.judged}
    return [name for name in study.measures if name in drawn]


def _legend(figure: Figure, handles: list[Any]) -> None:
    handles = [*handles, Patch(color=_NULL, label="95 % of the null"), Patch(color=_CEILING, label="noise ceiling")]
    rows = -(-len(handles) // 5)
    figure.legend(handles=handles, loc="outside upper center", ncols=-(-len(handles) // rows))


def neuron_figure(study: NeuralStudy) -> Figure:
    """Every neuron's score from a layer against that from a rival, a panel per pair; a colour per population."""
    pairs = list(dict.fromkeys((one.label, one.rival) for one in study.besides))[:MOST_PAIRS]
    with page(_HEAD_MM + 51.0 * _rows(pairs)) as figure:
        for panel, pair in zip(_panels(figure, pairs), pairs, strict=True):
            found = {b.population: b.units.values() for b in study.besides if (b.label, b.rival) == pair}
            units = [[(one[0], one[1]) for one in found.get(name, ())] for name in study.populations]
            _draw_neurons(panel, *pair, [np.array(of).reshape(-1, 2) for of in units])
        names = zip(PALETTE, study.populations, strict=False)
        look: dict[str, Any] = {"marker": "o", "linestyle": "", "markersize": 3}
        handles = [Line2D([], [], color=colour, label=shortened(name, _NAME_LETTERS), **look) for colour, name in names]
        figure.legend(handles=handles, loc="outside upper center", ncols=min(len(handles), 5))
    return figure


def _draw_neurons(axes: Axes, label: str, rival: str, units: Sequence[np.ndarray]) -> None:
    both = np.concatenate(units)
    both = both[np.isfinite(both).all(axis=1)]
    low, high = float(np.clip(both.min(), LEAST_DRAWN, 0.0)), float(max(both.max(), 0.0))
    axes.plot([low, high], [low, high], color="0.6", linewidth=0.6)
    for colour, of in zip([*PALETTE, *[GREY] * len(units)], units, strict=False):
        axes.plot(*np.maximum(of, LEAST_DRAWN).T, "o", color=colour, markersize=2.6, alpha=0.7, markeredgewidth=0)
    limits = low - 0.04 * (high - low), high + 0.04 * (high - low)
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    axes.locator_params(nbins=4)
    axes.set(xlabel=f"R² from {shortened(rival, _NAME_LETTERS)}", ylabel=f"R² from {shortened(label, _NAME_LETTERS)}")
    text = f"{100 * np.mean(both[:, 1] > both[:, 0]):.0f} % of {len(both)} above"
    axes.text(0.97, 0.03, text, transform=axes.transAxes, ha="right")


def subspace_figure(spaces: Mapping[str, Sequence[np.ndarray]], names: Sequence[str]) -> Figure:
    """Courses of reaches in three dimensions, a panel per space, all in the axes of the first.

    Args:
        spaces: by title, the courses of some reaches, (T, 3) each; the first are the neurons' own.
        names: of the reaches.
    """
    every = np.concatenate([course for courses in spaces.values() for course in courses])
    limits = [(float(low), float(high)) for low, high in zip(every.min(axis=0), every.max(axis=0), strict=True)]
    with page(72) as figure:
        for i, (title, courses) in enumerate(spaces.items()):
            axes: Any = figure.add_subplot(1, len(spaces), i + 1, projection="3d")
            for colour, course in zip(PALETTE, courses, strict=False):
                axes.plot(*course.T, color=colour, linewidth=1.0)
                axes.plot(*course[:1].T, "o", color=colour, markersize=3)
            axes.set_title(title)
            axes.tick_params(labelsize=0, length=0)
            for axis, number in zip((axes.xaxis, axes.yaxis, axes.zaxis), "123", strict=True):
                axis.set_ticklabels([])
                axis.set_label_text(f"PC {number}", fontsize=6)
                axis.labelpad = -12
                axis.set_pane_color((0.97, 0.97, 0.97))
            axes.set(**{f"{axis}lim": limit for axis, limit in zip("xyz", limits, strict=True)})
            axes.grid(visible=False)
        colours = zip(PALETTE, (name.rpartition("/")[2] for name in names), strict=False)
        handles = [Line2D([], [], color=colour, label=shortened(name, _NAME_LETTERS)) for colour, name in colours]
        figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 3))
    return figure


def difference_figure(study: NeuralStudy, factors: Factors) -> Figure:
    """A panel per factor, a row per measure: runs of every level as dots, and their mean with its range or interval."""
    names = list(dict.fromkeys(name for of in factors.values() for name in of if name != SEED_KEY))
    measures = _drawn_measures(study)
    with page(_HEAD_MM + 34.0 * len(measures)) as figure:
        axes = figure.subplots(len(measures), len(names), squeeze=False, sharey="row", sharex="col")
        for line, measure in zip(axes, measures, strict=True):
            scores = run_scores(study, study.layers[0], measure)
            for panel, name in zip(line, names, strict=True):
                _draw_levels(panel, scores, {run: of.get(name, "") for run, of in factors.items()})
            line[0].set_ylabel(measure_title(measure))
        for panel, name in zip(axes[0], names, strict=True):
            panel.set_title(shortened(name, _NAME_LETTERS))
    return figure


def _draw_levels(axes: Axes, scores: Mapping[str, float], level_of: Mapping[str, str]) -> None:
    levels = list(dict.fromkeys(level_of[run] for run in scores))
    for place, level in enumerate(levels):
        values = [score for run, score in scores.items() if level_of[run] == level]
        mean, colour = spread(tuple(values)), PALETTE[place % len(PALETTE)]
        offsets = np.linspace(-0.15, 0.15, len(values)) if len(values) > 1 else np.zeros(1)
        axes.plot(place + offsets, values, "o", color=colour, markersize=3.5, alpha=0.5, markeredgewidth=0)
        axes.plot([place + 0.3] * 2, [mean.low, mean.high], color=colour, linewidth=1.2)
        axes.plot(place + 0.3, mean.mean, "o", color=colour, markersize=4)
    axes.set_xticks(range(len(levels)), [shortened(level, 12) for level in levels], rotation=30, ha="right")
    axes.set_xlim(-0.5, len(levels) - 0.2)
