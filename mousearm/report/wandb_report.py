"""The comparison as a report in Weights & Biases: the page's text, and panels that draw the runs that are there."""

import json
from collections.abc import Sequence
from typing import Any

import wandb_workspaces.expr as expr
import wandb_workspaces.reports.v2.interface as wr

from mousearm.report.comparison import Comparison
from mousearm.report.drawing import look, spans_magnitudes
from mousearm.report.groups import Group
from mousearm.report.markdown import sections, summary
from mousearm.report.page import title
from mousearm.report.publishing import Project, Published
from mousearm.report.runs import Run
from mousearm.report.wandb_runs import explained, final_error, find_uploads

_LONGEST_TITLE = 128  # more is refused
_WIDTH, _HEIGHT = 12, 8  # of a panel, in the 24 columns of a grid
_CURVES_NOTE = (
    "Lines are means over the runs of a group, with the runs beside them, of the evaluations while training. Bars are "
    "of the best network, as in the table. Each run set below the panels is a group."
)


def publish(comparison: Comparison, project: Project) -> Published:
    """Make the report; see ``mousearm.report.publishing``.

    Raises:
        RunError: if that is impossible.
    """
    there, absent = find_uploads(comparison, project)
    report = wr.Report(
        entity=project.entity,
        project=project.name,
        title=title(comparison)[:_LONGEST_TITLE],
        blocks=_blocks(comparison, project, there, absent),
        width="fixed",
    )
    with explained(project):
        return Published(report.save().url, absent)


def _blocks(comparison: Comparison, project: Project, there: Sequence[Run], absent: Sequence[str]) -> list[Any]:
    blocks = [
        wr.MarkdownBlock(summary(comparison)),
        wr.H2("Learning curves and errors"),
        wr.P(_CURVES_NOTE),
        _panel_grid(comparison, project, there),
    ]
    if absent:
        blocks += [wr.H2("Not in the panels"), wr.UnorderedList(list(absent))]
    for section in sections(comparison):
        blocks += [wr.H2(section.heading), wr.MarkdownBlock(section.text)]
    return blocks


def _panel_grid(comparison: Comparison, project: Project, there: Sequence[Run]) -> wr.PanelGrid:
    """The panels, and a run set for each group that has runs there; all of these are one line, or one bar."""
    keys = telling_keys(comparison)
    members = [(group, [run for run in group.runs if run in there]) for group in comparison.groups]
    shown = [(group, runs) for group, runs in members if runs]
    return wr.PanelGrid(
        runsets=[_run_set(comparison, project, group, runs, keys) for group, runs in shown],
        panels=_panels(comparison, ungrouped=not keys),
        custom_run_colors={_line(group, keys): _colour(comparison, group) for group, _ in shown if keys},
    )


def telling_keys(comparison: Comparison) -> list[str]:
    """Keys that are the same within each group and together tell the groups apart; none of one group."""
    chosen: list[str] = []
    for key in [*comparison.grouping.keys, "seed"]:
        within = all(len({str(run.settings.get(key)) for run in group.runs}) == 1 for group in comparison.groups)
        if within and _told_apart(comparison, [*chosen, key]) > _told_apart(comparison, chosen):
            chosen.append(key)
    return chosen


def _told_apart(comparison: Comparison, keys: Sequence[str]) -> int:
    return len({tuple(group.values(key) for key in keys) for group in comparison.groups})


def _run_set(comparison: Comparison, project: Project, group: Group, runs: Sequence[Run], keys: list[str]) -> wr.Runset:
    colour = _colour(comparison, group)
    return wr.Runset(
        entity=project.entity,
        project=project.name,
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
    curve: dict[str, Any] = {
        "title": f"Mean paw error while training, {split}",
        "y": [f"eval/{split}_paw_mm"],
        "title_y": "mm",
        "log_y": spans_magnitudes(errors),
        "groupby_aggfunc": "mean",
        "groupby_rangefunc": "samples",
        "aggregate": ungrouped or None,
        "smoothing_type": "none",
        "max_runs_to_show": runs,
    }
    bars: dict[str, Any] = {
        "title_x": "mm",
        "groupby_aggfunc": "mean",
        "groupby_rangefunc": "minmax",
        "aggregate": ungrouped or None,
        "max_runs_to_show": runs,
        "max_bars_to_show": runs,
    }
    panels = [
        wr.LinePlot(x="Step", title_x="control steps over all simulations", **curve),
        wr.LinePlot(x="time/training_s", title_x="training by the clock (s)", **curve),
        *(
            wr.BarPlot(
                title=f"Mean {point} error, {split}", metrics=[wr.SummaryMetric(final_error(split, point))], **bars
            )
            for point in ("paw", "elbow")
        ),
    ]
    for i, panel in enumerate(panels):
        panel.layout = wr.Layout(x=_WIDTH * (i % 2), y=_HEIGHT * (i // 2), w=_WIDTH, h=_HEIGHT)
    return panels


def _line(group: Group, keys: Sequence[str]) -> wr.RunsetGroup:
    """What a group's line is known by: its run set, and the values that its runs have in common."""
    settings = group.runs[0].settings
    values = (wr.RunsetGroupKey(wr.Config(key), _as_json(settings.get(key))) for key in keys)
    return wr.RunsetGroup(group.description, tuple(values))


def _as_json(value: Any) -> str:
    """A value as it is written there: 1.0 as 1, text without quotes."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value)


def _colour(comparison: Comparison, group: Group) -> str:
    return look(comparison, group, "line")["color"]
