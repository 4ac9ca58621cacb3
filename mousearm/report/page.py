"""The comparison as a document: written once, shown as a page of HTML, as Markdown, and in short in a terminal."""

from collections.abc import Iterator
from html import escape
from pathlib import Path

from mousearm.document import (
    Block,
    Document,
    Section,
    list_block,
    paragraph,
    picture,
    picture_block,
    table_block,
    terminal_lines,
    terminal_table,
    text_block,
    warning_block,
)
from mousearm.door import inside, read_bytes
from mousearm.report import tables
from mousearm.report.comparison import Comparison, caveats, extremes
from mousearm.report.figure import MOST_REACHES, curves_figure, overview_figure, reaches_figure
from mousearm.report.groups import EXPLANATION, Group
from mousearm.report.reading import UNKNOWN
from mousearm.text import code_block

_ERRORS = (
    "Errors are mean distances of paw and elbow from their targets over all steps of the {} reaches, in {}, of the "
    "best network of each run, which is chosen by the reaches trained on."
)
_NOISE = (
    "Targets that were tracked have noise, and are known to that distance only. The error that is expected to the "
    "movement without it is the mean over movements that may be behind the recording; docs/results.md says how."
)
_OVERVIEW = (
    "Small and pale: runs, where a group has several. Large: their mean, with the range or the 95 % interval. Black "
    "diamonds, where there are any: recordings, which stand beside the runs and are not ranked."
)
_EFFORT = (
    "Effort is the mean over steps and actuators of (force / peak force)², u² that of squared excitations of muscles "
    "or controls of motors. Minutes are of training, by the clock."
)


def write_report(comparison: Comparison, folder: Path) -> Path:
    """Write comparison.html, .md and .csv, runs.csv and reaches.csv; returns the page, or raises OutputError."""
    rows = {
        "comparison": tables.group_rows(comparison),
        "runs": tables.run_rows(comparison),
        "reaches": tables.reach_rows(comparison),
    }
    sources = "Compared: " + ", ".join(map(str, comparison.sources))
    parts = [summary(comparison), *sections(comparison)]
    return Document("comparison", title(comparison), sources, parts, rows).write(folder)


def comparison_text(comparison: Comparison) -> str:
    """The table of groups, the verdict, the caveats and what is not compared, for a terminal."""
    excluded = [f"{out.name}: {out.state}. {out.reason}" for out in comparison.excluded]
    lines = terminal_lines([verdict(comparison), *caveats(comparison), *excluded])
    return "\n".join([*terminal_table(tables.group_cells(comparison)), *lines])


def title(comparison: Comparison) -> str:
    """Number of runs and groups, and what distinguishes them."""
    n, runs = len(comparison.groups), len(comparison.runs)
    if n == 1:
        return f"{runs} runs that differ in nothing but the seed" if runs > 1 else "1 run"
    return f"{comparison.grouping.title}: {runs} runs" + (f" in {n} groups" if n < runs else "")


def verdict(comparison: Comparison) -> str:
    """The mean error of each group, or the group with the lowest and the others that may be as good."""
    measure, best = comparison.measures[0], comparison.best
    means = [(group, comparison.mean(measure, group)) for group in comparison.groups]
    errors = {}
    for group, mean in means:
        spread = f" ({mean.kind} {mean.text(measure.form)} mm)" if mean.kind else ""
        errors[group.description] = f"{mean.mean:{measure.form}} mm{spread}"
    head, known = f"mean paw error, {comparison.split} reaches:", comparison.runs[0].evaluation.known_to
    if len(means) == 1:
        return f"{head.capitalize()} {', '.join(errors.values())}.{known}"
    if best is None:
        listing = "; ".join(f"{name}, {error}" for name, error in errors.items())
        once = [group.description for group in comparison.unrepeated]
        whose = " each" if len(once) == len(means) else f", as of {'; '.join(once)},"
        advice = f"One seed{whose} cannot tell which is better: train each with several, such as -m seed=0,1,2,3,4."
        return f"{head.capitalize()} {listing}.{known} {advice}"
    lowest = comparison.mean(measure, best)
    others = [group.description for group, mean in means if group is not best and lowest.overlaps(mean)]
    shared = f" Its {lowest.kind} overlaps with that of {'; '.join(others)}." if others else ""
    return f"Lowest {head} {best.description} with {errors[best.description]}.{shared}{known}"


