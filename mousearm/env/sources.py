"""From a configuration to the references that an arm is to follow."""

from mousearm.config import Config
from mousearm.kinematics import Reach, read_reaches, resample
from mousearm.model import Arm
from mousearm.paths import resolve
from mousearm.retarget import Reference, retarget


def load_reaches(path: str, control_dt: float) -> list[Reach]:
    """Read the reaches of a file or folder, or ``package:NAME``, at one row per control step.

    Raises:
        KinematicsError: if one cannot be read or trusted.
    """
    return [resample(reach, control_dt) for reach in read_reaches(resolve(path, "kinematics/data"))]


def build_references(config: Config, arm: Arm) -> list[Reference]:
    """Fit all reaches of a configuration to an arm, sorted by name.

    Raises:
        KinematicsError: if a reach cannot be read, or cannot be performed by the arm.
    """
    dt = config.env.control_dt
    return [retarget(reach, arm, dt, config.kinematics) for reach in load_reaches(config.kinematics.path, dt)]
