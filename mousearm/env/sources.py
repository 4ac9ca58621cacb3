"""From a configuration to the arm and the references that it is to follow."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import NamedTuple

from mousearm.config import Config, ModelConfig
from mousearm.kinematics import Reach, read_reaches, resample
from mousearm.model import Arm, load_arm
from mousearm.paths import resolve
from mousearm.retarget import Reference, retarget


class Prepared(NamedTuple):
    """What a task is made of.

    Attributes:
        config: the configuration, which now says how long the arm's segments are if it was fitted to the animal.
        arm: the arm.
        references: the reaches as the arm is to perform them, sorted by name.
    """

    config: Config
    arm: Arm
    references: list[Reference]


def prepare(config: Config) -> Prepared:
    """Read the reaches of a configuration, build its arm, fit the one to the other.

    Raises:
        ConfigError: if the arm cannot be built as it says.
        ModelError: if the model cannot be used, or not be scaled to the animal.
        KinematicsError: if a reach cannot be read or trusted, or cannot be performed by the arm.
    """
    dt = config.env.control_dt
    reaches = read_reaches(resolve(config.kinematics.path, "kinematics/data"))
    model = with_lengths(config.model, reaches)
    arm = load_arm(model)
    references = [retarget(resample(reach, dt), arm, dt, config.kinematics) for reach in reaches]
    return Prepared(replace(config, model=model), arm, references)


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
