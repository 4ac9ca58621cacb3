"""SB3's logger for a run that can be resumed, and what becomes of it when the run ends."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.logger import KVWriter, Logger, TensorBoardOutputFormat

from mousearm.config import Config
from mousearm.evaluate.evaluation import Evaluation
from mousearm.model import Arm
from mousearm.rundir import RunFolder, ending
from mousearm.tracking.metrics_file import MetricsFile
from mousearm.tracking.wandb_rows import WandbRows
from mousearm.tracking.wandb_start import start
from mousearm.trajectory import Trial


class RunLogger(Logger):
    """SB3's logger, which can go on where it was: with what was recorded and not yet written, and unfinished rows."""

    def __init__(
        self, folder: Path, files: dict[str, MetricsFile], others: list[KVWriter], wandb: WandbRows | None = None
    ):
        """Gather what is written to.

        Args:
            folder: the run folder.
            files: the metrics, by name.
            others: what needs no state.
            wandb: the run in Weights & Biases, if there is one.
        """
        self._files, self._wandb = files, wandb
        super().__init__(str(folder), [*files.values(), *others, *([] if wandb is None else [wandb])])

    def record(self, key: str, value: Any, exclude: str | tuple[str, ...] | None = None) -> None:
        """Note a value, as a number of Python: as such it is the same after it was saved."""
        super().record(key, value.item() if isinstance(value, np.generic) else value, exclude)

    def illustrate(self, steps: int, evaluation: Evaluation, trials: Sequence[Trial], arm: Arm) -> None:
        """Show an evaluation while training, where pictures can be shown; see ``WandbRows.illustrate``."""
        if self._wandb is not None:
            self._wandb.illustrate(steps, evaluation, trials, arm)

    def conclude(self, steps: int, evaluation: Evaluation, folder: RunFolder) -> None:
        """Show the result of the run; see ``WandbRows.conclude``."""
        if self._wandb is not None:
            self._wandb.conclude(steps, evaluation, folder)

    def sync(self) -> None:
        """Wait until the disk has what was written.

        Raises:
            RunError: if it cannot have it.
        """
        for file in self._files.values():
            file.sync()

    def state(self) -> dict[str, Any]:
        """What is not yet on disk."""
        rows = {name: file.row for name, file in self._files.items()}
        return {
            "rows": rows if self._wandb is None else {**rows, "wandb": self._wandb.row},
            "values": dict(self.name_to_value),
            "excluded": dict(self.name_to_excluded),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Note again what was; the rows must have been given to the files (``build_logger``)."""
        self.name_to_value.update(state["values"])
        self.name_to_excluded.update(state["excluded"])

    def end(self, state: str, reason: str = "") -> None:
        """The run is over, in a state of status.json: write what is left.

        Raises:
            RunError: if it cannot be written.
        """
        if self._wandb is not None:
            self._wandb.end(state, reason)
        self.close()


def build_logger(config: Config, folder: RunFolder, state: Mapping[str, Any] | None = None) -> RunLogger:
    """The logger of a run.

    metrics.csv holds nothing that depends on the machine's speed, so that the same seed gives the same file; what does
    is in timing.csv.

    Args:
        config: the group tracking is used, and the whole is sent to Weights & Biases.
        folder: the run folder.
        state: ``RunLogger.state`` with which the run was saved, which is to be restored yet; None for a new run.

    Raises:
        RunError: if the files cannot be written.
    """
    rows = state["rows"] if state is not None else {}
    files = {
        "metrics": MetricsFile(folder.metrics, lambda key: not key.startswith("time/"), rows.get("metrics")),
        "timing": MetricsFile(folder.timing, lambda key: key.startswith("time/"), rows.get("timing")),
    }
    wandb = None
    if config.tracking.wandb != "disabled":
        wandb = WandbRows(start(config, folder), config.tracking.pictures_percent, config.tracking.films)
        wandb.catch_up(files.values(), rows.get("wandb") or {})
    return RunLogger(folder.path, files, [TensorBoardOutputFormat(str(folder.tensorboard))], wandb)


@contextmanager
def tracked(config: Config, folder: RunFolder, state: Mapping[str, Any] | None = None) -> Iterator[RunLogger]:
    """The logger of a run while the run lasts; how it ended is told to Weights & Biases.

    Arguments and errors as of ``build_logger``.
    """
    logger = build_logger(config, folder, state)
    with ending(lambda status: logger.end(status.state, status.reason)):
        yield logger
