"""Finding runs in folders, and resuming one: the folder that ``resume=`` names, and the configuration."""

from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from mousearm.config import Config, all_keys, compose, load
from mousearm.errors import RunError, UnknownNameError
from mousearm.kinematics import Split
from mousearm.paths import PACKAGE, resolve
from mousearm.rundir.folder import RunFolder
from mousearm.text import override

SWEEP = "multirun.yaml"  # file that Hydra writes into the folder of a sweep
JOBS = "jobs"  # folder in which a sweep records its jobs, by number; their runs are beside it, by the same numbers
STUDY = "whatif.json"  # file of a study, below which runs lie that were trained on for it
_RECORDINGS = (".h5", ".hdf5")  # suffixes of those that are read again
_SHIPPED = "agents"  # folder of the package that holds the example agents
# What may change when a run is resumed: the budget, where metrics go, how much is shown, where it runs. Paths may,
# because what is found there must have the hashes of what the run began with.
MAY_CHANGE = (
    *("name", "algo.timesteps", "max_minutes", "tracking", "video"),
    *("threads", "network_threads", "device", "engine", "kinematics.path", "model.file", "model.osim"),
)
# What a run that begins with the network of another does not take from that one.
_OF_THE_COMMAND = (
    *("name", "start_from", "tracking", "video", "max_minutes"),
    *("threads", "network_threads", "device", "engine"),
)


def run_path(run: str | Path) -> Path:
    """The folder of a run; ``package:NAME`` is an example agent that ships. UnknownNameError if there is none."""
    if not is_shipped(run):
        return Path(run)
    name = str(run).removeprefix(PACKAGE)
    shipped = sorted(path.parent.name for path in resolve(PACKAGE, _SHIPPED).glob("*/config.yaml"))
    if name not in shipped:
        raise UnknownNameError("example agent", name, shipped)
    return resolve(str(run), _SHIPPED)


def is_shipped(run: str | Path) -> bool:
    """True if a run is an example agent, into whose folder nothing is written."""
    return str(run).startswith(PACKAGE)


def is_recording(path: str | Path) -> bool:
    """True if a path is that of a recording, by its suffix."""
    return Path(path).suffix.lower() in _RECORDINGS


def own_folder(sources: Sequence[Path]) -> Path:
    """Folder of what is made of runs or recordings: that of one run; else the working directory, for an example too."""
    is_run = len(sources) == 1 and not (is_shipped(sources[0]) or is_recording(sources[0]))
    return sources[0] if is_run else Path()


def with_resume(arguments: Sequence[str]) -> list[str]:
    """A command line in which ``resume=RUN_FOLDER`` is what Hydra understands: the folder to work in.

    RunError if there is no such run, or it is to be swept over.
    """
    given = [argument for argument in arguments if argument.startswith("resume=")]
    if not given:
        return list(arguments)
    others = [argument for argument in arguments if argument not in given]
    if len(given) > 1 or {"-m", "--multirun"} & set(others):
        raise RunError(f"{' '.join(given)}: resume= resumes one run. Resume a sweep by its name= and overrides.")
    run = RunFolder(Path(given[0].removeprefix("resume=")).expanduser())
    if not run.exists:
        raise RunError(run.none_here())
    return [*others, override("hydra.run.dir", str(run.path.absolute()))]


