"""The content of a report: groups of runs, their measures, and reasons to doubt the comparison."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mousearm.errors import RunError
from mousearm.evaluate.results import NOISE, ReachResult
from mousearm.report.groups import Group, Grouping, group_runs
from mousearm.report.reading import Excluded, LearningCurve, Measured, Run, learning_curve, read_runs, read_standard
from mousearm.rundir.runs import find_runs, is_recording
from mousearm.stats import Spread, spread
from mousearm.text import listed, shell

_SAME_BUDGET = 1.05  # most over least steps: the last rollout may go a little beyond a budget


class Measure(NamedTuple):
    """A quantity measured in every run: its column in CSV files, and its name with the unit in tables."""

    key: str
    title: str
    form: str
    of: Callable[[Measured], float]
    interval: bool = True  # whether tables have its range or interval


@dataclass(frozen=True)
class Comparison:
    """Finished runs in groups, the excluded runs, and the folders that were given."""

    sources: Sequence[Path]
    runs: Sequence[Run]
    excluded: Sequence[Excluded]
    grouping: Grouping
    standards: Sequence[Measured] = ()  # recordings of the same reaches, such as of optimal control; not ranked

    @property
    def groups(self) -> Sequence[Group]:
        """The groups."""
        return self.grouping.groups

    @property
    def members(self) -> list[tuple[Group, Run]]:
        """Every run with its group, group by group."""
        return [(group, run) for group in self.groups for run in group.runs]

    @cached_property
    def split(self) -> str:
        """The split whose errors count: ``test`` where all runs have test reaches, else ``train``."""
        return "test" if all("test" in run.evaluation.splits for run in self.runs) else "train"

    @cached_property
    def curves(self) -> dict[str, LearningCurve]:
        """Learning curves of the split that counts, by the run's name."""
        return {run.name: learning_curve(run.folder, self.split) for run in self.runs}

    @cached_property
    def measures(self) -> list[Measure]:
        """The columns of the tables; groups are ranked by the first."""
        split = self.split
        trained = [Measure("paw_train_mm", "paw mm, train", ".3f", lambda run: run.error_mm("train", "paw"), False)]
        noise = [
            Measure(
                f"paw_{name}_mm", f"paw mm, {title}", ".3f", partial(Measured.noise_mm, split=split, name=name), False
            )
            for name, title in NOISE.items()
            if any(name in run.evaluation.noise_mm(split) for run in self.runs)
        ]
        excitation = Measure("excitation", "u²", ".3g", lambda run: run.evaluation.excitation(split) or 0.0)
        squared = [run.evaluation.excitation(split) for run in self.runs]
        known = [one for one in squared if one is not None]
        of_muscles = len(known) == len(squared) and not np.allclose(known, [run.effort(split) for run in self.runs])
        return [
            Measure("paw_mm", f"paw mm, {split}", ".3f", lambda run: run.error_mm(split, "paw")),
            Measure("elbow_mm", f"elbow mm, {split}", ".3f", lambda run: run.error_mm(split, "elbow")),
            *(trained if split == "test" else []),
            *noise,
            Measure("effort", "effort", ".3g", lambda run: run.effort(split)),
            *([excitation] if of_muscles else []),  # of motors it is the effort
            Measure("minutes", "minutes", ".3g", self.minutes, False),
        ]

    def mean(self, measure: Measure, group: Group) -> Spread:
        """Mean of a measure over the runs of a group, and their range or its interval."""
        return spread(tuple(measure.of(run) for run in group.runs))

    def minutes(self, one: Measured) -> float:
        """Wall-clock training time from the first to the last evaluation; NaN if unknown, or nothing was trained."""
        curve = self.curves.get(one.name) if isinstance(one, Run) else None
        return float(curve.seconds[-1]) / 60 if curve and len(curve.seconds) else float("nan")

    @cached_property
    def best(self) -> Group | None:
        """The group with the lowest mean error; None where there is one, or one has a single seed: that is luck."""
        if len(self.groups) == 1 or self.unrepeated:
            return None
        return min(self.groups, key=lambda group: self.mean(self.measures[0], group).mean)

    @property
    def unrepeated(self) -> list[Group]:
        """The groups whose runs have all the same seed."""
        return [group for group in self.groups if len(group.seeds) == 1]


def compare(folders: Sequence[Path], by: Sequence[str] = ()) -> Comparison:
    """Compare the finished runs in run folders, and in folders that hold such, like sweeps.

    Recordings among them are standards that stand beside the runs. ``by`` are keys or groups of the configuration, such
    as ``reward``, that alone distinguish groups of runs; none: all but the seed. RunError if there are no finished
    runs, with the reasons; UnknownNameError if there is no such key; others as of `read_standard`.
    """
    recordings = [folder for folder in folders if is_recording(folder)]
    if recordings and len(recordings) == len(folders):
        raise RunError("A comparison is of runs, beside which recordings stand. Give a run folder too.")
    runs, excluded = read_runs(find_runs([folder for folder in folders if folder not in recordings]))
    if not runs:
        reasons = "\n  ".join(f"{out.name}: {out.state}. {out.reason}" for out in excluded)
        remedy = f"What was interrupted is finished by {shell('run.py', 'resume=RUN')}."
        raise RunError(f"None of these {len(excluded)} runs can be compared:\n  {reasons}\n{remedy}")
    comparison = Comparison(folders, runs, excluded, group_runs(runs, by))
    return replace(comparison, standards=[read_standard(path, comparison.split, runs) for path in recordings])


