"""The shared files of a run: all that is needed to evaluate its best network again, and nothing private."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from mousearm import formats
from mousearm.config import Config, to_yaml
from mousearm.door import MANIFEST, SEAL, check_seal, inside, read_bytes, read_json, sha256
from mousearm.env.references import reach_files
from mousearm.errors import RunError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.files import as_seal, make_folder, new_output, to_json, write_bytes
from mousearm.hub.repository import PREFIX, HubUri, push
from mousearm.kinematics import Split
from mousearm.model import load_arm, model_file, model_hashes
from mousearm.paths import PACKAGE
from mousearm.rundir.folder import RUN_PREFIX, RunFolder
from mousearm.rundir.logs import read_environment, read_metrics
from mousearm.rundir.status import FINISHED
from mousearm.share.card import FILM, MODEL_FOLDER, REACHES_FOLDER, Subject, card, is_reach
from mousearm.share.privacy import check_private, private_texts
from mousearm.text import listed, printable, shell, wrapped

# A repository with these files is an agent, which another one may replace.
_MARKS = ("config.yaml", "origin.json", "best/manifest.json")
# Files that are written again, so that there is nothing in them but what this program reads.
_WRITTEN = ("config.yaml", "environment.txt", "evaluation.json", "origin.json", "split.json", "status.json")
# Files of best/, and keys of origin.json, that an evaluation reads.
_NETWORK = (MANIFEST, "policy.safetensors", "state.json")
_ORIGIN = (*formats.stamp(formats.RUN), "run", "model", "split")
_MAX_BYTES = 200_000_000  # of a file that is shared


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a repository by path, and notes on what they reveal of reaches and model."""

    files: Mapping[str, bytes]
    notes: Sequence[str]

    def text(self) -> str:
        """One line per file with its size, then the notes."""
        width = max(map(len, self.files))
        lines = [f"  {name:<{width}}  {len(content) / 1e3:9.1f} kB" for name, content in sorted(self.files.items())]
        notes = [line for note in self.notes for line in wrapped(note, "  - ", "    ")]
        return printable("\n".join([*lines, *notes]))


def gather(
    run: Path,
    repo: str,
    kinematics: bool = False,
    pictures: bool = True,
    licence: str = "mit",
    allowed: Sequence[str] = (),
) -> Contents:
    """Collect what is shared of a run folder, and see that it holds nothing private but ``allowed`` texts.

    The reaches, where they are private files, and the figures and the film, which show reaches, are shared too where
    that is said; the licence is as the Hub abbreviates it. RunError if the run is not finished, has no evaluation, or
    its best network is damaged; its model changed; or a file holds something private.
    """
    folder, repo = RunFolder(run, checked=False), HubUri.parse(repo).repo  # what is private is reported first
    for name in _WRITTEN:
        inside(run, name)
    config = folder.saved_config()
    steps = _check_finished(folder)
    evaluation, split = Evaluation.load(folder.evaluation, checked=False), folder.saved_split()
    began, environment = read_json(folder.origin), read_environment(folder.environment)
    hashes = began.get("model", {})
    model, model_contents, columns = _model(config, folder, hashes)
    reaches, reach_contents = _reaches(config, split, folder, kinematics)
    tracking = replace(config.tracking, wandb="disabled", project="mousearm", entity=None, group=None, tags=[])
    shared = replace(config, model=model, kinematics=reaches, tracking=tracking)
    texts = (
        to_yaml(shared),
        environment.shareable,
        to_json(evaluation.as_json()),
        to_json({key: began[key] for key in _ORIGIN if key in began}),
        to_json({**formats.stamp(formats.SPLIT), **asdict(split)}),
        to_json({"state": FINISHED, "steps": steps, "reason": "", "key": None}),
    )
    files = _sealed(dict(zip(_WRITTEN, texts, strict=True))) | model_contents | reach_contents
    files |= {f"best/{name}": _own(run, f"best/{name}") for name in _NETWORK}
    files |= _pictures(folder, evaluation) if pictures else {}
    seen = [term for term in config.env.observation if columns.get(term, 1)]
    imitated = max(read_metrics(folder.metrics).column("pretrain/loss"), default=0)
    subject = Subject(repo, licence, shared, evaluation, split, hashes, seen, imitated, steps - imitated)
    files["README.md"] = card(subject, files).encode()
    places = (run, config.kinematics.path, model_file(config.model))
    private = [place for place in places if not _is_public(str(place))]
    check_private(files, private_texts(private, config.tracking.entity), [*allowed, environment.commit])
    for name in _WRITTEN:
        check_seal(run / name)
    return Contents(files, _notes(files, split, config, shared))


