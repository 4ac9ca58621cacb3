"""The run folder: the names in it, writing that leaves no half files, what there is to resume."""

import importlib.metadata
import json
import os
import platform
import socket
import subprocess
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from mousearm.config import Config, load, to_yaml
from mousearm.errors import RunError
from mousearm.kinematics import Split

RUNNING, FINISHED, FAILED, INTERRUPTED = "running", "finished", "failed", "interrupted"
# What may change when a run goes on: the budget, where metrics go, how much is shown.
MAY_CHANGE = ("name", "algo.timesteps", "tracking", "video")
_KEPT_CHECKPOINTS = 3


class RunFolder:
    """One run: ``outputs/<name>/``."""

    def __init__(self, path: Path):
        self.path = path
        self.config = path / "config.yaml"
        self.metrics = path / "metrics.csv"
        self.timing = path / "timing.csv"
        self.tensorboard = path / "tensorboard"
        self.best = path / "best"
        self.split = path / "split.json"
        self.evaluation = path / "evaluation.json"
        self.figures = path / "figures"
        self.videos = path / "videos"
        self.diverged = path / "diverged"
        self.engine_log = path / "mujoco.log"
        self._checkpoints = path / "checkpoints"

    @property
    def exists(self) -> bool:
        """Whether a run was started here."""
        return self.config.is_file()

    def create(self, config: Config, overrides: list[str]) -> None:
        """Start a run: write its configuration and what it ran on.

        Raises:
            RunError: if the folder holds something that is not a run.
        """
        if self.path.exists() and any(self.path.iterdir()):
            raise RunError(f"{self.path} is not empty and holds no run. Choose another name=, or remove it.")
        self.path.mkdir(parents=True, exist_ok=True)
        write_text(self.path / "overrides.yaml", OmegaConf.to_yaml(OmegaConf.create(overrides)))
        write_text(self.path / "environment.txt", describe_environment())
        write_text(self.config, to_yaml(config))

    def saved_config(self) -> Config:
        """The configuration that the run was started with.

        Raises:
            RunError: if there is no run, or its configuration cannot be read.
        """
        if not self.exists:
            raise RunError(f"There is no run in {self.path}: it has no {self.config.name}.")
        try:
            saved = OmegaConf.load(self.config)
        except Exception as error:  # the YAML library's own kinds
            raise RunError(f"{self.config} cannot be read: {error}") from error
        if not isinstance(saved, DictConfig):
            raise RunError(f"{self.config} holds no configuration.")
        return load(saved)

    def resume(self, wanted: Config, overrides: list[str]) -> Config:
        """The configuration to go on with: the saved one, with what may change taken from the overrides.

        Args:
            wanted: the configuration that the command line makes.
            overrides: the command line; keys that it does not name are not compared.

        Raises:
            RunError: if an override contradicts the saved configuration; the text shows both.
        """
        saved = OmegaConf.structured(self.saved_config())
        new = OmegaConf.structured(wanted)
        conflicts = []
        for key in (override.split("=", 1)[0].lstrip("+~") for override in overrides):
            if any(key == free or key.startswith(f"{free}.") for free in MAY_CHANGE):
                OmegaConf.update(saved, key, OmegaConf.select(new, key))
            elif OmegaConf.select(saved, key) != OmegaConf.select(new, key):
                conflicts += _differences(key, OmegaConf.select(saved, key), OmegaConf.select(new, key))
        if conflicts:
            raise RunError(
                f"{self.path} holds a run with another configuration:\n  " + "\n  ".join(conflicts) + "\n"
                f"Only {', '.join(MAY_CHANGE)} may change when a run goes on. Leave these overrides out to continue "
                "it, or choose another name=."
            )
        return replace(load(saved), name=wanted.name)

    def update_config(self, config: Config) -> None:
        """Write the configuration that the run goes on with, as ``resume`` made it."""
        write_text(self.config, to_yaml(config))

    def set_status(self, state: str, steps: int, reason: str = "") -> None:
        """Write status.json."""
        status = {"state": state, "steps": steps, "reason": reason, "host": socket.gethostname(), "pid": os.getpid()}
        write_json(self.path / "status.json", status)

    def status(self) -> dict[str, Any]:
        """What status.json holds; empty where there is none."""
        file = self.path / "status.json"
        return read_json(file) if file.is_file() else {}

    def save_split(self, split: Split) -> None:
        """Write split.json: the names of both sides, and the hashes of their files."""
        write_json(self.split, asdict(split))

    def saved_split(self) -> Split:
        """The reaches that the run trains on and tests with.

        Raises:
            RunError: if the run has not got so far, or the file cannot be used.
        """
        if not self.split.is_file():
            raise RunError(f"{self.path} has no {self.split.name}: the run never began to train.")
        content = {"sha256": {}, **read_json(self.split)}  # a run that was saved before there were hashes has none
        if set(content) != {"train", "test", "sha256"}:
            raise RunError(f"{self.split} is no split: it has {', '.join(content)}, but needs train, test and sha256.")
        return Split(**content)

    def checkpoint(self, steps: int) -> Path:
        """Where the checkpoint after so many steps is, or is to be."""
        return self._checkpoints / str(steps)

    def checkpoints(self) -> list[Path]:
        """Checkpoint folders from the oldest to the newest."""
        if not self._checkpoints.is_dir():
            return []
        return sorted((p for p in self._checkpoints.iterdir() if p.name.isdigit()), key=lambda p: int(p.name))

    def find_checkpoint(self, which: str) -> Path:
        """The checkpoint ``best``, ``latest`` or of a number of steps.

        Raises:
            RunError: if there is none, naming those that exist.
        """
        existing = {checkpoint.name: checkpoint for checkpoint in self.checkpoints()}
        if existing:
            existing["latest"] = self.checkpoints()[-1]
        if self.best.is_dir():
            existing["best"] = self.best
        if which not in existing:
            names = ", ".join(existing) or "none"
            raise RunError(f"{self.path} has no checkpoint '{which}'. Those that exist: {names}.")
        return existing[which]

    def superseded_checkpoints(self) -> list[Path]:
        """Checkpoints older than the newest few, which need not be kept."""
        return self.checkpoints()[:-_KEPT_CHECKPOINTS]


def _differences(key: str, saved: Any, new: Any) -> list[str]:
    if isinstance(saved, DictConfig) and isinstance(new, DictConfig):
        return [line for name in saved for line in _differences(f"{key}.{name}", saved[name], new[name])]
    return [f"{key}: saved {saved}, wanted {new}"] if saved != new else []


def write_text(path: Path, text: str) -> None:
    """Write a file at once: beside it first, then renamed, so that a reader never sees half of it."""
    beside = path.with_name(path.name + ".partial")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def write_json(path: Path, content: Any) -> None:
    """Write JSON as ``write_text`` does."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        RunError: if the file is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}") from error


def describe_environment() -> str:
    """Versions of Python and of all packages, and the commit of the code with what was changed since."""
    packages = sorted({f"{d.metadata['Name']}=={d.version}" for d in importlib.metadata.distributions()})
    lines = [f"python {platform.python_version()} on {platform.platform()}", "", *packages, ""]
    root = Path(__file__).parents[1]
    for command in (["git", "rev-parse", "HEAD"], ["git", "diff", "HEAD"]):
        result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        lines += [f"$ {' '.join(command)}", result.stdout if result.returncode == 0 else "(not a git checkout)", ""]
    return "\n".join(lines)
