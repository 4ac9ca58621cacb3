"""The comparison as a report in Weights & Biases: the text of the page, and panels that draw the runs that are there.

It needs the extra ``report``; without it this module cannot be imported.
"""

import contextlib
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mousearm.errors import RunError
from mousearm.plots import spans_magnitudes
from mousearm.report.comparison import Comparison
from mousearm.report.figure import look_of
from mousearm.report.groups import Group
from mousearm.report.page import sections, summary, title
from mousearm.report.reading import Run
from mousearm.text import shell

try:
    import wandb
    import wandb_workspaces.expr as expr
    import wandb_workspaces.reports.v2.interface as wr
    from wandb.errors import AuthenticationError, UsageError
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] not in ("wandb", "wandb_workspaces"):
        raise
    raise RunError(
        "A report in Weights & Biases needs the package wandb-workspaces. In the checkout: "
        "python -m pip install '.[report]'"
    ) from error

_LOGIN = "Log in once with: wandb login (the key is at https://wandb.ai/authorize). On a cluster set WANDB_API_KEY."
_CURVES_NOTE = (
    "Lines are means over the runs of a group, with the runs beside them, of the evaluations while training. Bars are "
    "of the best network, as in the table. Each run set below the panels is a group."
)


class PublishResult(NamedTuple):
    """A report that was made, and the runs that its panels lack, each with the reason and what to do."""

    url: str
    absent: list[str]

    def __str__(self) -> str:
        return "\n".join([f"Report: {self.url}", *self.absent])


def publish(comparison: Comparison, project: str) -> PublishResult:
    """Make a report in Weights & Biases; a new one each time, so that remarks in earlier ones are kept.

    RunError if the project is not named ENTITY/PROJECT or cannot be reached, nobody is logged in, or no run is there.
    """
    entity, _, name = project.partition("/")
    if not entity or not name or "/" in name:
        example = "ENTITY/PROJECT, such as my-lab/mousearm"
        raise RunError(f"A project in Weights & Biases is named {example}, not '{project}'.")
    there, absent = _find_uploads(comparison, project)
    blocks, heading = _blocks(comparison, project, there, absent), title(comparison)[:128]  # more is refused
    report = wr.Report(entity=entity, project=name, title=heading, blocks=blocks, width="fixed")
    with _errors_explained(project):
        return PublishResult(report.save().url, absent)


def _blocks(comparison: Comparison, project: str, there: Sequence[Run], absent: Sequence[str]) -> list[Any]:
    blocks = [wr.MarkdownBlock(summary(comparison).markdown()), wr.H2("Learning curves and errors")]
    blocks += [wr.P(_CURVES_NOTE), _panel_grid(comparison, project, there)]
    if absent:
        blocks += [wr.H2("Not in the panels"), wr.UnorderedList(list(absent))]
    for section in sections(comparison):
        if text := section.markdown():
            blocks += [wr.H2(section.heading), wr.MarkdownBlock(text)]
    return blocks


def _panel_grid(comparison: Comparison, project: str, there: Sequence[Run]) -> wr.PanelGrid:
    """The panels, and a run set for each group that has runs there; all of these are one line, or one bar."""
    keys = distinguishing_keys(comparison)
    members = [(group, [run for run in group.runs if run in there]) for group in comparison.groups]
    shown = [(group, runs) for group, runs in members if runs]
    return wr.PanelGrid(
        runsets=[_run_set(comparison, project, group, runs, keys) for group, runs in shown],
        panels=_panels(comparison, ungrouped=not keys),
        custom_run_colors={_line(group, keys): _colour(comparison, group) for group, _ in shown if keys},
    )


def distinguishing_keys(comparison: Comparison) -> list[str]:
    """Keys that are the same within each group and together distinguish the groups; none of one group."""
    chosen: list[str] = []
    told_apart = {()}
    for key in [*comparison.grouping.keys, "seed"]:
        within = all(len({str(run.settings.get(key)) for run in group.runs}) == 1 for group in comparison.groups)
        parts = {tuple(group.values(of) for of in (*chosen, key)) for group in comparison.groups}
        if within and len(parts) > len(told_apart):
            chosen, told_apart = [*chosen, key], parts
    return chosen


def _run_set(comparison: Comparison, project: str, group: Group, runs: Sequence[Run], keys: list[str]) -> wr.Runset:
    colour, (entity, name) = _colour(comparison, group), project.split("/")
    return wr.Runset(
        entity=entity,
        project=name,
        name=group.description,
        filters=[expr.Metric("ID").isin([run.folder.id for run in runs])],
        groupby=[f"config.{key}" for key in keys],
        run_settings={run.folder.id: wr.RunSettings(color=colour) for run in runs},
        pinned_columns=["run:displayName", "config:seed.value", f"summary:{final_error(comparison.split, 'paw')}"],
    )


