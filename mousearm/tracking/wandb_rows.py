"""The curve of a run in Weights & Biases, with its pictures, its result and how it ended."""

import html
import io
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mousearm.config import Config
from mousearm.errors import RenderError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.figure import reach_figure
from mousearm.evaluate.film import Shot, film
from mousearm.evaluate.muscles import drives
from mousearm.model import Arm
from mousearm.plots import as_png
from mousearm.registry import TRACKERS
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.logs import read_metrics
from mousearm.rundir.status import FAILED, FINISHED, INTERRUPTED, PRUNED, RUNNING
from mousearm.tracking.logger import Tracker, UnfinishedRows
from mousearm.tracking.wandb_parts import forget_service, start_wandb, wandb_mode
from mousearm.trajectory import Trial

# W&B calls what ends with 255 killed, as after Ctrl-C.
_EXIT_CODES = {FINISHED: 0, FAILED: 1, INTERRUPTED: 255, PRUNED: 0}


class WandbRows(Tracker):
    """The rows of metrics.csv and timing.csv, each sent once; nothing that goes wrong in W&B ends a run.

    A run that is resumed makes rows again that came after its checkpoint. On the same machine they are the same, to the
    last bit, and W&B, whose steps never go back, has them already: they are left out. The unfinished row is not sent
    when a run is interrupted, because it may not be complete.
    """

    def __init__(self, config: Config, folder: RunFolder, rows: UnfinishedRows):
        """Begin to follow a run, or follow it again: send what metrics.csv and timing.csv have and W&B has not."""
        super().__init__()
        self._run, self._sent, self._part = start_wandb(config, folder)
        self._share, self._films = config.tracking.pictures_percent / 100, config.tracking.films
        self._begin, self._drawing_s = time.perf_counter(), 0.0
        self._works = True
        self._safely(lambda: self._run.summary.update({"status": RUNNING, "reason": ""}))
        past: dict[int, dict[str, Any]] = {}
        for row in (row for file in (folder.metrics, folder.timing) for row in read_metrics(file).rows):
            past.setdefault(int(row["steps"]), {}).update(_numbers(row))
        for steps in sorted(past):
            self.finish(past[steps])
        # Of the unfinished row these files have a part, and W&B's the rest, which files cannot hold.
        current = [_numbers(row) for name in ("metrics", "timing") if (row := rows.get(name)) is not None]
        self.row = {key: value for row in (rows.get("wandb") or {}, *current) for key, value in row.items()} or None

    def finish(self, row: dict[str, Any]) -> None:
        """Send a row, unless W&B has it."""
        if row["steps"] > self._sent:
            self._sent = row["steps"]
            self._safely(lambda: self._run.log({key: _to_wandb(value) for key, value in row.items()}, step=self._sent))

    def illustrate(self, steps: int, evaluation: Evaluation, trials: Sequence[Trial], arm: Arm) -> None:
        """Show an evaluation: a histogram of the controls, and as often as time allows a figure of the middle reach."""
        self.add(steps, {"eval/actions": _histogram(trials)})
        begin = time.perf_counter()
        if self._drawing_s > self._share * (begin - self._begin) or not self._share:
            return
        middle = trials[evaluation.middle]
        png = np.frombuffer(as_png(reach_figure(middle, drives(arm, middle)), dpi=100), np.uint8)
        self.add(steps, {"eval/reach": {"kind": "figure", "file": png, "caption": middle.name}})
        if self._films and (film := _film_of(middle, arm)) is not None:
            self.add(steps, {"eval/film": film})
        self._drawing_s += time.perf_counter() - begin

    def conclude(self, steps: int, evaluation: Evaluation, folder: RunFolder) -> None:
        """Show the result of the run: errors in the summary and as a table of all reaches, figures and films."""
        self._safely(lambda: self._conclude(steps, evaluation, folder))

    def _conclude(self, steps: int, evaluation: Evaluation, folder: RunFolder) -> None:
        import wandb

        for split, both in evaluation.splits.items():
            for landmark, errors in both.items():
                for name in ("mean", "rms", "max"):
                    self._run.summary[f"result/{split}_{landmark}_{name}"] = getattr(errors, name)
        shown: dict[str, Any] = {"result/reaches": wandb.Html(f"<pre>{html.escape(evaluation.table())}</pre>")}
        for file in sorted(folder.figures.rglob("*.png")):
            name = file.relative_to(folder.figures).with_suffix("").as_posix()
            shown[f"result/{name}"] = wandb.Image(str(file))
        for file in sorted(folder.videos.rglob("*.mp4")):
            shown["result/film"] = wandb.Video(str(file), format="mp4")
        self.add(steps, shown)
        self._run.save(str(folder.evaluation), base_path=str(folder.path), policy="now")

    def end(self, state: str, reason: str) -> None:
        """Say how the run ended, and wait until W&B has everything, for a limited time."""
        if state != INTERRUPTED:
            self.flush()
        self._safely(lambda: self._end(state, reason))

    def _end(self, state: str, reason: str) -> None:
        self._run.summary.update({"status": state, "reason": reason})
        if state == INTERRUPTED:
            self._run.mark_preempting()
        try:
            self._run.finish(exit_code=_EXIT_CODES[state])
        except TimeoutError:
            print("Weights & Biases: not everything could be uploaded yet. python scripts/sync.py RUN uploads it.")
            return
        if not self._run.offline:
            self._part.mark.touch()

    def _safely(self, action: Callable[[], object]) -> None:
        """Do something with W&B; a failure is printed once, and training continues."""
        if not self._works:
            return
        try:
            action()
        except Exception as error:  # W&B's process may be gone, in which case there are many kinds
            self._works = False
            print(f"Weights & Biases gave up, training continues without it: {type(error).__name__}: {error}")
            forget_service()


