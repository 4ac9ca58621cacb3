"""Opening a recording again with the arm that it is of: the file says how that is built, without any path."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

from mousearm.agent import Agent
from mousearm.config import Config, compose_with
from mousearm.door import inside
from mousearm.errors import MouseArmError, RecordingError
from mousearm.evaluate.results import ErrorScale
from mousearm.hub.repository import PREFIX
from mousearm.model import Arm, load_arm, model_file, model_hashes
from mousearm.paths import PACKAGE
from mousearm.record.files import read_recording
from mousearm.record.signals import About, ReachRecording
from mousearm.rundir.runs import is_recording
from mousearm.trajectory import SHOULDER, Trial, with_shoulder


@dataclass(frozen=True, slots=True)
class OpenRecording:
    """A recording with its arm; names of its trials, each once, are those of the reaches, with a number if repeated."""

    path: Path
    arm: Arm
    scale: ErrorScale  # of its errors
    about: About
    reaches: list[ReachRecording]

    @property
    def names(self) -> list[str]:
        """A name per trial."""
        return [f"{one.name} ({one.repeat})" if one.repeat else one.name for one in self.reaches]

    def trial(self, index: int) -> Trial:
        """One trial of the arm; the target of its shoulder is where the arm holds it."""
        shoulder = self.arm.landmark_positions(self.arm.rest_qpos[None])[0, SHOULDER]
        recorded = self.reaches[index].trial
        return replace(recorded, targets=with_shoulder(shoulder, recorded.targets[:, SHOULDER + 1 :]))


def arm_text(config: Config) -> str:
    """The building of an arm, as JSON: the keys of ``model``, hashes of its files, how reaches are fitted to it.

    Of a model that is a file of this machine there is the name alone.
    """
    model = asdict(config.model)
    for name in ("file", "osim"):
        if model[name] is not None and not model[name].startswith((PACKAGE, PREFIX)):
            model[name] = model_file(config.model).name
    content = {"model": model, "files": model_hashes(config.model), "retarget": config.kinematics.retarget}
    return json.dumps(content)


def open_recording(path: Path) -> OpenRecording:
    """Read a recording and build its arm.

    Raises:
        RecordingError: as of `read_recording`; or it does not say which arm it is of, or that is not here, or has
            changed since.
        MouseArmError: the arm cannot be built, as of `load_arm`.
    """
    recording = read_recording(path)
    content = _content(path, recording.about)
    config, by = _config(path, content), recording.about.get("mousearm", "unknown")
    changed = {name for name, digest in model_hashes(config.model).items() if content["files"].get(name) != digest}
    if not model_file(config.model).is_file() or changed:
        named = PurePosixPath(str(content["model"]["osim"] or content["model"]["file"])).name
        raise RecordingError(
            f"{path} is of the arm {named}, of which no file or another one is here ({model_file(config.model)}). Put "
            "the one that was recorded with, and the files that it names, beside the recording; or, of an arm that "
            f"this program brings, open it with mousearm {by}."
        )
    arm = load_arm(config.model)
    for reach in recording.reaches:
        if reach.trial.qpos.shape[1] != arm.nq or reach.trial.ctrl.shape[1] != arm.nu:
            raise RecordingError(f"{path}: the signals of {reach.name} are not those of its arm. Record again.")
    return OpenRecording(path, arm, ErrorScale.of(config, arm), recording.about, recording.reaches)


def open_trials(source: Path, checkpoint: str = "best", kinematics: str | None = None) -> tuple[Arm, list[Trial]]:
    """The arm of a run or a recording, and one trial of each reach: of a recording the first.

    Checkpoint and kinematics are for runs, as of `Agent.load`. Errors as of that, and of `open_recording`.
    """
    if is_recording(source):
        opened = open_recording(source)
        return opened.arm, [opened.trial(i) for i, one in enumerate(opened.reaches) if one.repeat == 0]
    agent = Agent.load(source, checkpoint, kinematics)
    return agent.arm, agent.evaluate()[1]


def _content(path: Path, about: About) -> dict:
    """Content of an `arm_text`."""
    try:
        content = json.loads(str(about["arm"]))
        if not isinstance(content["model"], dict) or not isinstance(content["files"], dict):
            raise TypeError
        return content
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise RecordingError(
            f"{path} does not say which arm it is of, as recordings of older versions. Record again to look at it, or "
            "draw it with scripts/figures.py."
        ) from error


def _config(path: Path, content: dict) -> Config:
    """The configuration with its arm; a file of the arm lies beside the recording."""
    model = dict(content["model"])
    for name in ("file", "osim"):
        given = model.get(name)
        if given is not None and not str(given).startswith((PACKAGE, PREFIX)):
            model[name] = str(inside(path.parent, str(given), RecordingError))
    try:
        return compose_with({"model": model, "kinematics": {"retarget": content["retarget"]}})
    except (MouseArmError, KeyError) as error:
        raise RecordingError(f"{path}: its arm cannot be built ({error}). Record again.") from error
