"""When a trial of a search is hopeless: by then, half of the others were better."""

import csv
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from mousearm.rundir import Pruned, RunFolder, read_json, write_json
from mousearm.sweep.records import Job, Sweep

if TYPE_CHECKING:  # slow to import
    from mousearm.evaluate import Evaluation
    from mousearm.train import Judge

_RECORD = "search.json"
# With fewer trials to compare with, a median says little.
_LEAST_OTHERS = 5


class Evaluated(NamedTuple):
    """An evaluation while a run was trained.

    Attributes:
        steps: that were done.
        paw_mm: mean paw error on the test split, or on the train split where there is none.
    """

    steps: int
    paw_mm: float


def evaluations(run: RunFolder) -> list[Evaluated]:
    """What metrics.csv of a run tells, in the order of steps."""
    if not run.metrics.is_file():
        return []
    with run.metrics.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    errors = ((row["steps"], row.get("eval/test_paw_mm") or row.get("eval/train_paw_mm")) for row in rows)
    return [Evaluated(int(steps), float(error)) for steps, error in errors if error]


def write_rule(sweep: Path, prune_after: float | None) -> None:
    """Write down from which share of their budgets on the trials of a search are compared; None for never."""
    write_json(sweep / _RECORD, {"prune_after": prune_after})


def median_rule(job: Job, total: int) -> "Judge | None":
    """What ends a job as soon as its error is above the median of the others, at the same step; None if nothing does.

    Errors are the smallest until then. Others are those that have got so far, of which there must be five.

    Args:
        job: of a search or another sweep, which has no such rule.
        total: its budget in steps.

    Raises:
        RunError: if the record of the search cannot be read.
    """
    record = job.sweep / _RECORD
    share = read_json(record)["prune_after"] if record.is_file() else None
    if share is None:
        return None

    def judge(steps: int, evaluation: "Evaluation") -> None:
        if not share * total <= steps < total:
            return
        own = min([evaluation.objective, *_until(steps, evaluations(job.run))])
        runs = [other.run for other in Sweep(job.sweep).jobs() if other.number != job.number]
        histories = [history for history in map(evaluations, runs) if history and history[-1].steps >= steps]
        others = [min(errors) for history in histories if (errors := _until(steps, history))]
        if len(others) >= _LEAST_OTHERS and own > (middle := median(others)):
            raise Pruned(
                f"{own:.3f} mm after {steps} of {total} steps; the median of {len(others)} other trials was "
                f"{middle:.3f} mm"
            )

    return judge


def _until(steps: int, history: Iterable[Evaluated]) -> list[float]:
    return [one.paw_mm for one in history if one.steps <= steps]
