"""The shared files of a run: all that is needed to evaluate its best network again, and nothing private."""

import getpass
import os
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mousearm.config import Config, to_yaml
from mousearm.env.references import reach_files
from mousearm.errors import RunError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.files import SEAL, as_seal, check_seal, make_folder, sha256, staged, to_json, write_bytes
from mousearm.hub.upload import push
from mousearm.hub.uri import PREFIX, HubUri
from mousearm.kinematics import Split
from mousearm.model import model_file, model_hashes
from mousearm.paths import PACKAGE
from mousearm.rundir.folder import RUN_PREFIX, RunFolder
from mousearm.rundir.logs import read_environment
from mousearm.rundir.status import FINISHED
from mousearm.share.card import FILM, MODEL_FOLDER, REACHES_FOLDER, Subject, card, is_reach
from mousearm.text import command, first_lines, listed

# A repository with these files is an agent, which another one may replace.
_MARKS = ("config.yaml", "origin.json", "best/manifest.json")

# Tokens of the Hub, and absolute paths as people's own files have them.
_TOKEN = re.compile(r"\bhf_[A-Za-z0-9]{20,}")
_PATH = re.compile(
    r"(?<![\w./:-])(?:/(?:home|Users|root|mnt|media|data|scratch|tmp|srv|opt)/|[A-Za-z]:\\+)[^\s\"'<>]{2,}"
)
_KEYS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_API_KEY")
_BINARY = (".png", ".mp4", ".safetensors", ".stl", ".obj", ".msh", ".skn", ".bin")