def _panels(comparison: Comparison, ungrouped: bool) -> list[Any]:
    """Learning curves by steps and by the clock, paw and elbow errors; ``ungrouped`` run sets are put together here."""
    split, runs = comparison.split, len(comparison.runs)
    errors = [error for curve in comparison.curves.values() for error in curve.paw_mm]
    both: dict[str, Any] = {"groupby_aggfunc": "mean", "aggregate": ungrouped or None, "max_runs_to_show": runs}
    curve: dict[str, Any] = {**both, "y": [f"eval/{split}_paw_mm"], "title": f"Mean paw error while training, {split}"}
    curve |= {"title_y": "mm", "log_y": spans_magnitudes(errors)}
    curve |= {"groupby_rangefunc": "samples", "smoothing_type": "none"}
    bars: dict[str, Any] = {**both, "title_x": "mm", "groupby_rangefunc": "minmax", "max_bars_to_show": runs}
    panels: list[Any] = [
        wr.LinePlot(x="Step", title_x="control steps over all simulations", **curve),
        wr.LinePlot(x="time/training_s", title_x="training by the clock (s)", **curve),
    ]
    for point in ("paw", "elbow"):
        metric = wr.SummaryMetric(final_error(split, point))
        panels.append(wr.BarPlot(title=f"Mean {point} error, {split}", metrics=[metric], **bars))
    for i, panel in enumerate(panels):
        panel.layout = wr.Layout(x=12 * (i % 2), y=8 * (i // 2), w=12, h=8)  # of a grid of 24 columns
    return panels


def _line(group: Group, keys: Sequence[str]) -> wr.RunsetGroup:
    """The key of a group's line: its run set, and the values that its runs have in common: 1.0 as 1, text unquoted."""
    known = {key: group.runs[0].settings.get(key) for key in keys}
    known = {key: int(of) if isinstance(of, float) and of.is_integer() else of for key, of in known.items()}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in known.items()}
    return wr.RunsetGroup(
        group.description, tuple(wr.RunsetGroupKey(wr.Config(key), text) for key, text in texts.items())
    )


def _colour(comparison: Comparison, group: Group) -> str:
    return look_of(comparison, group, "line")["color"]


def final_error(split: str, point: str) -> str:
    """Name in a run's summary of the mean error of ``paw`` or ``elbow`` of its best network, mm."""
    return f"result/{split}_{point}_mm_mean"


@contextlib.contextmanager
def _errors_explained(project: str) -> Iterator[None]:
    """Turn errors of Weights & Biases into RunErrors that say what to do."""
    try:
        yield
    except UsageError as error:
        raise RunError(f"Nobody is logged in to Weights & Biases. {_LOGIN}") from error
    except AuthenticationError as error:
        raise RunError(f"Weights & Biases cannot be reached, or does not know this key: {error} {_LOGIN}") from error
    except Exception as error:  # the service's, the network's and the checks of what came back: no common kind
        raise RunError(f"Weights & Biases, {project}: {error}. Does it exist, and may you write there?") from error


def _find_uploads(comparison: Comparison, project: str) -> tuple[list[Run], list[str]]:
    """The runs that a project has, with the errors that evaluation.json says; and of the others the reasons."""
    ids = {run.folder.id: run for run in comparison.runs if run.folder.id}
    with _errors_explained(project):
        listed = wandb.Api().runs(project, filters={"name": {"$in": list(ids)}}, per_page=len(ids) or 1, lazy=False)
        errors = {run.id: run.summary.get(final_error(comparison.split, "paw")) for run in listed}
    problems = {run.name: _problem(run, comparison.split, errors) for run in comparison.runs}
    there = [run for run in comparison.runs if not problems[run.name]]
    absent = [f"{name} {problem}" for name, problem in problems.items() if problem]
    if not there:
        homes = ", ".join(sorted({run.settings["tracking.project"] for run in comparison.runs}))
        listed = "\n  ".join(absent)
        raise RunError(
            f"None of these {len(absent)} runs can be shown from {project}:\n  {listed}\n"
            f"Their configurations say tracking.project={homes}; another project is named by --wandb ENTITY/PROJECT."
        )
    return there, absent


def _problem(run: Run, split: str, errors: dict[str, object]) -> str:
    """Reason why panels cannot show a run, and a remedy; empty where they can."""
    path = run.folder.path
    path = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    if run.folder.id not in errors:
        if run.settings["tracking.wandb"] == "disabled":
            return f"was not tracked: {shell('run.py', f'resume={path}', 'tracking=wandb')}"
        return f"is not uploaded yet: {shell('scripts/sync.py', path)}"
    found, known = errors[run.folder.id], run.error_mm(split, "paw")
    if not isinstance(found, float | int):
        return f"is there without its result: {shell('scripts/sync.py', path, '--again')}"
    if not math.isclose(found, known, rel_tol=1e-6):
        text = f"has another error there ({found:.3f} mm) than evaluation.json ({known:.3f} mm)"
        return f"{text}: {shell('scripts/sync.py', path, '--again')}"
    return ""
