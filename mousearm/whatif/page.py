"""A study as a document: a page of HTML like that of a comparison, Markdown, tables for programs, and a terminal."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mousearm.document import (
    Document,
    Section,
    picture_block,
    table_block,
    terminal_lines,
    terminal_table,
    text_block,
    warning_block,
)
from mousearm.files import to_json
from mousearm.rundir.runs import STUDY
from mousearm.stats import NONE_SHOWN
from mousearm.text import listed, number, plural
from mousearm.whatif.effects import MEASURES, Effect, LesionStudy
from mousearm.whatif.figure import muscle_figure, severity_figure
from mousearm.whatif.tables import effect_cells, muscle_cells, regained_cells, study_rows
from mousearm.whatif.trials import ACUTE

_WIDE = ("effect", "verdict")  # columns that a terminal has no room for
_FIGURE = "Thin: {}. Thick: their mean, with the range or the 95 % interval. Both axes are the same for all conditions."
_TESTS = (
    "Every case is compared with the intact arm in pairs of the same {}. The change is the mean difference. p is of "
    "Wilcoxon's signed-rank test, two-sided, after Holm's correction over all cases of a table, by themselves at once, "
    "retrained, and afterwards without the condition: {} at most. The effect is the matched-pairs rank-biserial "
    "correlation: 1 where every one became larger, -1 where every one became smaller. "
    "“None shown” is no proof that there is none; the interval says how large it may be."
)
_MUSCLES = (
    "Effort of an actuator: mean over steps of (force / peak force of the intact arm)². The actuators that gained "
    "most, at the largest severity of each condition. One that works more need not replace another: it may also resist."
)
_REGAINED = (
    "Regained: the share of the error that the condition added and more training under it took away. The first row is "
    "training for as long without a condition: what others gain beyond it is due to the condition. Then without: the "
    "error with the intact arm again, after that training."
)
_CHANGED = (
    "Weights: relative change, the norm of the difference over the norm before. Units: correlation of the activity of "
    "each unit before and after training, in the same condition over all reaches and steps; the mean over units."
)


def write_study(study: LesionStudy, sources: Sequence[object], changed: Sequence[dict[str, Any]], folder: Path) -> Path:
    """Write whatif.html, .md and .json, trials.csv, effects.csv, muscles.csv and figures; returns the page.

    ``changed`` are rows of what retraining did to networks. OutputError if something cannot be written.
    """
    parts, source = list(study_sections(study, changed)), "Studied: " + ", ".join(map(str, sources))
    rows = study_rows(study)
    content = to_json({"sources": list(map(str, sources)), "unit": study.unit, **rows, "changed": changed})
    return Document("whatif", study_title(study), source, parts, rows, {STUDY: content}).write(folder)


def study_title(study: LesionStudy) -> str:
    """The title: the conditions and the runs."""
    runs = study.runs[0] if len(study.runs) == 1 else plural(len(study.runs), "run")
    return f"What if: {listed(study.conditions, most=6)}, of {runs}"


def study_text(study: LesionStudy) -> str:
    """The errors, what more training gave back, the verdict and the caveats, for a terminal."""
    header, rows = effect_cells(study, "paw_mm", [ACUTE])
    head, *narrow = (
        [cell for name, cell in zip(header, row, strict=True) if name not in _WIDE] for row in (header, *rows)
    )
    lines = terminal_table((head, narrow))
    if study.regained():
        header, rows = regained_cells(study)
        lines += terminal_table((header[:6], [row[:6] for row in rows]))
    return "\n".join([*lines, *terminal_lines([study_verdict(study), *study.caveats()])])


def study_verdict(study: LesionStudy) -> str:
    """Changes of the paw error by conditions at their largest severity, in a sentence."""
    of_paw = {effect[:3]: effect for effect in study.effects if effect.measure == "paw_mm"}
    said = "; ".join(_said(of_paw[place]) for place in study.worst if place[0] == ACUTE)
    return f"Paw error of the intact arm {number(study.intact('paw_mm').mean, '.3f')} mm. Changes: {said}."


def _said(effect: Effect) -> str:
    change = effect.change.difference
    spread = f" ({change.kind} {change.text('+.3f')})" if change.kind else ""
    none = ", no difference shown" if effect.verdict == NONE_SHOWN else ""
    return f"{effect.condition} {effect.severity:g}: {change.mean:+.3f} mm{spread}{none}"


def study_sections(study: LesionStudy, changed: Sequence[dict[str, Any]]) -> Iterator[Section]:
    """The whole document, section by section."""
    several = "runs" if study.unit == "run" else "reaches"
    yield Section(
        "",
        [
            text_block(study_verdict(study), "headline"),
            warning_block(study.caveats()),
            picture_block(
                lambda: severity_figure(study), "error and effort by severity", _FIGURE.format(several), "severity"
            ),
        ],
    )
    tests = max((effect.tests for effect in study.effects), default=0)
    for measure, name in MEASURES.items():
        blocks = [table_block(effect_cells(study, measure), measure)]
        blocks += [text_block(_TESTS.format(study.unit, tests), "key")] if measure == "paw_mm" else []
        yield Section(f"Change of {name.partition(',')[0]}", blocks)
    gained = [picture_block(lambda: muscle_figure(study), "change of effort of each actuator", _MUSCLES, "muscles")]
    yield Section("Which actuators took over", [table_block(muscle_cells(study), "muscles"), *gained])
    if study.regained():
        blocks = [table_block(regained_cells(study), "regained"), text_block(_REGAINED, "key")]
        yield Section("What more training gave back", blocks)
    if changed:
        header = list(changed[0])
        cells = [[value if isinstance(value, str) else f"{value:.3g}" for value in row.values()] for row in changed]
        yield Section(
            "What it changed in the network", [table_block((header, cells), "changed"), text_block(_CHANGED, "key")]
        )
