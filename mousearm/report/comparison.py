"""Everything that a report tells: groups of runs, what was measured of them, and what a reader must know of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from mousearm.errors import RunError
from mousearm.evaluate import ReachResult
from mousearm.report.curves import Curve, read_curve
from mousearm.report.groups import Group, Grouping, group_runs
from mousearm.report.reading import read_runs
from mousearm.report.runs import LeftOut, Run
from mousearm.report.spread import Spread
from mousearm.rundir import find_runs


class Measure(NamedTuple):
    """Something that is measured of every run.

    Attributes:
        key: as a column of a CSV file.
        title: as a column for people, with the unit.
        form: how its numbers are written.
        of: its value of a run.
        interval: whether its interval is told.
    """

    key: str
    title: str
    form: str
    of: Callable[[Run], float]
    interval: bool = True


@dataclass(frozen=True)
class Comparison:
    """Finished runs in groups, and those that are left out.

    Attributes:
        sources: the folders that were asked for.
        runs: the finished ones.
        left_out: the others.
        grouping: the runs in groups.
    """

    sources: Sequence[Path]
    runs: Sequence[Run]
    left_out: Sequence[LeftOut]
    grouping: Grouping

    @property
    def groups(self) -> Sequence[Group]:
        """The groups."""
        return self.grouping.groups

    @cached_property
    def split(self) -> str:
        """Whose errors count: ``test`` where all runs have test reaches, else ``train``."""
        return "test" if all("test" in run.evaluation.splits for run in self.runs) else "train"

    @cached_property
    def curves(self) -> dict[str, Curve]:
        """Learning curves of the split that counts, by the run's name."""
        return {run.name: read_curve(run.folder, self.split) for run in self.runs}

    @cached_property
    def measures(self) -> list[Measure]:
        """What the tables tell; the first is what the groups are judged by."""
        split = self.split
        trained = [Measure("paw_train_mm", "paw mm, train", ".3f", lambda run: run.error_mm("train", "paw"), False)]
        return [
            Measure("paw_mm", f"paw mm, {split}", ".3f", lambda run: run.error_mm(split, "paw")),
            Measure("elbow_mm", f"elbow mm, {split}", ".3f", lambda run: run.error_mm(split, "elbow")),
            *(trained if split == "test" else []),
            Measure("effort", "effort", ".3g", lambda run: run.effort(split)),
            Measure("minutes", "minutes", ".3g", self.minutes, False),
        ]

    def spread(self, measure: Measure, group: Group) -> Spread:
        """Mean and interval of a measure over the runs of a group."""
        return Spread.of([measure.of(run) for run in group.runs])

    def minutes(self, run: Run) -> float:
        """Training by the clock, from the first to the last evaluation; NaN where it is not known."""
        seconds = self.curves[run.name].seconds
        return float(seconds[-1]) / 60 if len(seconds) else float("nan")

    @cached_property
    def best(self) -> Group:
        """The group with the lowest mean error."""
        return min(self.groups, key=lambda group: self.spread(self.measures[0], group).mean)


def compare(folders: Sequence[Path], by: Sequence[str] = ()) -> Comparison:
    """Compare the finished runs in some folders.

    Args:
        folders: run folders, and folders that hold such, like sweeps.
        by: keys or groups of the configuration that alone tell groups of runs apart; none: all but the seed.

    Raises:
        RunError: if there are no finished runs, with the reasons.
        UnknownNameError: if there is no such key.
    """
    runs, left_out = read_runs(find_runs(folders))
    if not runs:
        reasons = "\n  ".join(f"{out.name}: {out.state}. {out.reason}" for out in left_out)
        raise RunError(f"None of these {len(left_out)} runs can be compared:\n  {reasons}")
    return Comparison(folders, runs, left_out, group_runs(runs, by))


def extremes(group: Group) -> tuple[tuple[Run, ReachResult], tuple[Run, ReachResult]]:
    """The reach with the smallest and the one with the largest mean paw error of all runs of a group."""
    pairs = [(run, reach) for run in group.runs for reach in run.evaluation.reaches]
    pairs.sort(key=lambda pair: pair[1].paw_mm.mean)
    return pairs[0], pairs[-1]
