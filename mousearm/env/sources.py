"""From a configuration to the arm and the references that it is to follow."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from statistics import median
from typing import NamedTuple, TypeVar

from tqdm import tqdm

from mousearm.config import Config, ModelConfig
from mousearm.errors import KinematicsError
from mousearm.kinematics import Reach, ReachFile, find_reaches, resample
from mousearm.model import Arm, load_arm
from mousearm.paths import resolve
from mousearm.retarget import PoseCache, Reference, cache_folder, retarget

_T = TypeVar("_T")
R = TypeVar("R")


class Prepared(NamedTuple):
    """The parts of a task.

    Attributes:
        config: the configuration, which now says how long the arm's segments are if it was fitted to the animal.
        arm: the arm.
        references: the reaches as the arm is to perform them, sorted by name.
    """

    config: Config
    arm: Arm
    references: list[Reference]


def reach_files(config: Config) -> tuple[ReachFile, ...]:
    """The files that ``kinematics.path`` stands for.

    Raises:
        KinematicsError: if there are none, or the folder's manifest cannot be used.
    """
    return find_reaches(resolve(config.kinematics.path, "kinematics/data"))


def prepare(
    config: Config, files: Sequence[ReachFile] | None = None, on_skip: Callable[[str], None] = warnings.warn
) -> Prepared:
    """Read the reaches of a configuration, build its arm, fit the one to the other.

    Joint angles that were found before are taken from ``cache_folder()``; a bar shows progress if it takes long.

    Args:
        config: the configuration.
        files: the reaches; None for all of ``kinematics.path``.
        on_skip: called with each reach that is left out, and why, with ``kinematics.on_bad=skip``.

    Raises:
        ConfigError: if the arm cannot be built as it says.
        ModelError: if the model cannot be used, or not be scaled to the animal.
        KinematicsError: if a reach cannot be read or trusted, or cannot be performed by the arm, and is not to be
            skipped; or if no reach is left; or if the arm is to be fitted to several animals.
    """
    dt = config.env.control_dt
    files = reach_files(config) if files is None else files
    _check_animals(config, files)
    skip = on_skip if config.kinematics.on_bad == "skip" else None
    reaches = _map_good(ReachFile.read, files, "reading", skip)
    model = with_lengths(config.model, reaches)
    arm = load_arm(model)
    solve = PoseCache(arm, cache_folder()).solve

    def fit(reach: Reach) -> Reference:
        return retarget(resample(reach, dt), arm, dt, config.kinematics, solve)

    return Prepared(replace(config, model=model), arm, _map_good(fit, reaches, "fitting", skip))


def _check_animals(config: Config, files: Sequence[ReachFile]) -> None:
    """Refuse to fit one arm to several animals, as far as manifest or folders say whose reaches these are."""
    model, animals = config.model, sorted({file.animal for file in files if file.animal})
    if model.fit == "animal" and len(animals) > 1 and None in (model.upper_arm_mm, model.forearm_mm):
        raise KinematicsError(
            f"{config.kinematics.path}: these reaches are of {len(animals)} animals, {animals[0]} and {animals[1]} "
            "among them, but model.fit=animal makes an arm of the size of one. Give the folder of one animal, or the "
            "lengths to use: model.upper_arm_mm and model.forearm_mm."
        )


def _map_good(make: Callable[[_T], R], items: Sequence[_T], doing: str, skip: Callable[[str], None] | None) -> list[R]:
    """Apply a function to all items; bad ones are left out and reported to ``skip``, or raise where that is None."""
    made: list[R] = []
    reason = ""
    for item in _with_bar(items, doing):
        try:
            made.append(make(item))
        except KinematicsError as error:
            if skip is None:
                hint = " With kinematics.on_bad=skip the others are used without it." if len(items) > 1 else ""
                raise KinematicsError(f"{error}{hint}") from error
            skip(reason := str(error))
    if not made:
        raise KinematicsError(f"kinematics.on_bad=skip leaves no reach of {len(items)}. The last one: {reason}")
    return made


def _with_bar(items: Sequence[_T], doing: str) -> Iterable[_T]:
    """The items, with a bar that appears after a second."""
    return tqdm(items, desc=f"{doing} reaches", unit=" reaches", delay=1, leave=False)


def with_lengths(config: ModelConfig, reaches: Sequence[Reach]) -> ModelConfig:
    """The configuration of a model, with the animal's lengths where it is to be fitted and they are not given.

    A length is the median over the reaches of each reach's median over its frames, so that a short reach counts as much
    as a long one and a few bad frames, or a bad reach among many, count for nothing.
    """
    if config.fit == "none":
        return config
    upper_arm, forearm = config.upper_arm_mm, config.forearm_mm
    if upper_arm is None:
        upper_arm = 1e3 * median(reach.upper_arm_length for reach in reaches)
    if forearm is None:
        forearm = 1e3 * median(reach.forearm_length for reach in reaches)
    return replace(config, upper_arm_mm=upper_arm, forearm_mm=forearm)
