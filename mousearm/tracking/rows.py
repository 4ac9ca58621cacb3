"""Rows of metrics: whatever is logged at the same number of steps belongs together."""

from collections.abc import Mapping
from typing import Any

from stable_baselines3.common.logger import KVWriter


class Rows(KVWriter):
    """Makes rows of what is logged; a row is finished when the next one begins.

    Attributes:
        row: the one in the making, with its number of ``steps``; a run that is resumed goes on with it.
    """

    def __init__(self, row: dict[str, Any] | None = None):
        self.row = row

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Take the values of one step; called by SB3's logger."""
        self.add(step, key_values)

    def add(self, steps: int, values: Mapping[str, Any]) -> None:
        """Take values of one step."""
        if self.row is not None and int(self.row["steps"]) != steps:
            self.flush()
        if self.row is None:
            self.row = {"steps": steps}
        self.row.update(sorted(values.items()))

    def flush(self) -> None:
        """Finish the row in the making, if there is one."""
        if self.row is not None:
            row, self.row = self.row, None
            self.finish(row)

    def finish(self, row: dict[str, Any]) -> None:
        """Put a row where it belongs."""
        raise NotImplementedError
