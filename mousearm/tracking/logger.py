"""SB3's logger for a run that can be resumed, with all trackers of the run."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.logger import KVWriter, Logger, TensorBoardOutputFormat

from mousearm.config import Config
from mousearm.evaluate.evaluation import Evaluation
from mousearm.model import Arm
from mousearm.registry import TRACKERS
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.status import ending
from mousearm.tracking.metrics_file import Tracker, UnfinishedRows
from mousearm.trajectory import Trial


class RunLogger(Logger):
    """SB3's logger, which can be resumed: with values that were recorded and not yet written, and unfinished rows."""

    def __init__(self, folder: Path, writers: Mapping[str, KVWriter]):
        """Gather what is written to, by name; of writers that are trackers the unfinished rows are saved."""
        self._trackers = {name: writer for name, writer in writers.items() if isinstance(writer, Tracker)}
        super().__init__(str(folder), list(writers.values()))

    def record(self, key: str, value: Any, exclude: str | tuple[str, ...] | None = None) -> None:
        """Note a value, as a number of Python: as such it is the same after it was saved."""
        super().record(key, value.item() if isinstance(value, np.generic) else value, exclude)

    def illustrate(self, steps: int, evaluation: Evaluation, trials: Sequence[Trial], arm: Arm) -> None:
        """Show an evaluation while training; see `Tracker.illustrate`."""
        for tracker in self._trackers.values():
            tracker.illustrate(steps, evaluation, trials, arm)

    def conclude(self, steps: int, evaluation: Evaluation, folder: RunFolder) -> None:
        """Show the result of the run; see `Tracker.conclude`."""
        for tracker in self._trackers.values():
            tracker.conclude(steps, evaluation, folder)

    def sync(self) -> None:
        """Wait until the disk has what was written; OutputError if it cannot have it."""
        for tracker in self._trackers.values():
            tracker.sync()

    def state(self) -> dict[str, Any]:
        """Values and rows that are not yet on disk, for a checkpoint."""
        return {
            "rows": {name: tracker.row for name, tracker in self._trackers.items()},
            "values": dict(self.name_to_value),
            "excluded": dict(self.name_to_excluded),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Note again the values that were not yet written; `build_logger` restores the rows."""
        self.name_to_value.update(state["values"])
        self.name_to_excluded.update(state["excluded"])

    def end(self, state: str, reason: str = "") -> None:
        """End the run, in a state of status.json: write what is left; OutputError if that is impossible."""
        for tracker in self._trackers.values():
            tracker.end(state, reason)
        self.close()


@TRACKERS.add
def tensorboard(config: Config, folder: RunFolder, rows: UnfinishedRows) -> KVWriter:
    """Everything, in the folder ``tensorboard`` of the run."""
    return TensorBoardOutputFormat(str(folder.tensorboard))


def build_logger(config: Config, folder: RunFolder, state: Mapping[str, Any] | None = None) -> RunLogger:
    """Build the logger of a run, with all trackers that the configuration has a use for.

    Of the ``RunLogger.state`` with which a run was saved the rows are restored; None for a new run. OutputError if the
    files cannot be written.
    """
    rows = state["rows"] if state is not None else {}
    begun = {name: TRACKERS[name](config, folder, rows) for name in TRACKERS}
    return RunLogger(folder.path, {name: writer for name, writer in begun.items() if writer is not None})


@contextmanager
def tracked(config: Config, folder: RunFolder, state: Mapping[str, Any] | None = None) -> Iterator[RunLogger]:
    """The logger of a run while the run lasts; trackers are informed of its end.

    Arguments and errors as of ``build_logger``.
    """
    logger = build_logger(config, folder, state)
    with ending(lambda status: logger.end(status.state, status.reason)):
        yield logger