def resumed(run: RunFolder, wanted: Config, overrides: list[str]) -> Config:
    """The configuration to resume with: the saved one, with what may change taken from the overrides.

    ``wanted`` is what the command line makes; keys that it does not name are not compared.

    Raises:
        RunError: if an override contradicts the saved configuration; the text shows both. If the budget becomes smaller
            than what was done.
    """
    saved = run.saved_config()
    result, new = OmegaConf.structured(saved), OmegaConf.structured(wanted)
    conflicts = []
    for key in _said(overrides, new):
        if any(key == free or key.startswith(f"{free}.") for free in MAY_CHANGE):
            OmegaConf.update(result, key, OmegaConf.select(new, key))
        elif OmegaConf.select(result, key) != OmegaConf.select(new, key):
            conflicts += _differences(key, OmegaConf.select(result, key), OmegaConf.select(new, key))
    if conflicts:
        raise RunError(
            f"{run.path} holds a run with another configuration:\n  " + "\n  ".join(dict.fromkeys(conflicts)) + "\n"
            f"Only {', '.join(MAY_CHANGE)} may change when a run is resumed. Leave these overrides out to continue "
            "it, or choose another name=."
        )
    config, done = load(result), run.budget_used()
    total = config.algo.timesteps
    if total < min(saved.algo.timesteps, done):
        raise RunError(
            f"{run.path} has done {done} steps already, and algo.timesteps={total} would say less. Leave it out, or "
            f"give {done} or more."
        )
    return config


def continued(config: Config, overrides: Sequence[str]) -> tuple[Config, Split | None]:
    """The configuration of a run that begins with the network of another one, and its split, None to draw one.

    That is the configuration of `Config.start_from`, with what the overrides name, and where it runs, taken from this
    one; and the split of that run where no override names reaches. RunError if there is no such run.
    """
    source = RunFolder(run_path(config.start_from or ""))
    result, new = OmegaConf.structured(source.saved_config()), OmegaConf.structured(config)
    said = _said(overrides, new)
    for key in (*said, *_OF_THE_COMMAND):
        OmegaConf.update(result, key, OmegaConf.select(new, key))
    has_reaches = any(key.partition(".")[0] == "kinematics" for key in said)
    return load(result), None if has_reaches else source.saved_split()


def _said(overrides: Sequence[str], new: DictConfig) -> list[str]:
    """Keys that a command line speaks of; what an experiment or debug sets counts where it is not the default."""
    keys = [override.split("=", 1)[0].lstrip("+~") for override in overrides]
    if all(key in all_keys() for key in keys):
        return keys
    default = OmegaConf.structured(compose())
    values = (key for key, field in all_keys().items() if key != "name" and not is_dataclass(field.type))
    said = [key for key in keys if key in all_keys()]  # not the experiment itself
    return [*said, *(key for key in values if OmegaConf.select(new, key) != OmegaConf.select(default, key))]


def _differences(key: str, saved: Any, new: Any) -> list[str]:
    if isinstance(saved, DictConfig) and isinstance(new, DictConfig):
        return [line for name in saved for line in _differences(f"{key}.{name}", saved[name], new[name])]
    return [f"{key}: saved {saved}, wanted {new}"] if saved != new else []


def find_runs(folders: Sequence[Path]) -> list[Path]:
    """The run folders among these and below them, in the order of their numbers and names, each once.

    Also those of a sweep's jobs that never began; not those that a study made below it, unless its folder is given.
    RunError if a folder does not exist or holds no run.
    """
    found: list[Path] = []
    for folder in map(run_path, folders):
        if not folder.is_dir():
            raise RunError(f"There is no folder {folder}. Give run folders or sweeps, such as outputs/NAME.")
        if not (below := list(_below(folder.resolve()))):
            raise RunError(f"There is no run in {folder} or below it: no config.yaml. Runs are in outputs/.")
        found += below
    return list(dict.fromkeys(found))


def _below(folder: Path) -> Iterator[Path]:
    is_job = folder.name.isdigit() and (folder.parent / SWEEP).is_file()
    if RunFolder(folder).exists or is_job:
        yield folder
    elif (folder / SWEEP).is_file():  # also of jobs that made none; a copy of the code lies there, too
        there = (*folder.glob("*/"), *folder.glob(f"{JOBS}/*/"))
        yield from (
            folder / str(number) for number in sorted({int(path.name) for path in there if path.name.isdigit()})
        )
    else:
        inner = (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        inner = (path for path in inner if not (path / STUDY).is_file())
        for path in sorted(inner, key=lambda path: (not path.name.isdigit(), path.name.zfill(9))):
            yield from _below(path)
