"""Where metrics go: CSV and TensorBoard always, Weights & Biases where the configuration says so."""

import csv
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from stable_baselines3.common.logger import KVWriter, Logger, TensorBoardOutputFormat

from mousearm.config import Config
from mousearm.rundir import RunFolder


class MetricsFile(KVWriter):
    """A CSV file with one row per number of steps, first column ``steps``.

    Whatever is logged at the same number of steps shares a row, which is written when the next one begins. New keys
    become new columns. Rows at or after ``resume_at`` steps are dropped: they are about to be made again.
    """

    def __init__(self, path: Path, keep: Callable[[str], bool], resume_at: int = 0):
        self._path = path
        self._keep = keep
        self._rows: list[dict[str, Any]] = []
        self._columns = ["steps"]
        self._current: dict[str, Any] | None = None
        if path.is_file():
            with path.open(newline="", encoding="utf-8") as file:
                reader = csv.DictReader(file)
                self._columns = list(reader.fieldnames or self._columns)
                self._rows = [row for row in reader if row["steps"].isdigit() and int(row["steps"]) < resume_at]
        self._rewrite()

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, tuple[str, ...]], step: int = 0) -> None:
        """Take the values of one step; called by SB3's logger."""
        if self._current is not None and self._current["steps"] != step:
            self._flush()
        if self._current is None:
            self._current = {"steps": step}
        self._current.update({key: value for key, value in sorted(key_values.items()) if self._keep(key)})

    def close(self) -> None:
        """Write the last row."""
        self._flush()

    def _flush(self) -> None:
        if self._current is None:
            return
        row, self._current = self._current, None
        self._rows.append(row)
        new = [key for key in row if key not in self._columns]
        if new:
            self._columns += new
            self._rewrite()
        else:
            with self._path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, self._columns).writerow(row)

    def _rewrite(self) -> None:
        with self._path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._columns)
            writer.writeheader()
            writer.writerows(self._rows)


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


def build_logger(config: Config, folder: RunFolder, resume_at: int) -> Logger:
    """The logger of a run.

    metrics.csv holds nothing that depends on the machine's speed, so that the same seed gives the same file; what does
    is in timing.csv.

    Args:
        config: the group tracking is used, and the whole is sent to Weights & Biases.
        folder: the run folder.
        resume_at: steps that were done already; 0 for a new run.
    """
    writers: list[KVWriter] = [
        MetricsFile(folder.metrics, lambda key: not key.startswith("time/"), resume_at),
        MetricsFile(folder.timing, lambda key: key.startswith("time/"), resume_at),
        TensorBoardOutputFormat(str(folder.tensorboard)),
    ]
    if config.tracking.wandb != "disabled":
        writers.append(WandbWriter(config, folder.path))
    return Logger(str(folder.path), writers)