def summary(comparison: Comparison) -> Section:
    """The verdict, what weakens it, the table of groups, and what its columns are."""
    marked = ["best" if group is comparison.best else "" for group in comparison.groups]
    marked += [""] * len(comparison.standards)
    blocks = [
        text_block(verdict(comparison), "headline"),
        warning_block(caveats(comparison)),
        table_block(tables.group_cells(comparison), "groups", marked),
        picture_block(lambda: overview_figure(comparison), "errors and effort of the groups", _OVERVIEW),
        text_block(_ERRORS.format(comparison.split, comparison.runs[0].evaluation.scale.text()), "key"),
        *([text_block(_NOISE, "key")] if any(measure.key == "paw_floor_mm" for measure in comparison.measures) else []),
        text_block(EXPLANATION, "key"),
        text_block(_EFFORT, "key"),
    ]
    return Section("", blocks)


def sections(comparison: Comparison) -> Iterator[Section]:
    """The rest of the document: differences, figures, runs, those that are excluded, and how to repeat them."""
    same = "All other keys of the configuration are the same, but for seeds and names."
    differ = [table_block(tables.key_cells(comparison), "keys"), text_block(same, "key")]
    yield Section("What differs", differ if comparison.grouping.keys else [text_block("Nothing but the seed.")])
    yield Section("Learning curves", [_learning(comparison)])
    yield Section("Errors per reach", [_reaches(comparison)])
    yield Section("Best and worst reach", list(_extremes(comparison)))
    yield Section("Runs", [table_block(tables.run_cells(comparison), "runs")])
    if comparison.excluded:
        yield Section("Not compared", [table_block(tables.excluded_cells(comparison), "excluded")])
    yield Section("How to make these runs again", list(_reproduction(comparison)))


def _learning(comparison: Comparison) -> Block:
    if not any(len(curve.steps) for curve in comparison.curves.values()):
        return text_block("No run has evaluations of its training.")
    sampled = max(run.settings["algo.eval_reaches"] for run in comparison.runs)
    caption = "Thin: runs. Thick: means of a group, as far as all its runs go. "
    caption += f"Of at most {sampled} reaches of each split; the tables are of all reaches and of the best network."
    return picture_block(lambda: curves_figure(comparison), "learning curves", caption)


def _reaches(comparison: Comparison) -> Block:
    names = {(reach.name, reach.split) for run in comparison.runs for reach in run.evaluation.reaches}
    left = f" The {MOST_REACHES} worst of {len(names)}; reaches.csv has all." if len(names) > MOST_REACHES else ""
    caption = f"Means over the runs of a group, with their range or 95 % interval; the worst reach first.{left}"
    return picture_block(lambda: reaches_figure(comparison), "errors per reach", caption)


def _extremes(comparison: Comparison) -> Iterator[Block]:
    yield Block(lambda: paragraph("Of all runs of a group, by the mean paw error.", "key"))
    yield Block(lambda: '<p class="key screen">Click a picture to enlarge it.</p>')
    for group in comparison.groups:
        yield Block(lambda group=group: _extremes_of(group))


def _extremes_of(group: Group) -> str:
    pictures = []
    for word, (run, reach) in zip(("Best", "Worst"), extremes(group), strict=True):
        text = f"{word}: {reach.name} ({reach.split}), {reach.paw_mm.mean:.3f} mm, run {run.name}"
        file = inside(run.folder.figures, f"{reach.name}.png")
        absent = paragraph(f"The run has no {file.relative_to(run.folder.path)}.", "key")
        shown = picture(read_bytes(file), text) if file.is_file() else absent
        pictures.append(f'<figure tabindex="0"><figcaption>{escape(text)}</figcaption>{shown}</figure>')
    return f'<h3>{escape(group.description)}</h3><div class="pair">{"".join(pictures)}</div>'


def _reproduction(comparison: Comparison) -> Iterator[Block]:
    for commit in dict.fromkeys(run.commit for run in comparison.runs):
        head = f"git checkout {commit.removesuffix('+')}"
        if commit == UNKNOWN:
            head = "# The commit is not known: no git checkout."
        elif commit.endswith("+"):
            head += "\n# and apply the changes that stand at the end of environment.txt"
        text = "\n".join([head, *(run.command for run in comparison.runs if run.commit == commit)])
        yield Block(lambda text=text: f"<pre>{escape(text)}</pre>", code_block(text))
    lines = ["Versions of all packages stand in environment.txt of each run, its whole configuration in config.yaml."]
    if bare := [run.name for run in comparison.runs if not run.folder.overrides.is_file()]:
        lines.append(f"Without overrides.yaml the command says nothing of the configuration: {', '.join(bare)}.")
    yield list_block(lines)
