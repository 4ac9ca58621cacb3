"""From the configuration to the arm."""

from collections.abc import Iterable

import mujoco

from mousearm.config import ModelConfig
from mousearm.errors import ConfigError, ModelError
from mousearm.model.arm import Arm
from mousearm.model.files import model_file
from mousearm.model.fit import fit_segments
from mousearm.model.opensim import read_osim, to_mjcf
from mousearm.model.vetting import check_mjcf
from mousearm.trajectory import LANDMARKS

# What MuJoCo raises for models that cannot be made; RuntimeError where it runs out of memory.
MUJOCO_ERRORS = (ValueError, RuntimeError, mujoco.FatalError)


def load_arm(config: ModelConfig) -> Arm:
    """Compile the model that a configuration names, and scale it to the animal where that is asked for.

    Raises:
        ConfigError: if it is to be scaled and a length is not given.
        ModelError: if the file is missing, cannot be compiled or converted, or has something that cannot be used.
        UnknownNameError: if a landmark or joint does not exist in it.
    """
    if config.osim is not None:
        path = model_file(config)
        source, spec = str(path), mujoco.MjSpec.from_string(to_mjcf(read_osim(path)))
    else:
        source, spec = _read(config)
    landmarks = {name: getattr(config.landmarks, name) for name in LANDMARKS}
    model = _compile(spec, source)
    arm = Arm(model, landmarks, config.joints, source, _physics(spec, landmarks.values()))
    if config.fit == "none":
        return arm
    if config.upper_arm_mm is None or config.forearm_mm is None:
        raise ConfigError(
            "model.fit=animal, but no reaches are read here that could tell the animal's lengths: give "
            "model.upper_arm_mm and model.forearm_mm."
        )
    return fit_segments(arm, config.upper_arm_mm / 1e3, config.forearm_mm / 1e3)


def _read(config: ModelConfig) -> tuple[str, mujoco.MjSpec]:
    """Path and content of an MJCF file."""
    path = model_file(config)
    if not path.is_file():
        raise ModelError(f"model.file='{config.file}': there is no file {path}. Give the path of an MJCF (.xml) file.")
    check_mjcf(path)
    try:
        return str(path), mujoco.MjSpec.from_file(str(path))
    except MUJOCO_ERRORS as error:
        raise ModelError(f"model.file: MuJoCo cannot compile {path}: {error}") from error


def _compile(spec: mujoco.MjSpec, source: str) -> mujoco.MjModel:
    try:
        return spec.compile()
    except MUJOCO_ERRORS as error:
        raise ModelError(f"model.file: MuJoCo cannot compile {source}: {error}") from error


def _physics(spec: mujoco.MjSpec, landmarks: Iterable[str]) -> mujoco.MjModel | None:
    """The model without geoms that touch nothing; None where one is a landmark, or masses must be read from them."""
    if any(name.startswith("geom:") for name in landmarks):
        return None
    lean = spec.copy()
    lean.compiler.discardvisual = True
    try:
        return lean.compile()
    except MUJOCO_ERRORS:  # inertiafromgeom="true"
        return None
