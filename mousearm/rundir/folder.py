"""The run folder: names of its files, the inputs that a run began with, its checkpoints."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from omegaconf import OmegaConf

from mousearm import files, formats
from mousearm.config import Config, read_saved, to_yaml
from mousearm.door import MANIFEST, SEAL, check_seal, read_json, read_plain, sha256, verify_folder
from mousearm.errors import ConfigError, KinematicsError, RunError, UnknownNameError
from mousearm.kinematics import Split
from mousearm.rundir.logs import describe_environment, set_aside_damaged
from mousearm.rundir.origin import RunOrigin, run_origin_text
from mousearm.rundir.status import FINISHED, Status, advising_to_resume, locked
from mousearm.text import listed, printable

_KEPT_CHECKPOINTS = 3
_AWAY = "Bring it back as it was, or move it away: nothing but reports needs it."

ENGINE_FACTS = ("engine", "compiler", "processor")  # that its results depend on, to the last bit
RUN_PREFIX = "run:"  # of a path in config.yaml that is below the run folder: a model or reaches that are kept in it


class RunFolder:
    """One run: ``outputs/<name>/``. Records that have changed since they were written are refused, if ``checked``."""

    def __init__(self, path: Path, checked: bool = True):
        self.path = path
        self._check_seal = check_seal if checked else lambda *_: None
        self.config = path / "config.yaml"
        self.overrides = path / "overrides.yaml"
        self.environment = path / "environment.txt"
        self.origin = path / "origin.json"
        self.metrics = path / "metrics.csv"
        self.timing = path / "timing.csv"
        self.tensorboard = path / "tensorboard"
        self.best = path / "best"
        self.split = path / "split.json"
        self.evaluation = path / "evaluation.json"
        self.figures = path / "figures"
        self.videos = path / "videos"
        self.diverged = path / "diverged"
        self.nonfinite = path / "nonfinite"
        self.engine = path / "engine.json"  # of a generated engine
        self.engine_log = path / "mujoco.log"
        self._lock, self._status = path / "lock", path / "status.json"
        self._checkpoints = path / "checkpoints"

    @property
    def exists(self) -> bool:
        """True if a run was started here."""
        return self.config.is_file()

    def locked(self) -> AbstractContextManager[None]:
        """Hold the lock of the folder, which is made where it does not exist; RunError if another process holds it."""
        with advising_to_resume(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        return locked(self._lock)

    def check_unused(self) -> None:
        """Check that a run can start here; RunError if there is one, or something else."""
        if self.exists:
            raise RunError(
                f"Another process began a run in {self.path} meanwhile. Give the same command again to resume it."
            )
        # A start that was killed may have left these behind.
        begun = (self.overrides, self.environment, self.split, self.origin, self.engine, self.config)
        remains = (self._lock, *begun)
        there = self.path.iterdir() if self.path.is_dir() else ()
        if {path.name.removesuffix(".partial") for path in there} - {SEAL, *(path.name for path in remains)}:
            raise RunError(f"{self.path} is not empty and holds no run. Choose another name=, or remove it.")

    def create(
        self,
        config: Config,
        overrides: list[str],
        split: Split,
        model: dict[str, str],
        engine: Mapping[str, Any] | None = None,
    ) -> None:
        """Start a run: write what it begins with, or raise RunError.

        ``model`` is the SHA-256 of its files by name, ``engine`` the facts on a generated engine, empty for MuJoCo.
        """
        self.check_unused()
        with advising_to_resume(self.path):
            texts = {
                self.overrides: OmegaConf.to_yaml(OmegaConf.create(overrides)),
                self.environment: describe_environment(),
                self.split: files.to_json({**formats.stamp(formats.SPLIT), **asdict(split)}),
                self.origin: run_origin_text(split, model),
                **({self.engine: files.to_json(dict(engine))} if engine else {}),
                self.config: to_yaml(config),  # last: from then on there is a run
            }
            files.seal(self.path, {file.name: sha256(text.encode()) for file, text in texts.items()})
            for file, text in texts.items():
                files.write_text(file, text)

    def none_here(self) -> str:
        """Say that there is no run in this folder, and which are near it."""
        near = self.path if self.path.is_dir() else self.path.parent
        others = sorted(str(found.parent) for found in near.glob(f"*/{self.origin.name}"))
        there = f"There are {listed(others, most=5)}." if others else "Give a run's folder, such as outputs/first."
        return f"There is no run in {self.path}: it has no {self.config.name}. {there}"

    def saved_config(self) -> Config:
        """Read the configuration that the run was started with; RunError if there is none that can be read."""
        if not self.exists:
            raise RunError(self.none_here())
        origin = self._origin()  # says first if it is of a newer format
        self._check_seal(self.config)
        try:
            return self._resolved(read_saved(self.config, partial(origin.upgraded, self.config.name)))
        except (ConfigError, UnknownNameError) as error:
            raise RunError(f"{self.config} cannot be used: {error} Bring it back as it was.") from error

    def saved_overrides(self) -> list[str]:
        """Read the command line that started the run; empty where it was not written down; RunError if damaged."""
        if not self.overrides.exists():
            return []
        self._check_seal(self.overrides, _AWAY)
        listed = read_plain(self.overrides, advice=_AWAY)
        if not isinstance(listed, list) or not all(isinstance(word, str) for word in listed):
            raise RunError(f"{self.overrides} is no list of overrides. {_AWAY}")
        return listed

    def _resolved(self, config: Config) -> Config:
        """The configuration with the paths of those files that the folder itself holds."""

        def resolve(text: str | None) -> str | None:
            if text is None or not text.startswith(RUN_PREFIX):
                return text
            path = PurePosixPath(text.removeprefix(RUN_PREFIX))
            if path.is_absolute() or ".." in path.parts:
                raise ConfigError(f"'{text}' leads out of the run folder.")
            return str(self.path / path)

        model, kinematics = config.model, config.kinematics
        return replace(
            config,
            model=replace(model, file=resolve(model.file), osim=resolve(model.osim)),
            kinematics=replace(kinematics, path=resolve(kinematics.path) or ""),
        )

    def update_config(self, config: Config) -> None:
        """Write the configuration that the run resumes with, as `resumed` made it."""
        with advising_to_resume(self.path):
            files.write_sealed(self.config, to_yaml(config))

    def note_engine(self, now: Mapping[str, Any]) -> str:
        """Note the facts on the engine that the run resumes with; how it differs from before, empty if it does not."""
        before = read_json(self.engine) if self.engine.is_file() else {}
        changed = [name for name in ENGINE_FACTS if before.get(name) != now.get(name)]
        if not changed:
            return ""
        with advising_to_resume(self.path):
            files.write_sealed(self.engine, files.to_json(dict(now)))
        were = ", ".join(f"{name} {before.get(name, 'none')}, now {now.get(name, 'none')}" for name in changed)
        return (
            f"Another engine steps the arms than before ({were}). It agrees to rounding, but what follows is not what "
            "would have followed, to the last bit; a run that is to be repeated stays with one engine and machine."
        )

    def open_logs(self) -> None:
        """Take back the hashes of metrics.csv and timing.csv, which a run adds to; what is damaged is moved away."""
        for file in (self.metrics, self.timing):
            set_aside_damaged(file)
        with advising_to_resume(self.path):
            files.seal(self.path, {self.metrics.name: None, self.timing.name: None})

    def close_logs(self) -> None:
        """Note the hashes of metrics.csv and timing.csv when a run ends."""
        with advising_to_resume(self.path):
            files.seal(self.path, {file.name: sha256(file) for file in (self.metrics, self.timing) if file.is_file()})

    def check_model(self, hashes: dict[str, str]) -> None:
        """Check, by the hashes of its files, that a model is the one that the run began with, or raise RunError."""
        self._origin().check_model(hashes)

    def set_status(self, state: str, steps: int, reason: str = "", key: str | None = None) -> None:
        """Write status.json; arguments as of `Status`."""
        with advising_to_resume(self.path):
            Status(state, steps, reason, key).write(self._status)

    def status(self) -> Status:
        """Read status.json; ``killed`` where the process died without a word, ``unknown`` where it does not exist."""
        return Status.read(self._status, self._lock)

    def saved_split(self) -> Split:
        """Read which reaches the run trains on and tests with; RunError if it has not got so far, or it is damaged."""
        if not self.split.is_file():
            raise RunError(f"{self.path} has no {self.split.name}: the run never began to train.")
        saved = read_json(self.split)
        number = formats.format_number(formats.SPLIT, saved, self.split)
        content = formats.upgrade(formats.SPLIT, formats.without_stamp(saved), number)
        if set(content) != {"train", "test", "sha256"}:
            raise RunError(f"{self.split} is no split: it has {', '.join(content)}, but needs train, test and sha256.")
        try:
            split = Split(**content)
        except KinematicsError as error:
            raise RunError(f"{self.split} is no split: {error}") from error
        if not self._origin().is_split(split):
            raise RunError(f"{self.split} has changed since the run began. Bring it back, or start another run.")
        return split

    def checkpoint(self, steps: int) -> Path:
        """Folder of the checkpoint after a number of steps, written or not."""
        return self._checkpoints / str(steps)

    def checkpoints(self) -> list[Path]:
        """Checkpoint folders from the oldest to the newest."""
        there = self._checkpoints.iterdir() if self._checkpoints.is_dir() else ()
        return sorted((path for path in there if path.name.isdigit()), key=lambda path: int(path.name))

    def budget_used(self) -> int:
        """Steps that ``algo.timesteps`` counts, until the newest checkpoint: those by reward, in older runs all."""
        for newest in self.checkpoints()[-1:]:
            with suppress(RunError, AttributeError, TypeError, ValueError):  # damage is reported when it is loaded
                return int(newest.name) - int(read_json(newest / "state.json").get("imitated", 0))
            return int(newest.name)
        return 0

    def complete_checkpoints(self) -> list[Path]:
        """Checkpoints that are as they were written, the newest last; prints the others, and removes leftovers.

        RunError if there are some, but none of them is complete; or none, though the run is finished.
        """
        files.clean_up(self._checkpoints)
        existing = self.checkpoints()
        problems = {checkpoint: problem for checkpoint in existing if (problem := self._problem(checkpoint))}
        for checkpoint, problem in problems.items():
            print(printable(f"The checkpoint {checkpoint} is passed over: {problem}"))
        # Only where none is left does it matter how the run ended: a damaged status.json is in nobody's way.
        is_finished = len(problems) == len(existing) and self.status().state == FINISHED
        if not existing and is_finished:
            raise RunError(
                f"{self.path} is finished and has no checkpoint to resume from: its best network can be evaluated, not "
                "trained further. Choose another name= to train again."
            )
        if existing and len(problems) == len(existing):
            more = ", or choose another name= to train again." if is_finished else ", or remove it to start again."
            raise RunError(
                f"No checkpoint of {self.path} can be used. Bring {self._checkpoints} back from a copy{more}"
            )
        return [checkpoint for checkpoint in existing if checkpoint not in problems]

    def best_problem(self) -> str:
        """Damage of the best network; empty where there is none."""
        files.recover_folder(self.best)
        return self._problem(self.best)

    def find_checkpoint(self, which: str) -> Path:
        """Find the checkpoint ``best``, ``latest`` or of a number of steps; RunError if there is none, or damaged."""
        existing = {checkpoint.name: checkpoint for checkpoint in self.checkpoints()}
        if existing:
            existing["latest"] = self.checkpoints()[-1]
        if self.best.is_dir():
            existing["best"] = self.best
        those = f"Those that exist: {', '.join(existing) or 'none'}."
        if which not in existing:
            raise RunError(f"{self.path} has no checkpoint '{which}'. {those}")
        # Only runs that had no name of their own had checkpoints without hashes.
        if (self.id or (existing[which] / MANIFEST).exists()) and (problem := self._problem(existing[which])):
            raise RunError(f"The checkpoint '{which}' cannot be used: {problem} {those}")
        return existing[which]

    def seal(self, folder: Path, contents: dict[str, bytes]) -> None:
        """Write a checkpoint of this run at once; see `write_folder`."""
        with advising_to_resume(self.path):
            self._checkpoints.mkdir(exist_ok=True)  # but not the run folder: if it is gone, that is to be said
            files.write_folder(folder, contents, self.id)

    def drop_superseded(self) -> None:
        """Remove checkpoints older than the newest few."""
        for old in self.checkpoints()[:-_KEPT_CHECKPOINTS]:
            with advising_to_resume(old):
                files.remove_folder(old)

    @property
    def id(self) -> str:
        """Identifier of the run, wherever its folder is, and of its checkpoints; empty for older runs."""
        return self._origin().id

    def _origin(self) -> RunOrigin:
        """Read origin.json; a newer format is said before damage."""
        origin = RunOrigin.read(self.origin)
        self._check_seal(self.origin)
        return origin

    def _problem(self, folder: Path) -> str:
        try:
            verify_folder(folder, self.id)
        except RunError as error:
            return str(error)
        return ""
