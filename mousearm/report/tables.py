"""The tables of a comparison: cells for people, and rows for programs."""

from dataclasses import asdict
from typing import Any

from mousearm.document import Cells
from mousearm.report.comparison import Comparison
from mousearm.text import NO_VALUE, listed, number


def group_cells(comparison: Comparison) -> Cells:
    """Header and a row per group: what it is, runs, seeds, and of each measure the mean and its range or interval."""
    measures = comparison.measures
    kinds = {comparison.mean(measure, group).kind for group in comparison.groups for measure in measures} - {""}
    rows, header = [], [*comparison.grouping.titles, "runs", "seeds"]
    for measure in comparison.measures:
        what = measure.title.partition(",")[0]
        header += [measure.title, *([f"{what} {min(kinds)}"] if measure.interval and kinds else [])]
    for group in comparison.groups:
        row = [*group.cells, str(len(group.runs)), listed([str(seed) for seed in group.seeds], most=6)]
        for measure in comparison.measures:
            mean = comparison.mean(measure, group)
            note = " (range)" if len(kinds) > 1 and mean.kind == "range" else ""
            text = [mean.text(measure.form) + note] if measure.interval and kinds else []
            row += [number(mean.mean, measure.form), *text]
        rows.append(row)
    titles = len(comparison.grouping.titles)
    for one in comparison.standards:
        row = [one.name, *[""] * (titles - 1), NO_VALUE, NO_VALUE]
        for measure in comparison.measures:
            row += [number(measure.of(one), measure.form), *([NO_VALUE] if measure.interval and kinds else [])]
        rows.append(row)
    return header, rows


def run_cells(comparison: Comparison) -> Cells:
    """Header and a row per run: name, group, seed, measures, steps of training."""
    titles = [title for title in comparison.grouping.titles if title != "run"]
    rows = []
    for group, run in comparison.members:
        measured = [number(measure.of(run), measure.form) for measure in comparison.measures]
        cells = group.cells[len(group.cells) - len(titles) :]
        rows.append([run.name, *cells, str(run.seed), *measured, run.budget])
    return ["run", *titles, "seed", *(measure.title for measure in comparison.measures), "steps"], rows


def key_cells(comparison: Comparison) -> Cells:
    """Keys that differ against groups, in the way that is narrower."""
    keys, groups = comparison.grouping.keys, comparison.groups
    rows = [[key, *(group.values(key) for group in groups)] for key in keys]
    header = ["key", *(group.label for group in groups)]
    if len(keys) >= len(groups):
        return header, rows
    turned = [list(row) for row in zip(header, *rows, strict=True)]
    return [comparison.grouping.title, *turned[0][1:]], turned[1:]


def excluded_cells(comparison: Comparison) -> Cells:
    """Header and a row per run that is not compared."""
    return ["run", "state", "steps", "reason", "overrides"], [list(out) for out in comparison.excluded]


def group_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """The same as ``group_cells`` with all digits."""
    rows = []
    for group in comparison.groups:
        row = {"group": group.label, **group.factors, "runs": len(group.runs)}
        row["seeds"] = " ".join(str(run.seed) for run in group.runs)
        for measure in comparison.measures:
            mean = comparison.mean(measure, group)
            row[measure.key] = mean.mean
            if measure.interval:
                low, high = (mean.low, mean.high) if mean.kind else (None, None)
                row |= {f"{measure.key}_low": low, f"{measure.key}_high": high}
        rows.append(row)
    for one in comparison.standards:
        known = {"group": one.name, "runs": 0} | {measure.key: measure.of(one) for measure in comparison.measures}
        rows.append(dict.fromkeys(rows[0]) | known)
    return rows


def run_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """A row per run with all digits, with what differs and what makes it again."""
    rows = []
    for group, run in comparison.members:
        row = {"run": run.name, "group": group.label, "seed": run.seed}
        row |= {measure.key: measure.of(run) for measure in comparison.measures}
        row |= {key: run.settings.get(key) for key in comparison.grouping.keys}
        rows.append({**row, "commit": run.commit, "command": run.command})
    return rows


def reach_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """A row per run or recording, and reach, with all digits."""
    rows = []
    members = [(group.label, run, run.seed) for group, run in comparison.members]
    for label, one, seed in [*members, *((one.name, one, None) for one in comparison.standards)]:
        for reach in one.evaluation.reaches:
            row = {"run": one.name, "group": label, "seed": seed, "reach": reach.name}
            row |= {"split": reach.split, "completed": reach.completed}
            for point, errors in (("paw", reach.paw_mm), ("elbow", reach.elbow_mm)):
                row |= {f"{point}_{name}_mm": value for name, value in asdict(errors).items()}
            rows.append({**row, "effort": reach.effort, "excitation": reach.excitation})
    return rows
