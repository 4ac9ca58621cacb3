"""The comparison as one page that needs no other file."""

from collections.abc import Iterator, Sequence
from html import escape

from mousearm.html import bullets, document, paragraph, picture, table, warning
from mousearm.plots import as_png
from mousearm.report.caveats import caveats
from mousearm.report.comparison import Comparison, extremes
from mousearm.report.figure import MOST_REACHES, curves_figure, overview_figure, reaches_figure
from mousearm.report.groups import Group
from mousearm.report.runs import UNKNOWN
from mousearm.report.spread import EXPLANATION
from mousearm.report.tables import group_cells, key_cells, left_out_cells, run_cells


def title(comparison: Comparison) -> str:
    """What is compared, in a few words."""
    n, runs = len(comparison.groups), len(comparison.runs)
    if n == 1:
        return f"{runs} runs that differ in nothing but the seed" if runs > 1 else "1 run"
    return f"{comparison.grouping.title}: {runs} runs in {n} groups"


def verdict(comparison: Comparison) -> str:
    """Which group has the lowest error, and whether others may be as good."""
    measure, best = comparison.measures[0], comparison.best
    spread = comparison.spread(measure, best)
    interval = f" (95 % interval {spread.interval(measure.form)} mm)" if spread.low is not None else ""
    error = f"{spread.mean:{measure.form}} mm{interval}"
    if len(comparison.groups) == 1:
        return f"Mean paw error, {comparison.split} reaches: {error}."
    others = [g for g in comparison.groups if g is not best and spread.overlaps(comparison.spread(measure, g))]
    text = f"Lowest mean paw error, {comparison.split} reaches: {best.description} with {error}."
    if others:
        text += f" Its interval overlaps with that of {'; '.join(group.description for group in others)}."
    return text


def meaning(comparison: Comparison) -> list[str]:
    """What the columns of the table are."""
    yardstick = comparison.runs[0].evaluation.yardstick
    return [
        f"Errors are mean distances of paw and elbow from their targets over all steps of the {comparison.split} "
        f"reaches, in {yardstick.text()}, of the best network of each run, which is chosen by the reaches trained on.",
        EXPLANATION,
        "Effort is the mean over steps and actuators of (force / peak force)². Minutes are of training, by the clock.",
    ]


def page(comparison: Comparison) -> str:
    """The HTML."""
    header, rows = group_cells(comparison)
    best = [group is comparison.best and len(rows) > 1 for group in comparison.groups]
    parts = [
        f"<h1>{escape(title(comparison))}</h1>",
        paragraph("Compared: " + ", ".join(map(str, comparison.sources)), "key"),
        paragraph(verdict(comparison), "headline"),
        warning(caveats(comparison)),
        table(header, rows, ["best" if own else "" for own in best], name="groups"),
        picture(as_png(overview_figure(comparison)), "errors and effort of the groups"),
        paragraph("Small and pale: runs. Large: means over the runs of a group, with their 95 % intervals.", "key"),
        *(paragraph(line, "key") for line in meaning(comparison)),
        *_differences(comparison),
        *_learning(comparison),
        *_reaches(comparison),
        "<h2>Best and worst reach</h2>",
        paragraph("Of all runs of a group, by the mean paw error.", "key"),
        '<p class="key screen">Click a picture to enlarge it.</p>',
        *(_extremes(group) for group in comparison.groups),
        "<h2>Runs</h2>",
        table(*run_cells(comparison), name="runs"),
        *_left_out(comparison),
        *_reproduction(comparison),
    ]
    return document(title(comparison), parts)


def _differences(comparison: Comparison) -> Iterator[str]:
    yield "<h2>What differs</h2>"
    if comparison.grouping.keys:
        yield table(*key_cells(comparison), name="keys")
        yield paragraph("All other keys of the configuration are the same, but for seeds and names.", "key")
    else:
        yield paragraph("Nothing but the seed.")


def _learning(comparison: Comparison) -> Iterator[str]:
    yield "<h2>Learning curves</h2>"
    if not any(len(curve.steps) for curve in comparison.curves.values()):
        yield paragraph("No run has evaluations of its training.")
        return
    yield picture(as_png(curves_figure(comparison)), "learning curves")
    text = "Thin: runs. Thick: means of a group, as far as all its runs go. "
    sampled = max(run.settings["algo.eval_reaches"] for run in comparison.runs)
    text += f"Of at most {sampled} reaches of each split; the tables are of all reaches and of the best network."
    yield paragraph(text, "key")


def _reaches(comparison: Comparison) -> Iterator[str]:
    yield "<h2>Errors per reach</h2>"
    yield picture(as_png(reaches_figure(comparison)), "errors per reach")
    names = {(reach.name, reach.split) for run in comparison.runs for reach in run.evaluation.reaches}
    left = f" The {MOST_REACHES} worst of {len(names)}; reaches.csv has all." if len(names) > MOST_REACHES else ""
    yield paragraph(f"Means over the runs of a group, with their 95 % intervals; the worst reach first.{left}", "key")


def _extremes(group: Group) -> str:
    pictures = []
    for word, (run, reach) in zip(("Best", "Worst"), extremes(group), strict=True):
        text = f"{word}: {reach.name} ({reach.split}), {reach.paw_mm.mean:.3f} mm, run {run.name}"
        file = run.folder.figures / f"{reach.name}.png"
        shown = (
            picture(file.read_bytes(), text)
            if file.is_file()
            else paragraph(f"The run has no {file.relative_to(run.folder.path)}.", "key")
        )
        pictures.append(f'<figure tabindex="0"><figcaption>{escape(text)}</figcaption>{shown}</figure>')
    return f'<h3>{escape(group.description)}</h3><div class="pair">{"".join(pictures)}</div>'


def _left_out(comparison: Comparison) -> Iterator[str]:
    if comparison.left_out:
        yield "<h2>Not compared</h2>"
        yield table(*left_out_cells(comparison), name="left_out")


def _reproduction(comparison: Comparison) -> Iterator[str]:
    yield "<h2>How to make these runs again</h2>"
    commits: dict[str, list[str]] = {}
    for run in comparison.runs:
        commits.setdefault(run.commit, []).append(run.command)
    for commit, commands in commits.items():
        yield f"<pre>{escape(chr(10).join([*checkout(commit), *commands]))}</pre>"
    yield bullets(_remarks(comparison))


def checkout(commit: str) -> Sequence[str]:
    """The lines that bring back the code of a commit, as ``Run.commit`` has it."""
    if commit.endswith("+"):
        return [f"git checkout {commit[:-1]}", "# and apply the changes that stand at the end of environment.txt"]
    return [f"git checkout {commit}"] if commit != UNKNOWN else ["# The commit is not known: no git checkout."]


def _remarks(comparison: Comparison) -> Iterator[str]:
    yield "Versions of all packages stand in environment.txt of each run, its whole configuration in config.yaml."
    if bare := [run.name for run in comparison.runs if not (run.folder.path / "overrides.yaml").is_file()]:
        yield f"Without overrides.yaml the command says nothing of the configuration: {', '.join(bare)}."
