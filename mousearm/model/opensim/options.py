"""What is chosen when a model is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mousearm.errors import ModelError, UnknownNameError

ACTUATORS = ("muscle", "torque")
INERTIAS = ("geometric", "published")

# Names of the published mouse model -> those that mousearm's own models have.
JOINT_NAMES = {"extension_angle": "shoulder_ext", "rotation_angle": "shoulder_rot"}


@dataclass(frozen=True)
class MjcfOptions:
    """Choices for ``to_mjcf``.

    Attributes:
        actuators: ``muscle`` for the muscles of the file, ``torque`` for one motor per joint.
        inertia: ``geometric`` for capsules of tissue along the segments, ``published`` for the figures in the file,
            which can be wrong by orders of magnitude in a scaled model of an animal; check them before use.
        allow_missing: write the model although something could not be carried over.
        joint_names: coordinate -> joint, for coordinates that are to be named otherwise.
        radii: m, body -> radius of its capsule; the others follow from the segment's length.
        density: of the capsules, kg/m3.
        gears: N m at a control of 1, joint -> gear; the others are ``gear_per_load`` times the largest load of gravity.
        gear_per_load: what a motor can do over what carrying the arm takes.
        damping: of joints, N m s/rad.
        distal_damping: of joints that carry little: less than ``distal_load`` of the most loaded one.
        distal_load: see there.
        armature: of joints, kg m2.
        limits: whether joints have limits.
        timestep: s.
        choices: a fragment of MJCF with additions of the user's own, which count before all else; see ``choices.py``.
        samples: random poses for length ranges and wrapping, besides all corners of the joint ranges.
        seed: of these poses.
    """

    actuators: str = "muscle"
    inertia: str = "geometric"
    allow_missing: bool = False
    joint_names: Mapping[str, str] = field(default_factory=lambda: dict(JOINT_NAMES))
    radii: Mapping[str, float] = field(default_factory=dict)
    density: float = 1060.0
    gears: Mapping[str, float] = field(default_factory=dict)
    gear_per_load: float = 4.0
    damping: float = 1e-6
    distal_damping: float = 1e-7
    distal_load: float = 0.1
    armature: float = 1e-9
    limits: bool = True
    timestep: float = 1 / 1200
    choices: str | Path | None = None
    samples: int = 4000
    seed: int = 0

    def __post_init__(self):
        if self.actuators not in ACTUATORS:
            raise UnknownNameError("choice of actuators", self.actuators, ACTUATORS)
        if self.inertia not in INERTIAS:
            raise UnknownNameError("choice of inertia", self.inertia, INERTIAS)
        for name in ("density", "gear_per_load", "timestep", "samples"):
            if getattr(self, name) <= 0:
                raise ModelError(f"{name}={getattr(self, name)} must be above 0.")
        for name in ("damping", "distal_damping", "armature"):
            if getattr(self, name) < 0:
                raise ModelError(f"{name}={getattr(self, name)} must not be below 0.")