@dataclass(frozen=True, slots=True)
class ShareOptions:
    """The decisions of the person who shares.

    Attributes:
        repo: ``OWNER/NAME``.
        kinematics: whether the reaches are shared too, where they are private files.
        pictures: whether figures and the film are, which show reaches.
        licence: of the agent, as the Hub abbreviates it.
    """

    repo: str
    kinematics: bool = False
    pictures: bool = True
    licence: str = "mit"


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a repository by path, and notes on what they reveal of reaches and model."""

    files: Mapping[str, bytes]
    notes: Sequence[str]

    def text(self) -> str:
        """One line per file with its size, then the notes."""
        width = max(map(len, self.files))
        lines = [f"  {name:<{width}}  {len(content) / 1e3:9.1f} kB" for name, content in sorted(self.files.items())]
        return "\n".join([*lines, *(f"  - {note}" for note in self.notes)])


def gather(run: Path, options: ShareOptions, allowed: Sequence[str] = ()) -> Contents:
    """Collect what is shared of a run, and see that it holds nothing private; nothing is written.

    Args:
        run: the run folder.
        options: what is shared, and how.
        allowed: texts that seem private, but may be known.

    Raises:
        RunError: if the run is not finished, has no evaluation, or its best network is damaged; its model changed; or
            a file holds something private.
        MouseArmError: if the model or, where they are to be shared, the reaches cannot be read.
    """
    folder = RunFolder(run, checked=False)  # what is private is told first
    config = folder.saved_config()
    _check_finished(folder)
    folder.check_model(hashes := model_hashes(config.model))
    evaluation, split = Evaluation.load(folder.evaluation, checked=False), folder.saved_split()
    files = {name: (run / name).read_bytes() for name in ("split.json", "origin.json", "evaluation.json")}
    files |= {f"best/{file.name}": file.read_bytes() for file in sorted(folder.best.iterdir()) if file.is_file()}
    model, model_files = _model(config, hashes)
    reaches, reach_contents = _reaches(config, split, options.kinematics)
    tracking = replace(config.tracking, wandb="disabled", project="mousearm", entity=None, group=None, tags=[])
    shared = replace(config, model=model, kinematics=reaches, tracking=tracking)
    status = folder.status()
    files |= model_files | reach_contents | (_pictures(folder, evaluation) if options.pictures else {})
    files["config.yaml"] = to_yaml(shared).encode()
    files["status.json"] = to_json({"state": FINISHED, "steps": status.steps, "reason": "", "key": None}).encode()
    files["environment.txt"] = read_environment(folder.environment).shareable.encode()
    subject = Subject(options.repo, options.licence, shared, evaluation, split, hashes, status.steps)
    sealed = ("config.yaml", "origin.json", "environment.txt", "evaluation.json", "split.json", "status.json")
    files[SEAL] = as_seal({name: sha256(files[name]) for name in sealed}).encode()
    files["README.md"] = card(subject, files).encode()
    places = [run, config.kinematics.path, model_file(config.model)]
    private = [place for place in places if not _is_public(str(place))]
    check_private(files, private_texts(private, config.tracking.entity), allowed)
    for name in sealed:
        check_seal(run / name)
    return Contents(files, _notes(files, split, config, shared))


def _check_finished(folder: RunFolder) -> None:
    status = folder.status()
    if status.state != FINISHED:
        reason = f" ({status.reason})" if status.reason else ""
        raise RunError(
            f"{folder.path} is {status.state}{reason}, not finished. Only finished runs are shared: "
            f"{command('run.py', f'resume={folder.path}')} resumes it."
        )
    if problem := folder.best_problem():
        raise RunError(f"The best network cannot be shared: {problem}")


def _is_public(path: str) -> bool:
    """True if everybody who has this program can find a path of the configuration."""
    return path.startswith((PACKAGE, PREFIX))


def _model(config: Config, hashes: Mapping[str, str]):
    """The configuration of the model as it is shared, and its files where they are private."""
    model = config.model
    if _is_public(model.osim or model.file or ""):
        return model, {}
    main = model_file(model)
    place = f"{RUN_PREFIX}{MODEL_FOLDER}/{main.name}"
    model = replace(model, osim=place) if model.osim else replace(model, file=place)
    return model, {f"{MODEL_FOLDER}/{name}": (main.parent / name).read_bytes() for name in hashes}


def _reaches(config: Config, split: Split, wanted: bool):
    """The configuration of the reaches as it is shared, and their files where they are private and wanted."""
    kinematics = config.kinematics
    if _is_public(kinematics.path):
        return kinematics, {}
    single = Path(kinematics.path).suffix.lower() == ".csv"
    place = f"{RUN_PREFIX}{REACHES_FOLDER}/{split.train[0]}.csv" if single else f"{RUN_PREFIX}{REACHES_FOLDER}"
    found = split.find(reach_files(config)) if wanted else []
    return replace(kinematics, path=place), {
        f"{REACHES_FOLDER}/{file.name}.csv": file.path.read_bytes() for file in found
    }


def _pictures(folder: RunFolder, evaluation: Evaluation) -> dict[str, bytes]:
    """The film, and the figures of the best, the middle and the worst reach, as far as the run has them."""
    names = [evaluation.reaches[i].name for i in evaluation.representatives]
    wanted = {f"figures/{name}.png": folder.figures / f"{name}.png" for name in (*names, "generalisation")}
    if films := sorted(folder.videos.rglob("*.mp4")):
        wanted[FILM] = films[0]
    return {name: file.read_bytes() for name, file in wanted.items() if file.is_file()}


def _notes(files: Mapping[str, bytes], split: Split, config: Config, shared: Config) -> list[str]:
    shown = listed([*split.train, *split.test], most=5)
    notes = [f"Names of reaches, hashes of their files, and distance and speed of each are told: {shown}."]
    if any(map(is_reach, files)):
        notes.append("The reaches themselves are shared.")
    elif shared.kinematics.path.startswith(RUN_PREFIX):
        notes.append("The reaches themselves are not shared (--with-kinematics): only who has them can evaluate it.")
    if any(name.endswith((".png", ".mp4")) for name in files):
        notes.append("Pictures show some of the reaches (--without-pictures leaves them out).")
    if any(name.startswith(f"{MODEL_FOLDER}/") for name in files):
        notes.append(f"Your model is shared: {model_file(config.model).name} and the files that it names.")
    return notes


def push_contents(contents: Contents, repo: str, private: bool, message: str) -> HubUri:
    """Push to the Hub, in one commit; returns the repository at that commit. Errors as ``hub.push``."""
    uri = HubUri.parse(repo)
    return push(contents.files, HubUri(uri.repo, uri.kind or "model", "main"), _MARKS, private, message)


def write_contents(contents: Contents, folder: Path) -> None:
    """Write a new folder.

    Raises:
        RunError: if there is something already.
        OutputError: if it cannot be written; nothing is there then.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} is there already. Give a new folder (--to).")
    make_folder(folder.resolve().parent)
    with staged(folder) as new:
        for name, content in contents.files.items():
            make_folder((new / name).parent)
            write_bytes(new / name, content)