def extremes(group: Group) -> tuple[tuple[Run, ReachResult], tuple[Run, ReachResult]]:
    """The reach with the smallest and the one with the largest mean paw error of all runs of a group."""
    pairs = [(run, reach) for run in group.runs for reach in run.evaluation.reaches]
    pairs.sort(key=lambda pair: pair[1].paw_mm.mean)
    return pairs[0], pairs[-1]


def caveats(comparison: Comparison) -> list[str]:
    """Reasons to doubt the numbers, a line each."""
    return [*_of_training(comparison), *_of_errors(comparison), *_of_groups(comparison), *_of_curves(comparison)]


def _of_training(comparison: Comparison) -> Iterator[str]:
    runs = comparison.runs
    if comparison.excluded:
        states = Counter(out.state for out in comparison.excluded)
        counted = ", ".join(f"{number} {state}" for state, number in states.items())
        yield f"Not compared: {counted}. The reasons are below."
    parts = zip(*((run.imitated, run.steps - run.imitated) for run in runs), strict=True)
    if any(max(steps) > _SAME_BUDGET * min(steps) for steps in parts):
        kinds = _kinds(comparison, lambda run: run.budget, lambda text: f"{text}:")
        yield f"Not the same steps of training, which may be all that errors differ by: {kinds}."
    if kinds := _kinds(comparison, lambda run: run.commit, lambda of: f"{of[:10]}{'+' * of.endswith('+')}:"):
        yield f"Not the same code: {kinds}."
    if changed := [run for run in runs if run.commit.endswith("+")]:
        yield f"The code had changes that are in no commit; environment.txt has them: {_named(comparison, changed)}."


def _of_errors(comparison: Comparison) -> Iterator[str]:
    split, runs = comparison.split, comparison.runs
    without = [run for run in runs if "test" not in run.evaluation.splits]
    if split == "train" and len(without) < len(runs):
        yield f"Errors are of the train split. Without test reaches are: {_named(comparison, without)}."
    # Reaches by name, and by the hashes of their files where all runs have them.
    found = {run.name: run.files.get(split, ()) for run in runs}
    names = {name: tuple(reach for reach, _ in files) for name, files in found.items()}
    compared = found if all(digest for files in found.values() for _, digest in files) else names
    if kinds := _kinds(comparison, lambda run: compared[run.name], lambda files: f"{len(files)} in"):
        content = " Their names are the same, the files are not." if len(set(names.values())) == 1 else ""
        yield f"Not the same {split} reaches, so that errors do not compare: {kinds}.{content}"
    scales = {run.name: run.evaluation.scale for run in runs}
    texts = {name: f"{scale.text()}, retargeted by {scale.retarget}" for name, scale in scales.items()}
    if kinds := _kinds(comparison, lambda run: texts[run.name], lambda text: f"{text}:"):
        yield f"Not the same millimetres, so that errors do not compare: {kinds}."
    for one in comparison.standards:
        if one.evaluation.scale.text() not in {scale.text() for scale in scales.values()}:
            yield f"{one.name} has other millimetres, so that errors do not compare: {one.evaluation.scale.text()}."
    if lost := [run for run in runs if not all(reach.completed for reach in run.evaluation.reaches)]:
        yield f"Simulations diverged; from there on the last good frame counts: {_named(comparison, lost)}."


def _of_groups(comparison: Comparison) -> Iterator[str]:
    if pooled := comparison.grouping.pooled:
        yield f"Runs of one group differ in more than the seed: {', '.join(pooled)}. Means and intervals are over all."
    every = {seed for group in comparison.groups for seed in group.seeds}
    missing = {group.description: sorted(every.difference(group.seeds)) for group in comparison.groups}
    if lacking := [f"{text} lacks {', '.join(map(str, seeds))}" for text, seeds in missing.items() if seeds]:
        yield f"Groups do not have the same seeds: {'; '.join(lacking)}."
    twice = [group.description for group in comparison.groups if len(group.seeds) < len(group.runs)]
    if twice and not pooled:
        yield f"A seed occurs twice, and the same run twice makes intervals too narrow: {'; '.join(twice)}."


def _of_curves(comparison: Comparison) -> Iterator[str]:
    if missing := [run for run in comparison.runs if not len(comparison.curves[run.name].steps)]:
        names = _named(comparison, missing)
        yield f"Not in the learning curves, for want of a readable metrics.csv with such errors: {names}."
    hosts = sorted({run.host for run in comparison.runs if run.host})
    keys = ("threads", "network_threads", "device")
    if len(hosts) > 1:
        yield f"Minutes do not compare: the runs were on different machines ({', '.join(hosts)})."
    elif len({tuple(run.settings[key] for key in keys) for run in comparison.runs}) > 1:
        yield "Minutes do not compare: the runs had different numbers of threads, or devices."


def _named(comparison: Comparison, runs: Sequence[Run]) -> str:
    return "all runs" if len(runs) == len(comparison.runs) else listed([run.name for run in runs], most=6)


def _kinds(comparison: Comparison, key: Callable[[Run], Any], label: Callable[[Any], str]) -> str:
    """The runs by something that they should have in common, after a label for each; empty where they have it."""
    kinds: dict[Any, list[Run]] = {}
    for run in comparison.runs:
        kinds.setdefault(key(run), []).append(run)
    return "; ".join(f"{label(kind)} {_named(comparison, of)}" for kind, of in kinds.items()) if len(kinds) > 1 else ""
