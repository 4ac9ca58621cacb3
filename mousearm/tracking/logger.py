"""Logs of a run: SB3's logger, which can be resumed, its trackers, and the one writer of metrics.csv and timing.csv.

A tracker is added where it stands, by a function that begins it, or returns None where the configuration has no use
for it::

    @TRACKERS.add
    def ledger(config: Config, folder: RunFolder, rows: UnfinishedRows) -> Tracker | None:
        \"\"\"A line per row in ledger.txt.\"\"\"
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.logger import KVWriter, Logger, TensorBoardOutputFormat

from mousearm.config import Config
from mousearm.errors import OutputError, os_errors_as
from mousearm.evaluate.evaluation import Evaluation
from mousearm.files import append_text, sync, write_text
from mousearm.model import Arm
from mousearm.registry import TRACKERS
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.logs import read_metrics
from mousearm.rundir.status import ending
from mousearm.trajectory import Trial

UnfinishedRows = Mapping[str, dict[str, Any] | None]
"""The unfinished row of each tracker, by the tracker's name, of a run that is resumed; empty for a new one."""


class Tracker(KVWriter):
    """Follows a run by rows: what is logged at one number of steps is one row, which the next one finishes."""

    def __init__(self, row: dict[str, Any] | None = None):
        self.row = row  # the unfinished one, with its number of ``steps``; a run that is resumed continues it

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
        """Finish the row, if there is one."""
        if self.row is not None:
            row, self.row = self.row, None
            self.finish(row)

    def finish(self, row: dict[str, Any]) -> None:
        """Put a row where it belongs."""
        raise NotImplementedError

    def sync(self) -> None:
        """Wait until the disk has the finished rows; OutputError if it cannot have them."""

    def illustrate(self, steps: int, evaluation: Evaluation, trials: Sequence[Trial], arm: Arm) -> None:
        """Show an evaluation after some steps of training; the trials are the reaches as the arm performed them."""

    def conclude(self, steps: int, evaluation: Evaluation, folder: RunFolder) -> None:
        """Show the result of the run: errors of the best network, and the figures and films in the folder."""

    def end(self, state: str, reason: str) -> None:
        """Note that the run ended, in a state of status.json; `close` follows."""

    def close(self) -> None:
        """Let go of what is open; called by SB3's logger."""


class MetricsFile(Tracker):
    """A CSV file with one row per number of steps, first column ``steps``. New keys become new columns."""

    def __init__(self, path: Path, keep: Callable[[str], bool], row: dict[str, Any] | None = None):
        """Begin or continue a file of the keys that ``keep`` selects; OutputError if it cannot be written.

        Rows from the unfinished ``row`` on are dropped, because the run makes them again; None drops all.
        """
        super().__init__(row)
        self._path, self._keep = path, keep
        self._columns, self._rows = ["steps"], []
        if row is not None:
            self._columns, rows = read_metrics(path)
            self._rows = [earlier for earlier in rows if int(earlier["steps"]) < int(row["steps"])]
        self._rewrite()

    def add(self, steps: int, values: Mapping[str, Any]) -> None:
        """Take values of one step."""
        super().add(steps, {key: str(value) for key, value in values.items() if self._keep(key)})

    def close(self) -> None:
        """Write the last row."""
        self.flush()

    def sync(self) -> None:
        """Wait until the disk has the finished rows; OutputError if it cannot have them."""
        with os_errors_as(OutputError, self._path):
            sync(self._path)

    def finish(self, row: dict[str, Any]) -> None:
        """Write a row."""
        self._rows.append(row)
        new = [key for key in row if key not in self._columns]
        if new:
            self._columns += new
            self._rewrite()
        else:
            append_text(self._path, self._text([row]))

    def _rewrite(self) -> None:
        header = dict(zip(self._columns, self._columns, strict=True))
        write_text(self._path, self._text([header, *self._rows]))

    def _text(self, rows: Sequence[Mapping[str, Any]]) -> str:
        text = io.StringIO(newline="")
        csv.DictWriter(text, self._columns).writerows(rows)
        return text.getvalue()


@TRACKERS.add
def metrics(config: Config, folder: RunFolder, rows: UnfinishedRows) -> MetricsFile:
    """Everything that does not depend on the machine's speed, in metrics.csv: the same seed gives the same file."""
    return MetricsFile(folder.metrics, lambda key: not key.startswith("time/"), rows.get("metrics"))


@TRACKERS.add
def timing(config: Config, folder: RunFolder, rows: UnfinishedRows) -> MetricsFile:
    """Everything that depends on the machine's speed, in timing.csv."""
    return MetricsFile(folder.timing, lambda key: key.startswith("time/"), rows.get("timing"))


@TRACKERS.add
def tensorboard(config: Config, folder: RunFolder, rows: UnfinishedRows) -> KVWriter:
    """Everything, in the folder ``tensorboard`` of the run."""
    return TensorBoardOutputFormat(str(folder.tensorboard))


class RunLogger(Logger):
    """SB3's logger, which can be resumed: with values that were recorded and not yet written, and unfinished rows."""

    def __init__(self, folder: Path, writers: Mapping[str, KVWriter]):
        """Gather what is written to, by name; of writers that are trackers the unfinished rows are saved."""
        self.trackers = {name: writer for name, writer in writers.items() if isinstance(writer, Tracker)}
        super().__init__(str(folder), list(writers.values()))

    def record(self, key: str, value: Any, exclude: str | tuple[str, ...] | None = None) -> None:
        """Note a value, as a number of Python: as such it is the same after it was saved."""
        super().record(key, value.item() if isinstance(value, np.generic) else value, exclude)

    def state(self) -> dict[str, Any]:
        """Values and rows that are not yet on disk, for a checkpoint."""
        return {
            "rows": {name: tracker.row for name, tracker in self.trackers.items()},
            "values": dict(self.name_to_value),
            "excluded": dict(self.name_to_excluded),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Note again the values that were not yet written; `build_logger` restores the rows."""
        self.name_to_value.update(state["values"])
        self.name_to_excluded.update(state["excluded"])

    def end(self, state: str, reason: str = "") -> None:
        """End the run, in a state of status.json: write what is left; OutputError if that is impossible."""
        for tracker in self.trackers.values():
            tracker.end(state, reason)
        self.close()


def build_logger(config: Config, folder: RunFolder, state: Mapping[str, Any] | None = None) -> RunLogger:
    """Build the logger of a run, new or with the rows of its saved state; OutputError if files cannot be written."""
    rows = state["rows"] if state is not None else {}
    begun = {name: TRACKERS[name](config, folder, rows) for name in TRACKERS}
    return RunLogger(folder.path, {name: writer for name, writer in begun.items() if writer is not None})


@contextmanager
def tracked(config: Config, folder: RunFolder, state: Mapping[str, Any] | None = None) -> Iterator[RunLogger]:
    """The logger of a run while it lasts, as of ``build_logger``; trackers are informed of its end."""
    logger = build_logger(config, folder, state)
    with ending(lambda status: logger.end(status.state, status.reason)):
        yield logger