@dataclass(frozen=True, slots=True)
class Private:
    """A text that must not be shared.

    Attributes:
        text: as it is, or would be, in a file; found as a whole word, in any case.
        what: for messages.
        is_secret: whether not even a message may repeat it.
        is_short: whether it stands by chance in files that are not text, which are then not searched for it.
    """

    text: str
    what: str
    is_secret: bool = False
    is_short: bool = False

    def is_in(self, line: str) -> bool:
        """True if a line holds the text."""
        return re.search(rf"(?<![A-Za-z0-9]){re.escape(self.text)}(?![A-Za-z0-9])", line, re.IGNORECASE) is not None

    def description(self) -> str:
        """The text and what it is, for a message."""
        return self.what if self.is_secret else f"{self.what} ({self.text})"


def private_texts(places: Sequence[Path | str], entity: str | None) -> list[Private]:
    """Texts that must not be shared: of this user and machine, these places, and the account of Weights & Biases."""
    paths = [Path.home(), Path.cwd(), *(Path(place).expanduser().absolute() for place in places)]
    return [
        *(Private(str(path), "a path of this machine") for path in paths if len(path.parts) > 1),
        *(Private(os.environ[key], f"what {key} is", is_secret=True) for key in _KEYS if os.environ.get(key)),
        Private(socket.gethostname(), "the name of this machine", is_short=True),
        Private(getpass.getuser(), "your user name", is_short=True),
        *([Private(entity, "your account of Weights & Biases", is_short=True)] if entity else []),
    ]


def check_private(files: Mapping[str, bytes], private: Sequence[Private], allowed: Sequence[str] = ()) -> None:
    """Check that no file holds a private text, a token or an absolute path, nor is named so.

    Args:
        files: contents by path.
        private: what must not be in them.
        allowed: texts of these that are no secret, such as a user name that is a common word.

    Raises:
        RunError: naming every file and line with such a text.
    """
    wanted = [text for text in private if text.text not in allowed]
    found = [line for name, content in files.items() for line in _found(name, content, wanted, allowed)]
    if found:
        lines = "\n  ".join(first_lines(found, most=20))
        raise RunError(
            f"This is not to be shared:\n  {lines}\nRemove it from the files of the run, or, if all may know it, say "
            "--allow TEXT. Nothing was pushed."
        )


def _found(name: str, content: bytes, private: Sequence[Private], allowed: Sequence[str]) -> Iterator[str]:
    """Messages on a file and its name, one per finding."""
    is_text = not name.lower().endswith(_BINARY)
    wanted = [text for text in private if is_text or not text.is_short]
    for number, line in enumerate([name, *content.decode("utf-8", errors="replace").splitlines()]):
        place = f"{name}, line {number}" if number else f"the name of {name}"
        yield from (f"{place}: {text.description()}" for text in wanted if text.is_in(line))
        if _TOKEN.search(line):
            yield f"{place}: a token of the Hub"
        if is_text:
            yield from (f"{place}: an absolute path ({path})" for path in _PATH.findall(line) if path not in allowed)
