"""Where metrics go: CSV and TensorBoard always, Weights & Biases where the configuration says so."""

import csv
import io
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from stable_baselines3.common.logger import KVWriter, Logger, TensorBoardOutputFormat

from mousearm.config import Config
from mousearm.rundir import RunFolder, explained, sync, write_text


class MetricsFile(KVWriter):
    """A CSV file with one row per number of steps, first column ``steps``.

    Whatever is logged at the same number of steps shares a row, which is written when the next one begins. New keys
    become new columns.
    """

    def __init__(self, path: Path, keep: Callable[[str], bool], row: dict[str, str] | None = None):
        """Begin a file, or go on with one.

        Args:
            path: the file.
            keep: which keys are written.
            row: the row that was in the making (``row``); rows from there on are dropped, because they are about to be
                made again. None drops all.

        Raises:
            RunError: if it cannot be written.
        """
        self._path = path
        self._keep = keep
        self._rows: list[dict[str, str]] = []
        self._columns = ["steps"]
        self.row = row
        if row is not None and path.is_file():
            self._columns, self._rows = _read(path, int(row["steps"]))
        self._rewrite()

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Take the values of one step; called by SB3's logger."""
        if self.row is not None and self.row["steps"] != str(step):
            self._flush()
        if self.row is None:
            self.row = {"steps": str(step)}
        self.row.update({key: str(value) for key, value in sorted(key_values.items()) if self._keep(key)})

    def close(self) -> None:
        """Write the last row."""
        self._flush()

    def sync(self) -> None:
        """Wait until the disk has the finished rows."""
        with explained(self._path):
            sync(self._path)

    def _flush(self) -> None:
        if self.row is None:
            return
        row, self.row = self.row, None
        self._rows.append(row)
        new = [key for key in row if key not in self._columns]
        if new:
            self._columns += new
            self._rewrite()
        else:
            with explained(self._path), self._path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, self._columns).writerow(row)

    def _rewrite(self) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self._columns)
        writer.writeheader()
        writer.writerows(self._rows)
        write_text(self._path, text.getvalue())


def _read(path: Path, before: int) -> tuple[list[str], list[dict[str, str]]]:
    """Columns of a CSV file, and its rows before a number of steps; a row that a kill cut short comes after those."""
    rows: list[dict[str, str]] = []
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        reader = csv.DictReader(file)
        columns = list(reader.fieldnames or [])
        if "steps" not in columns:
            return ["steps"], []
        for row in reader:
            last = int(rows[-1]["steps"]) if rows else -1
            if len(row) != len(columns) or not row["steps"].isdigit() or not last < int(row["steps"]) < before:
                break
            rows.append(row)
    return columns, rows


class RunLogger(Logger):
    """SB3's logger, which can go on where it was: with what was recorded and not yet written, and unfinished rows."""

    def __init__(self, folder: Path, files: dict[str, MetricsFile], others: list[KVWriter]):
        super().__init__(str(folder), [*files.values(), *others])
        self._files = files

    def record(self, key: str, value: Any, exclude: str | tuple[str, ...] | None = None) -> None:
        """Note a value, as a number of Python: as such it is the same after it was saved."""
        super().record(key, value.item() if isinstance(value, np.generic) else value, exclude)

    def sync(self) -> None:
        """Wait until the disk has what was written.

        Raises:
            RunError: if it cannot have it.
        """
        for file in self._files.values():
            file.sync()

    def state(self) -> dict[str, Any]:
        """What is not yet on disk."""
        return {
            "rows": {name: file.row for name, file in self._files.items()},
            "values": dict(self.name_to_value),
            "excluded": dict(self.name_to_excluded),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Note again what was; the rows must have been given to the files (``build_logger``)."""
        self.name_to_value.update(state["values"])
        self.name_to_excluded.update(state["excluded"])


class WandbWriter(KVWriter):
    """Weights & Biases, by steps; where it cannot be reached, or nobody is logged in, offline in the run folder."""

    def __init__(self, config: Config, folder: Path):
        import wandb  # slow to import, and most runs do without it

        start = partial(
            wandb.init,
            dir=str(folder),
            project=config.tracking.project,
            entity=config.tracking.entity,
            group=config.tracking.group,
            tags=config.tracking.tags,
            name=config.name,
            config=OmegaConf.to_container(OmegaConf.structured(config)),  # type: ignore[arg-type]
            settings=wandb.Settings(silent=True),
        )
        try:
            self._run = start(mode=config.tracking.wandb)  # type: ignore[arg-type]
        except wandb.Error as error:
            print(
                f"Weights & Biases: {error} Going on offline; upload it later with: wandb sync {folder}/wandb/offline-*"
            )
            self._run = start(mode="offline")

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Take the values of one step; called by SB3's logger."""
        self._run.log(dict(key_values), step=step)

    def close(self) -> None:
        """Finish the run."""
        self._run.finish()


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
    others: list[KVWriter] = [TensorBoardOutputFormat(str(folder.tensorboard))]
    if config.tracking.wandb != "disabled":
        others.append(WandbWriter(config, folder.path))
    return RunLogger(folder.path, files, others)
