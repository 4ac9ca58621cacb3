"""Names of the columns of an observation, of actuators and of activations."""

from collections.abc import Mapping

from mousearm.config import EnvConfig
from mousearm.model import Arm

AXES = ("x", "y", "z")


def activation_names(arm: Arm) -> tuple[str, ...]:
    """The actuator that each of the ``na`` activations belongs to, with a number where an actuator has several."""
    names = []
    for name, first, count in zip(
        arm.actuator_names, arm.model.actuator_actadr, arm.model.actuator_actnum, strict=True
    ):
        if first >= 0:
            names += [name] if count == 1 else [f"{name}_{i}" for i in range(1, count + 1)]
    return tuple(names)


def observation_names(widths: Mapping[str, int], arm: Arm, env: EnvConfig) -> tuple[str, ...]:
    """Names such as ``qpos/elbow_flex`` or ``path/12/paw_x`` (12 frames from now) of an observation's columns.

    Args:
        widths: columns of each term, in order; a term that is not known here has its columns numbered from 1.
        arm: the arm.
        env: which frames the network sees.
    """
    frames = [env.path_spacing * i for i in range(1, env.path_steps + 1)]
    ahead = tuple(f"{frame}/{point}_{axis}" for frame in frames for point in ("elbow", "paw") for axis in AXES)
    known = {
        "qpos": arm.joint_names,
        "qvel": arm.joint_names,
        "activation": activation_names(arm),
        "path": ahead,
        "path_preview": ahead,
    }
    names = []
    for term, width in widths.items():
        columns = known.get(term, tuple(str(i) for i in range(1, width + 1)))
        names += [term] if width == 1 and term not in known else [f"{term}/{column}" for column in columns]
    return tuple(names)