def _check_finished(folder: RunFolder) -> int:
    """The steps of a run; RunError if it is not finished, or its best network is damaged."""
    status = folder.status()
    if status.state != FINISHED:
        reason = f" ({status.reason})" if status.reason else ""
        raise RunError(
            f"{folder.path} is {status.state}{reason}, not finished. Only finished runs are shared: "
            f"{shell('run.py', f'resume={folder.path}')} resumes it."
        )
    if problem := folder.best_problem():
        raise RunError(f"The best network cannot be shared: {problem}")
    return status.steps


def _sealed(texts: Mapping[str, str]) -> dict[str, bytes]:
    """Files of texts by name, and one with their hashes."""
    files = {name: text.encode() for name, text in texts.items()}
    return files | {SEAL: as_seal({name: sha256(content) for name, content in files.items()}).encode()}


def _is_public(path: str) -> bool:
    """True if everybody who has this program can find a path of the configuration."""
    return path.startswith((PACKAGE, PREFIX))


def _own(folder: Path, name: str) -> bytes:
    """Content of a file of a folder, be it a model's or a run's; RunError if a link leads elsewhere."""
    return read_bytes(inside(folder, name), _MAX_BYTES)


def _model(config: Config, folder: RunFolder, began: Mapping[str, str]):
    """The configuration of the model as it is shared, its files where they are private, and columns of what it sees.

    These are the files that the model's elements name, once it has been found safe and compiled; and only those whose
    hashes the run has recorded, so that a run of others cannot ask for files of this machine.
    """
    model, hashes = config.model, model_hashes(config.model)
    folder.check_model(hashes)
    arm = load_arm(replace(model, fit="none", upper_arm_mm=None, forearm_mm=None))
    columns = {"activation": arm.na, "path": config.env.path_steps, "path_preview": config.env.path_steps}
    if _is_public(model.osim or model.file or ""):
        return model, {}, columns
    main = model_file(model)
    _check_recorded(folder, {main.parent / name: name in began for name in hashes})
    place = f"{RUN_PREFIX}{MODEL_FOLDER}/{main.name}"
    model = replace(model, osim=place) if model.osim else replace(model, file=place)
    return model, {f"{MODEL_FOLDER}/{name}": _own(main.parent, name) for name in hashes}, columns


def _check_recorded(folder: RunFolder, recorded: Mapping[Path, bool]) -> None:
    if lacking := [str(file) for file, is_known in recorded.items() if not is_known]:
        raise RunError(
            f"{folder.path} has no hash of {listed(lacking, most=5)}, so nothing says that it was trained with what "
            "is there now. Train it again by this version (another name=) to share it with these files."
        )


def _reaches(config: Config, split: Split, folder: RunFolder, wanted: bool):
    """The configuration of the reaches as it is shared, and their files where they are private and wanted."""
    kinematics = config.kinematics
    if _is_public(kinematics.path):
        return kinematics, {}
    single = Path(kinematics.path).suffix.lower() == ".csv"
    place = f"{RUN_PREFIX}{REACHES_FOLDER}/{split.train[0]}.csv" if single else f"{RUN_PREFIX}{REACHES_FOLDER}"
    found = split.find(reach_files(config)) if wanted else []
    _check_recorded(folder, {file.path: file.name in split.sha256 for file in found})
    return replace(kinematics, path=place), {
        f"{REACHES_FOLDER}/{file.name}.csv": read_bytes(file.path, _MAX_BYTES) for file in found
    }


def _pictures(folder: RunFolder, evaluation: Evaluation) -> dict[str, bytes]:
    """The film, and the figures of the best, the middle and the worst reach, as far as the run has them."""
    names = [*(evaluation.reaches[i].name for i in evaluation.representatives), "generalisation"]
    wanted = {name: name for name in (f"figures/{name}.png" for name in names)}
    if films := sorted(folder.videos.rglob("*.mp4")):
        wanted[FILM] = films[0].relative_to(folder.path).as_posix()
    return {name: _own(folder.path, file) for name, file in wanted.items() if (folder.path / file).exists()}


def _notes(files: Mapping[str, bytes], split: Split, config: Config, shared: Config) -> list[str]:
    shown = listed([*split.train, *split.test], most=5)
    notes = [f"Names of reaches, hashes of their files, and distance and speed of each are shared: {shown}."]
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
    """Push to the Hub, in one commit; returns the repository at that commit. Errors as `push`."""
    uri = HubUri.parse(repo)
    return push(contents.files, HubUri(uri.repo, uri.kind or "model", "main"), _MARKS, private, message)


def write_contents(contents: Contents, folder: Path) -> None:
    """Write a new folder; OutputError if there is something already, or it cannot be written."""
    with new_output(folder, option="--to") as new:
        for name, content in contents.files.items():
            make_folder((new / name).parent)
            write_bytes(new / name, content)
