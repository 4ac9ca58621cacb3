"""From the configuration to the arm: its files, their hashes, the compiled model."""

from collections.abc import Iterable
from pathlib import Path

import mujoco

from mousearm.config import ModelConfig
from mousearm.door import sha256
from mousearm.errors import ConfigError, ModelError
from mousearm.model.arm import Arm
from mousearm.model.mjcf_safety import check_mjcf
from mousearm.model.scaling import fit_segments
from mousearm.paths import resolve
from mousearm.text import one_line
from mousearm.trajectory import LANDMARKS

# Errors of MuJoCo for models that cannot be made; RuntimeError where it runs out of memory.
MUJOCO_ERRORS = (ValueError, RuntimeError, mujoco.FatalError)

UNIFORM_S = (0.01, 0.04)
"""Time constants of activation and deactivation with ``model.muscle_dynamics=uniform``, s: MuJoCo's defaults."""


def load_arm(config: ModelConfig) -> Arm:
    """Compile the model that a configuration names, and scale it to the animal where that is asked for.

    Raises:
        ConfigError: if a length to scale it to is not given.
        ModelError: if the file is missing, cannot be compiled or converted, or has something that cannot be used.
        UnknownNameError: if a landmark or joint does not exist in it.
    """
    path = model_file(config)
    if config.osim is not None:
        from mousearm.model.opensim import read_osim, to_mjcf  # slow to import

        given, parse = to_mjcf(read_osim(path)), mujoco.MjSpec.from_string
    elif path.is_file():
        check_mjcf(path)
        given, parse = str(path), mujoco.MjSpec.from_file
    else:
        raise ModelError(f"model.file='{config.file}': there is no file {path}. Give the path of an MJCF (.xml) file.")
    landmarks = {name: getattr(config.landmarks, name) for name in LANDMARKS}
    step = "compile"
    try:
        spec = parse(given)
        if config.muscle_dynamics == "uniform":
            _make_uniform(spec)
        model = spec.compile()
        step = "compute with"
        arm = Arm(model, landmarks, config.joints, str(path), _physics(spec, landmarks.values()))
        mujoco.mj_forward(model, mujoco.MjData(model))
    except MUJOCO_ERRORS as error:
        raise ModelError(f"model.file: MuJoCo cannot {step} {path}: {one_line(error)}") from error
    if config.fit == "none":
        return arm
    if config.upper_arm_mm is None or config.forearm_mm is None:
        raise ConfigError(
            "model.fit=animal, but no reaches are read here that could tell the animal's lengths: give "
            "model.upper_arm_mm and model.forearm_mm."
        )
    return fit_segments(arm, config.upper_arm_mm / 1e3, config.forearm_mm / 1e3)


def _make_uniform(spec: mujoco.MjSpec) -> None:
    """Give all muscles the same time constants of activation; how smooth the switch between them is stays."""
    for actuator in spec.actuators:
        if actuator.dyntype == mujoco.mjtDyn.mjDYN_MUSCLE:
            actuator.dynprm[: len(UNIFORM_S)] = UNIFORM_S


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


def model_file(config: ModelConfig) -> Path:
    """The file that a configuration names, or the only model in the folder that it names.

    Raises:
        ConfigError: if it can be no path.
        HubError: if it is on the Hub and cannot be had.
        ModelError: if the folder has none, or several; names them.
    """
    named = config.osim or config.file or ""
    path = resolve(named, "model")
    if not path.is_dir():
        return path
    suffixes = (".osim",) if config.osim else (".xml", ".mjcf")
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in suffixes and file.is_file())
    if len(found) != 1:
        key, names = ("osim" if config.osim else "file"), [file.relative_to(path).as_posix() for file in found]
        raise ModelError(
            f"model.{key}='{named}' is a folder with {len(found) or 'no'} files of {' or '.join(suffixes)}. Name the "
            f"model itself, as model.{key}={named}/FILE. There are: {', '.join(names) or 'none'}."
        )
    return found[0]


def model_hashes(config: ModelConfig) -> dict[str, str]:
    """SHA-256 of the model's file and of all files that its elements name, by their paths from its folder.

    Files that cannot be found are left out: compiling the model reports them.

    Raises:
        ModelError: if the model cannot be trusted with files.
    """
    main = model_file(config)
    if not main.is_file():
        return {}
    files = check_mjcf(main) if config.osim is None else [main]
    return {file.relative_to(main.parent).as_posix(): sha256(file) for file in files}
