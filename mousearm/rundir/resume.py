"""The configuration that a run goes on with."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from mousearm.config import Config, load
from mousearm.errors import RunError

_RESUME = "resume="
# What may change when a run goes on: the budget, where metrics go, how much is shown, where it runs. Paths may, because
# what is found there must have the hashes of what the run began with.
MAY_CHANGE = (
    *("name", "algo.timesteps", "max_minutes", "tracking", "video"),
    *("threads", "network_threads", "device", "kinematics.path", "model.file", "model.osim"),
)


def with_resume(arguments: Sequence[str]) -> list[str]:
    """A command line in which ``resume=RUN_FOLDER`` is what Hydra understands: the folder to work in.

    Raises:
        RunError: if there is no such run, or it is to be swept over.
    """
    given = [argument for argument in arguments if argument.startswith(_RESUME)]
    if not given:
        return list(arguments)
    others = [argument for argument in arguments if argument not in given]
    if len(given) > 1 or {"-m", "--multirun"} & set(others):
        raise RunError(f"{' '.join(given)}: resume= goes on with one run. Resume a sweep by its name= and overrides.")
    folder = Path(given[0].removeprefix(_RESUME)).expanduser().absolute()
    if not (folder / "config.yaml").is_file():
        raise RunError(f"{given[0]}: there is no run in {folder}, which has no config.yaml. Give the folder of a run.")
    return [*others, f"hydra.run.dir='{_quoted(str(folder))}'"]


def _quoted(text: str) -> str:
    """As it must stand between the single quotes of Hydra's grammar: backslashes count as such before a quote only."""
    return re.sub(r"(\\*)('|$)", lambda found: 2 * found[1] + ("\\'" if found[2] else ""), text)


def continued(saved: Config, wanted: Config, overrides: list[str], where: str) -> Config:
    """The saved configuration, with what may change taken from the overrides.

    Args:
        saved: the run's.
        wanted: the configuration that the command line makes.
        overrides: the command line; keys that it does not name are not compared.
        where: the run's folder, for messages.

    Raises:
        RunError: if an override contradicts the saved configuration; the text shows both.
    """
    result, new = OmegaConf.structured(saved), OmegaConf.structured(wanted)
    conflicts = []
    for key in (override.split("=", 1)[0].lstrip("+~") for override in overrides):
        if any(key == free or key.startswith(f"{free}.") for free in MAY_CHANGE):
            OmegaConf.update(result, key, OmegaConf.select(new, key))
        elif OmegaConf.select(result, key) != OmegaConf.select(new, key):
            conflicts += _differences(key, OmegaConf.select(result, key), OmegaConf.select(new, key))
    if conflicts:
        raise RunError(
            f"{where} holds a run with another configuration:\n  " + "\n  ".join(conflicts) + "\n"
            f"Only {', '.join(MAY_CHANGE)} may change when a run goes on. Leave these overrides out to continue "
            "it, or choose another name=."
        )
    return load(result)


def _differences(key: str, saved: Any, new: Any) -> list[str]:
    if isinstance(saved, DictConfig) and isinstance(new, DictConfig):
        return [line for name in saved for line in _differences(f"{key}.{name}", saved[name], new[name])]
    return [f"{key}: saved {saved}, wanted {new}"] if saved != new else []
