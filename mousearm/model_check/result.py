"""What one check found, and how a list of findings is written down."""

from collections.abc import Sequence
from dataclasses import dataclass

from mousearm.text import columns


@dataclass(frozen=True, slots=True)
class Result:
    """One finding about a model.

    Attributes:
        name: what was checked.
        passed: whether the measured value keeps the limit.
        measured: the value with its unit, and where it was found.
        limit: what would be valid.
        remedy: what to do if it is not; shown only then.
    """

    name: str
    passed: bool
    measured: str
    limit: str
    remedy: str


def result_table(results: Sequence[Result]) -> str:
    """One line per result, and below a failed one what to do."""
    lines = []
    rows = columns([[result.name, result.measured, result.limit] for result in results])
    for result, row in zip(results, rows, strict=True):
        lines.append(f"{'pass' if result.passed else 'FAIL'}  {row}")
        if not result.passed:
            lines.append(f"      -> {result.remedy}")
    return "\n".join(lines)
