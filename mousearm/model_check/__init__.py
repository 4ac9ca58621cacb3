"""Checks of a model: the result of one, and the table of several."""

from collections.abc import Sequence
from dataclasses import dataclass

from mousearm.text import columns


@dataclass(frozen=True, slots=True)
class Result:
    """Result of one check of a model."""

    name: str  # what was checked
    passed: bool
    measured: str  # the value with its unit, and its place
    limit: str  # valid values
    remedy: str  # what to do if it did not pass; shown only then


def result_table(results: Sequence[Result]) -> str:
    """Format one line per result, and below a failed one its remedy."""
    lines = []
    rows = columns([[result.name, result.measured, result.limit] for result in results])
    for result, row in zip(results, rows, strict=True):
        lines.append(f"{'pass' if result.passed else 'FAIL'}  {row}")
        if not result.passed:
            lines.append(f"      -> {result.remedy}")
    return "\n".join(lines)
