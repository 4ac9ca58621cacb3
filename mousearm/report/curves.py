"""How the error of a run fell, by steps and by the clock."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mousearm.rundir import RunFolder


class Curve(NamedTuple):
    """The evaluations of a run while it trained.

    Attributes:
        steps: (n,) control steps over all simulations.
        seconds: (n,) of training, by the clock, evaluations included; NaN where timing.csv does not tell.
        paw_mm: (n,) mean paw error, mm.
    """

    steps: np.ndarray
    seconds: np.ndarray
    paw_mm: np.ndarray


def read_curve(folder: RunFolder, split: str) -> Curve:
    """The curve of a run; of no evaluations where metrics.csv is missing, cannot be read or has none of this split."""
    errors = _column(folder.metrics, f"eval/{split}_paw_mm")
    seconds = _without_restarts(_column(folder.timing, "time/training_s"))
    steps = sorted(errors)
    columns = (steps, [seconds.get(step, np.nan) for step in steps], [errors[step] for step in steps])
    return Curve(*(np.array(column, dtype=float) for column in columns))


def _column(file: Path, name: str) -> dict[int, float]:
    """The values of the rows that have one, by steps."""
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            return {int(row["steps"]): float(row[name]) for row in csv.DictReader(lines) if row.get(name)}
    except (OSError, ValueError, KeyError, csv.Error):
        return {}


def _without_restarts(seconds: dict[int, float]) -> dict[int, float]:
    """A run that was continued counts from 0 again: what came before is added."""
    before, last, total = 0.0, 0.0, {}
    for step, value in sorted(seconds.items()):
        if value < last:
            before += last
        last = value
        total[step] = before + value
    return total
