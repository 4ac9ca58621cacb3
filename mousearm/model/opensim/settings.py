"""The options of a conversion, and what an MJCF has beside bodies and muscles: physics, looks, defaults."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from mousearm.errors import ModelError, UnknownNameError

ACTUATORS = ("muscle", "torque")
INERTIAS = ("geometric", "published")

# Names of the published mouse model -> those that mousearm's own models have.
JOINT_NAMES = {"extension_angle": "shoulder_ext", "rotation_angle": "shoulder_rot"}

# MuJoCo's curves fitted by least squares to the active force-length curve (over 0.2 to 1.8) and the force-velocity
# curve (over -1 to 1) of De Groote et al. 2016: rms 0.046 of the peak each. MuJoCo's own lmin 0.5 and lmax 1.6 leave
# 0.135, and no force at all where the published curve still has some. Passive force is none unless a muscle has it;
# MuJoCo asks for a figure above 0.
_MUSCLE = {
    "ctrlrange": "0 1",
    "timeconst": "0.015 0.06",
    "vmax": "10",
    "lmin": "0.33",
    "lmax": "1.72",
    "fvmax": "1.71",
    "fpmax": "1e-12",
}
_MATERIALS = {"bone": "0.93 0.885 0.78 1", "tissue": "0.87 0.66 0.58 0.2", "marker": "0.12 0.40 0.66 1"}
# Limits that stop a joint within 2 ms, and joints that follow others so: stiff enough to hold the arm against its
# strongest muscles, and soft enough for physics steps of up to 1 ms.
STIFF = {"solref": "0.002 1", "solimp": "0.99 0.999 0.001"}
_SKY = {"type": "skybox", "builtin": "gradient", "rgb1": "1 1 1", "rgb2": "0.93 0.94 0.955"}


@dataclass(frozen=True)
class MjcfOptions:
    """Choices for ``to_mjcf``; time step, damping, armature, density, limits and the like are given by ``choices``.

    Attributes:
        actuators: ``muscle`` for the muscles of the file, ``torque`` for one motor per joint.
        inertia: ``geometric`` for capsules of tissue along the segments, ``published`` for the figures in the file,
            which can be wrong by orders of magnitude in a scaled model of an animal; check them before use.
        allow_missing: write the model although something could not be carried over.
        excitations: keep to the file's lowest and highest excitations of muscles; otherwise they are 0 to 1.
        joint_names: coordinate -> joint, for coordinates whose joint has another name.
        radii: m, body -> radius of its capsule; the others follow from the segment's length.
        gears: N m at a control of 1, joint -> gear; the others are 4 times the largest load of gravity.
        choices: a fragment of MJCF with additions of the user, which replace all else; see ``overlay.py``.
        samples: random poses for length ranges and wrapping, besides all corners of the joint ranges.
        seed: of these poses.
    """

    actuators: str = "muscle"
    inertia: str = "geometric"
    allow_missing: bool = False
    excitations: bool = True
    joint_names: Mapping[str, str] = field(default_factory=lambda: dict(JOINT_NAMES))
    radii: Mapping[str, float] = field(default_factory=dict)
    gears: Mapping[str, float] = field(default_factory=dict)
    choices: str | Path | None = None
    samples: int = 4000
    seed: int = 0

    def __post_init__(self):
        if self.actuators not in ACTUATORS:
            raise UnknownNameError("choice of actuators", self.actuators, ACTUATORS)
        if self.inertia not in INERTIAS:
            raise UnknownNameError("choice of inertia", self.inertia, INERTIAS)
        if self.samples <= 0:
            raise ModelError(f"samples={self.samples} must be above 0.")


def attribute(values: float | Iterable[float]) -> str:
    """Numbers for an attribute: 12 digits, nothing below 1e-14."""
    numbers = np.atleast_1d(np.asarray(values, dtype=float))
    return " ".join(f"{0.0 if abs(number) < 1e-14 else number:.12g}" for number in numbers)


def write_settings(root: Element, gravity: np.ndarray, size: float, actuators: str) -> None:
    """Add the sections ``compiler``, ``option``, ``visual``, ``asset`` and ``default`` to ``<mujoco>``.

    ``gravity`` is (3,) m/s2 in the axes of OpenSim; ``size`` is a length of the arm in m, which the drawn size of
    points and paths follows.
    """
    SubElement(root, "compiler", angle="radian", autolimits="true")
    x, y, z = gravity
    physics = {"timestep": attribute(1 / 1200), "integrator": "RK4", "gravity": attribute([z, x, y])}
    SubElement(root, "option", physics)
    visual = SubElement(root, "visual")
    SubElement(visual, "global", offwidth="1280", offheight="960", fovy="45", azimuth="158", elevation="-14")
    SubElement(visual, "map", znear="0.02", zfar="30")
    asset = SubElement(root, "asset")
    SubElement(asset, "texture", {"name": "background", **_SKY, "width": "256", "height": "256"})
    for name, rgba in _MATERIALS.items():
        SubElement(asset, "material", name=name, rgba=rgba)
    _write_defaults(root, size, actuators)


def _write_defaults(root: Element, size: float, actuators: str) -> None:
    default = SubElement(root, "default")
    SubElement(default, "geom", contype="0", conaffinity="0", group="1")
    stiff = {f"{key}limit": value for key, value in STIFF.items()}
    SubElement(default, "joint", {"damping": "1e-06", "armature": "1e-09", **stiff})
    SubElement(default, "tendon", width=attribute(0.006 * size))
    if actuators == "torque":  # MuJoCo keeps one default for actuators of all kinds
        SubElement(default, "motor", ctrlrange="-1 1")
    else:
        SubElement(default, "muscle", _MUSCLE)
    for name, tag, attributes in (
        ("distal", "joint", {"damping": "1e-07"}),
        ("tissue", "geom", {"type": "capsule", "material": "tissue", "density": "1060"}),
        ("bone", "geom", {"type": "capsule", "material": "bone", "mass": "0"}),
        ("wrap", "geom", {"mass": "0", "group": "4", "rgba": "0.2 0.6 0.8 0.4"}),
        ("marker", "site", {"size": attribute(0.012 * size), "group": "1", "material": "marker"}),
        ("path", "site", {"size": attribute(0.006 * size), "group": "4", "rgba": "0.3 0.3 0.3 1"}),
    ):
        of_class = SubElement(default, "default", {"class": name})
        SubElement(of_class, tag, attributes)
