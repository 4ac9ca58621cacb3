"""Metrics as a CSV file."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from stable_baselines3.common.logger import KVWriter

from mousearm.errors import OutputError
from mousearm.files import append_text, os_errors_as, sync, write_text
from mousearm.rundir import read_metrics


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


class MetricsFile(Rows):
    """A CSV file with one row per number of steps, first column ``steps``. New keys become new columns.

    Attributes:
        rows: the finished ones, as text.
    """

    def __init__(self, path: Path, keep: Callable[[str], bool], row: dict[str, Any] | None = None):
        """Begin a file, or go on with one.

        Args:
            path: the file.
            keep: which keys are written.
            row: the row that was in the making (``row``); rows from there on are dropped, because they are about to be
                made again. None drops all.

        Raises:
            OutputError: if it cannot be written.
        """
        super().__init__(row)
        self._path = path
        self._keep = keep
        self._columns = ["steps"]
        self.rows: list[dict[str, str]] = []
        if row is not None:
            self._columns, rows = read_metrics(path)
            self.rows = [earlier for earlier in rows if int(earlier["steps"]) < int(row["steps"])]
        self._rewrite()

    def add(self, steps: int, values: Mapping[str, Any]) -> None:
        """Take values of one step."""
        super().add(steps, {key: str(value) for key, value in values.items() if self._keep(key)})

    def close(self) -> None:
        """Write the last row."""
        self.flush()

    def sync(self) -> None:
        """Wait until the disk has the finished rows."""
        with os_errors_as(OutputError, self._path):
            sync(self._path)

    def finish(self, row: dict[str, Any]) -> None:
        """Write a row."""
        self.rows.append(row)
        new = [key for key in row if key not in self._columns]
        if new:
            self._columns += new
            self._rewrite()
        else:
            append_text(self._path, self._text([row]))

    def _rewrite(self) -> None:
        header = dict(zip(self._columns, self._columns, strict=True))
        write_text(self._path, self._text([header, *self.rows]))

    def _text(self, rows: Sequence[Mapping[str, Any]]) -> str:
        text = io.StringIO(newline="")
        csv.DictWriter(text, self._columns).writerows(rows)
        return text.getvalue()
