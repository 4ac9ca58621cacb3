"""Repositories of the lab on the Hub, and what can be done with each once it is here."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """A kind of thing that can be downloaded.

    Attributes:
        uri: the lab's own, where no other is named.
        next_steps: commands for what is in a folder; gets the folder, and how configurations are to name it.
    """

    uri: str
    next_steps: Callable[[Path, str], list[str]]


def _of_model(folder: Path, name: str) -> list[str]:
    files = _below(folder, ".xml", ".osim")
    if not files:
        return ["It holds no model: neither an MJCF (.xml) nor an OpenSim file (.osim)."]
    return [
        f"python run.py {'model=osim model.osim' if file.endswith('.osim') else 'model=hub model.file'}={name}/{file}"
        for file in files
    ]


def _of_kinematics(folder: Path, name: str) -> list[str]:
    files = _below(folder, ".csv")
    if not files:
        return ["It holds no reach: no CSV file. scripts/import_reaches.py reads those of tracking programs."]
    return [
        f"CSV files: {len(files)}. Look at them: python scripts/check_reaches.py {name}",
        f"python run.py kinematics.path={name}",
    ]


def _of_agent(folder: Path, name: str) -> list[str]:
    if (folder / "config.yaml").is_file():
        return [f"python scripts/reproduce.py {name}"]
    archives = _below(folder, ".zip")
    if not archives:
        return ["It holds no agent: neither a run folder (config.yaml) nor an archive of Stable-Baselines3 (.zip)."]
    return [
        "Archives of Stable-Baselines3, made of pickles. If you trust who made them:",
        *(f"python scripts/import_agent.py {folder / file} --trust --out outputs/NAME OVERRIDES" for file in archives),
    ]


def _below(folder: Path, *suffixes: str) -> list[str]:
    files = (file for file in folder.rglob("*") if file.suffix.lower() in suffixes and file.is_file())
    return sorted(file.relative_to(folder).as_posix() for file in files)


CATALOGUE = {
    "model": Entry("hf://AlBornoLab/MouseArmModel", _of_model),
    "kinematics": Entry("hf://AlBornoLab/MouseArmKinematics", _of_kinematics),
    "agent": Entry("hf://AlBornoLab/Welle", _of_agent),
}
