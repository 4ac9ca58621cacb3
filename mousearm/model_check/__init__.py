"""Checks of a model: the result of one, and the table of several."""

from collections.abc import Sequence
from dataclasses import dataclass

from mousearm.text import printable, wrapped


@dataclass(frozen=True, slots=True)
class Result:
    """Result of one check of a model."""

    name: str  # what was checked
    passed: bool
    measured: str  # the value with its unit, and its place
    limit: str  # valid values
    remedy: str  # what to do if it did not pass; shown only then


def result_table(results: Sequence[Result]) -> str:
    """Format each result: its limit, below it what was measured, in 80 columns, and where that failed, the remedy."""
    lines = []
    for result in results:
        lines.append(f"{'pass' if result.passed else 'FAIL'}  {result.name}: {result.limit}")
        lines += wrapped(printable(result.measured), 6 * " ", 9 * " ")
        if not result.passed:
            lines.append(printable(f"      -> {result.remedy}"))  # whole, so that it can be copied
    return "\n".join(lines)
