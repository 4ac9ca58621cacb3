"""A study of networks against neurons as a document: a page of HTML, Markdown, tables for programs, and a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mousearm.document import (
    Block,
    Document,
    Section,
    picture_block,
    table_block,
    terminal_lines,
    terminal_table,
    text_block,
    warning_block,
)
from mousearm.files import to_json, unknown_as_null
from mousearm.neural import cells
from mousearm.neural.contrasts import Spaces
from mousearm.neural.differences import Factors, RunDifference, differences
from mousearm.neural.figure import (
    LEAST_DRAWN,
    MOST_LINES,
    MOST_PAIRS,
    MOST_ROWS,
    difference_figure,
    lag_figure,
    neuron_figure,
    similarity_figure,
    subspace_figure,
)
from mousearm.neural.results import ENCODING, UNIQUE, Contrast, NeuralStudy
from mousearm.stats import LESS, MORE, NONE_SHOWN, TOO_FEW, enough_pairs
from mousearm.text import listed, number, plural, shortened

_MOST_SAID = 4  # layers of which a sentence is said where there are kinds of networks
_MOST_LINES, _LABEL = 20, 24  # of a table in a terminal; letters of a name in it

NULL_TEXT = (
    "Similarity of {} with each predictor, on held-out reaches. "
    "Grey: the middle 95 % of {} null scores. A score within it may be chance. Sand: the noise ceiling, "
    "from its lower bound (black line), which a perfect predictor would reach in recordings as noisy as these, to its "
    "upper one; a line alone where both are one. Dots: mean over populations; small dots and line: the populations."
)
_LAGS = (
    "Similarity of {} with each predictor at every lag of the window, on held-out reaches; right of 0 neurons follow. "
    "Dots: the scores in the tables, at the mean of the lags that each fold chose on the other reaches. Grey: from the "
    "lowest to the highest null, the middle 95 % of each. Sand: the noise ceiling; black line: its lower bound."
)
_NEURONS = (
    "Each dot is a neuron of {}: share of its variance over held-out reaches (R²) that a rival explains, across, and "
    f"the layer, upwards. Above the line the layer explains more. What is below {LEAST_DRAWN:g} is drawn there."
)
_SPACES = (
    "Left: held-out reaches in the first three principal components of {}, fitted on the other reaches. "
    "Others: the same reaches as each predictor gives them, mapped into these axes by ridge regression on the other "
    "reaches. Dots: starts."
)
_TESTS = (
    "Difference: mean over held-out reaches of the layer's score less the rival's, {scope}. p is of Wilcoxon's "
    "signed-rank test over pairs of reaches, two-sided, after Holm's correction over all {tests} rows. Unique "
    "variance: what the layer has of the neurons' variance that the rival, at five delays, does not give linearly; a "
    "layer that repeats the rival has none. Its p is of the moments of a null of exchanged reaches; where little is "
    "unique, its interval is wider than that. “None shown” is no proof that there is none; the interval says how large "
    "it may be."
)
_SCORES = (
    "All scores are of reaches that nothing was fitted to; the lag was chosen without them, too. p says how often the "
    "null did as well, corrected over all layers and measures: how often, in the same exchanges of reaches, the "
    "largest score of any stood out as much from its null (Westfall and Young 1993, step-down). A measure without null "
    "or ceiling is in tables only. Of dynamics (dsa, rotation) there is no ceiling, for noise has dynamics of "
    "its own; without repeated reaches there is none of fewer than four neurons, either."
)
_DIFFERENCES = (
    "The unit is a run; its score is the mean over populations. Runs that differ in this factor only, seed included, "
    "form pairs. p is of Wilcoxon's signed-rank test, two-sided, after Holm's correction over all {} rows. Small dots: "
    "runs. Large: the mean of all of a level, with the range or the 95 % interval."
)


@dataclass(frozen=True)
class Shown:
    """A study with what is drawn beside it."""

    study: NeuralStudy
    sources: Sequence[str]
    spaces: Spaces | None = None
    factors: Factors = field(default_factory=dict)  # of runs of several kinds
    facts: Mapping[str, str] = field(default_factory=dict)  # how activity was prepared, and of what
    notes: Sequence[str] = ()  # what was left out of the recordings

    @property
    def caveats(self) -> list[str]:
        """Reasons to say less than the numbers seem to, and what was left out, a line each."""
        return [*self.study.caveats(), *self.notes]

    @cached_property
    def differences(self) -> list[RunDifference]:
        """Every difference between kinds of networks."""
        return differences(self.study, self.factors)

    @property
    def title(self) -> str:
        """What was studied, in a line."""
        runs = {match.run for match in self.study.matches if match.run}
        whose = f" of {len(runs)} runs" if len(runs) > 1 else ""
        return f"{listed(self.study.layers, most=3)}{whose} against {listed(self.study.populations, most=3)}"

    @property
    def subject(self) -> str:
        """The populations, each with its numbers as far as they are known, for captions."""
        return listed([self._counted(name) for name in self.study.populations], most=3)

    def _counted(self, population: str) -> str:
        counts = self.facts.get(population, "").partition(";")[0]
        return f"{population} ({counts})" if counts else population

    @property
    def figures(self) -> dict[str, tuple[Figure, str, str]]:
        """Figures by file name, each with what it shows and its caption, as far as there is something to draw."""
        study, drawn = self.study, {}
        labels, pairs = len(study.labels), len({(one.label, one.rival) for one in study.besides})
        if study.judged:
            text = NULL_TEXT.format(self.subject, max(len(match.nulls) for match in study.judged)) + _first(
                MOST_ROWS, labels, "predictors"
            )
            drawn["similarity"] = similarity_figure(study), "similarity by measure and predictor", text
        if any(match.curve for match in study.judged):
            text = _LAGS.format(self.subject) + _first(MOST_LINES, labels, "predictors")
            drawn["lags"] = lag_figure(study), "similarity by lag", text
        if study.contrasts:
            text = _NEURONS.format(self.subject) + _first(MOST_PAIRS, pairs, "pairs")
            drawn["neurons"] = neuron_figure(study), "scores neuron by neuron", text
        if self.spaces and all(np.ptp(axis) for axis in np.concatenate(next(iter(self.spaces.courses.values()))).T):
            text = _SPACES.format(self._counted(study.populations[0]))
            drawn["subspaces"] = subspace_figure(*self.spaces), "reaches in three dimensions", text
        if self.differences:
            text = _DIFFERENCES.format(len(self.differences))
            drawn["differences"] = difference_figure(study, self.factors), "scores of kinds of networks", text
        return drawn


def _first(most: int, n: int, what: str) -> str:
    """What a caption says where not all are drawn."""
    return f" The first {most} of {n} {what}; the CSV files have all." if n > most else ""


def write_neural(shown: Shown, folder: Path) -> Path:
    """Write neural.html, .md and .json, the tables as CSV, and figures; returns the page.

    OutputError if something cannot be written.
    """
    parts = list(neural_sections(shown, shown.figures))
    rows = {
        "matches": cells.match_rows(shown.study),
        "contrasts": cells.contrast_rows(shown.study),
        "reaches": cells.held_out_rows(shown.study),
        "neurons": cells.unit_rows(shown.study),
        "differences": cells.difference_rows(shown.differences),
    }
    content: dict[str, Any] = {"sources": list(shown.sources), "verdict": neural_verdict(shown), **shown.facts}
    others = {"neural.json": to_json(unknown_as_null({**content, **rows, "curves": cells.curve_rows(shown.study)}))}
    return Document("neural", shown.title, "Studied: " + ", ".join(shown.sources), parts, rows, others).write(folder)


def neural_text(shown: Shown) -> str:
    """The scores, what is unique or which kinds differ, the verdict and the caveats, for a terminal."""
    header, rows = cells.predictor_cells(shown.study)
    lines = _lines(header, rows, "matches.csv", range(1, len(header)))
    if shown.differences:
        header, rows = cells.difference_cells(shown.differences)
        kept = [i for i, name in enumerate(header) if name not in ("layer", "p (Holm)")]
        narrow = [[row[i] for i in kept] for row in (header, *rows)]
        lines += _lines(narrow[0], narrow[1:], "differences.csv")
    else:
        rows = cells.contrast_cells(shown.study)[1]
        unique = [[*row[:2], *row[3:5], row[6]] for row in rows if row[2].startswith(UNIQUE)]
        lines += _lines(["layer", "against", UNIQUE, "95 % interval", "verdict"], unique, "contrasts.csv")
    return "\n".join([*lines, *terminal_lines([*neural_verdict(shown), *shown.caveats])])


def _lines(header: Sequence[str], rows: Sequence[Sequence[str]], file: str, right: Sequence[int] = ()) -> list[str]:
    """A table for a terminal, with the first rows and shortened names; nothing without rows."""
    kept = [[shortened(cell, _LABEL) for cell in row] for row in rows[:_MOST_LINES]]
    more = [f"and {len(rows) - _MOST_LINES} more, in {file}", ""] if len(rows) > _MOST_LINES else []
    return [*terminal_table((header, kept), right), *more] if rows else []


def neural_verdict(shown: Shown) -> list[str]:
    """What the numbers allow to say of every layer, a line each, and of kinds of networks."""
    study = shown.study
    layers = [label for label in study.labels if study.is_layer(label)]
    if shown.differences:
        more = [f"Other layers are in the tables: {len(layers) - _MOST_SAID}."] if len(layers) > _MOST_SAID else []
        said = [_said_shortly(study, label) for label in layers[:_MOST_SAID]]
        return [_kinds_said(shown.differences), *said, *more]
    return [_said(study, label) for label in layers]


def _kinds_said(found: Sequence[RunDifference]) -> str:
    """Which differences between kinds of networks hold, and of how many nothing can be said."""
    texts = [
        f"{one.factor}: {one.other} {'above' if one.verdict == MORE else 'below'} {one.one} in {one.measure}"
        f" ({one.change.difference.mean:+.3f}, {one.change.n} pairs of runs)"
        for one in found
        if one.verdict not in (NONE_SHOWN, TOO_FEW)
    ]
    said = f"Of {plural(len(found), 'difference')} between kinds of networks, {len(texts)} hold"
    said += f": {'; '.join(texts)}." if texts else "."
    if few := [one.change.n for one in found if one.verdict == TOO_FEW]:
        most = plural(max(few), "pair")
        said += f" {len(few)} cannot be told from at most {most} of runs: {enough_pairs(len(found))} would be needed."
        said += " Train more seeds."
    return said


def _said_shortly(study: NeuralStudy, label: str) -> str:
    """The same without numbers: rivals by what is said of them."""
    above = study.above_chance(label)
    found = {one.rival: one.verdict for one in study.contrasts if (one.label, one.measure) == (label, ENCODING)}
    words = {MORE: "explains more than", LESS: "explains less than", NONE_SHOWN: "is not told from"}
    parts = [f"{label}: above its null in {_share(list(above.values()))}"]
    for verdict, how in words.items():
        if rivals := [name.removeprefix(f"{label.rpartition(': ')[0]}: ") for name in found if found[name] == verdict]:
            parts.append(f"{how} {listed(rivals, 4)}")
    return "; ".join(parts) + "."


def _said(study: NeuralStudy, label: str) -> str:
    """What the measures say of a layer together, and what it explains beyond each rival."""
    above = study.above_chance(label)
    parts = [f"{label}: above its null in {_share(list(above.values()))}"]
    if any(above.values()) and np.isfinite(share := study.share(label)):
        parts[0] += f", in {ENCODING} at {100 * share:.0f} % of the upper ceiling"
    of_label = [one for one in study.contrasts if one.label == label]
    for rival in dict.fromkeys(one.rival for one in of_label):
        name = rival.removeprefix(f"{label.rpartition(': ')[0]}: ")
        by_measure = {one.measure: one for one in of_label if one.rival == rival}
        encoding, unique = by_measure[ENCODING], by_measure[UNIQUE]
        how = {MORE: "explains more than", LESS: "explains less than"}.get(encoding.verdict, "is not told from")
        beyond = "" if unique.verdict == MORE else "nothing shown, "
        parts.append(f"{how} {name} ({_amount(encoding, '+.3f')}); beyond it: {beyond}{_amount(unique, '.3f')}")
    return "; ".join(parts) + "."


def _amount(one: Contrast, form: str) -> str:
    mean = one.mean.spread
    return f"{number(mean.mean, form)}{f', {mean.kind} {mean.text(form)}' if mean.kind else ''}"


def _share(found: Sequence[bool]) -> str:
    if not found:
        return "no measure, for none has both a null and a ceiling"
    return f"{sum(found)} of {plural(len(found), 'measure')}"


def neural_sections(shown: Shown, figures: Mapping[str, tuple[Figure, str, str]]) -> Iterator[Section]:
    """The whole document, section by section."""
    study = shown.study

    def drawn(name: str) -> list[Block]:
        if name not in figures:
            return []
        figure, text, caption = figures[name]
        return [picture_block(lambda: figure, text, caption, name)]

    said = [text_block(line, "headline") for line in neural_verdict(shown)]
    yield Section("", [*said, warning_block(shown.caveats), *drawn("similarity")])
    if shown.differences:
        table = table_block(cells.difference_cells(shown.differences), "differences")
        runs = table_block(cells.factor_cells(shown.factors), "runs")
        yield Section("Which differences hold", [*drawn("differences"), table, text_block("The runs:"), runs])
    scores, predictors = cells.score_cells(study), cells.predictor_cells(study)
    yield Section(
        "Scores",
        [table_block(scores, "scores"), text_block(_SCORES, "key"), table_block(predictors, "predictors")],
    )
    if study.contrasts:
        scope = study.contrasts[0].mean.scope
        text = _TESTS.format(scope=scope, tests=len(study.contrasts))
        table = table_block(cells.contrast_cells(study), "contrasts", [one.verdict for one in study.contrasts])
        yield Section("Against rivals", [table, text_block(text, "key"), *drawn("neurons")])
    if "lags" in figures:
        yield Section("Lag", drawn("lags"))
    if "subspaces" in figures:
        yield Section("Subspaces", drawn("subspaces"))
    if shown.facts:
        yield Section(
            "How it was done", [table_block((["what", "how"], [[*pair] for pair in shown.facts.items()]), "facts")]
        )