@TRACKERS.add
def wandb(config: Config, folder: RunFolder, rows: UnfinishedRows) -> WandbRows | None:
    """Everything, in Weights & Biases: online, or kept for scripts/sync.py; where ``tracking.wandb`` says so."""
    mode, asked = wandb_mode(config), config.tracking.wandb
    if mode != asked:
        print(f"Weights & Biases: WANDB_MODE makes tracking.wandb={asked} {mode}.")
    return None if mode == "disabled" else WandbRows(config, folder, rows)


def _numbers(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a CSV file with numbers in it; empty cells are left out."""
    return {key: int(value) if key == "steps" else float(value) for key, value in row.items() if value}


def _histogram(trials: Sequence[Trial]) -> dict[str, Any]:
    """Histogram of all controls, in the units of the actuators; most at an end of the range means saturation."""
    controls = np.concatenate([trial.ctrl[1:] for trial in trials])  # none led to the start
    counts, edges = np.histogram(controls, bins=64)
    return {"kind": "histogram", "counts": counts, "edges": edges}


def _film_of(trial: Trial, arm: Arm) -> dict[str, Any] | None:
    """The film of one reach, as an mp4 file; None on a machine that cannot draw."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        try:
            film([Shot(trial, arm.model)], path)
        except RenderError:
            return None
        content = np.frombuffer(path.read_bytes(), np.uint8)
    return {"kind": "film", "file": content, "caption": trial.name}


def _to_wandb(value: Any) -> Any:
    """An illustration as an object of W&B; anything else unchanged."""
    import wandb
    from PIL import Image

    if not isinstance(value, dict):
        return value
    if value["kind"] == "histogram":
        return wandb.Histogram(np_histogram=(value["counts"], value["edges"]))
    file = io.BytesIO(value["file"].tobytes())
    if value["kind"] == "figure":
        return wandb.Image(Image.open(file), caption=value["caption"])
    return wandb.Video(file, caption=value["caption"], format="mp4")
