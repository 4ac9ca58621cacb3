"""The options of a conversion, and what an MJCF has beside bodies and muscles: physics, looks, defaults."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import numpy as np

from mousearm.errors import ModelError, UnknownNameError

ACTUATORS = ("muscle", "torque")
INERTIAS = ("geometric", "published")

# Limits that stop a joint within 2 ms, and joints that follow others so: stiff enough to hold the arm against its
# strongest muscles, and soft enough for physics steps of up to 1 ms.
STIFF = {"solref": "0.002 1", "solimp": "0.99 0.999 0.001"}

# MuJoCo keeps one default for actuators of all kinds. Its curves of muscles are fitted by least squares to the active
# force-length curve (over 0.2 to 1.8) and the force-velocity curve (over -1 to 1) of De Groote et al. 2016: rms 0.046
# of the peak each. MuJoCo's own lmin 0.5 and lmax 1.6 leave 0.135, and no force at all where the published curve still
# has some. Passive force is none unless a muscle has it; MuJoCo asks for a figure above 0.
_ACTUATORS = {
    "torque": '<motor ctrlrange="-1 1"/>',
    "muscle": '<muscle ctrlrange="0 1" timeconst="0.015 0.06" vmax="10" lmin="0.33" lmax="1.72" fvmax="1.71" '
    'fpmax="1e-12"/>',
}
_SETTINGS = """<mujoco>
  <compiler angle="radian" autolimits="true"/>
  <option timestep="{timestep}" integrator="RK4" gravity="{gravity}"/>
  <visual>
    <global offwidth="1280" offheight="960" fovy="45" azimuth="158" elevation="-14"/>
    <map znear="0.02" zfar="30"/>
  </visual>
  <asset>
    <texture name="background" type="skybox" builtin="gradient" rgb1="1 1 1" rgb2="0.93 0.94 0.955"
             width="256" height="256"/>
    <material name="bone" rgba="0.93 0.885 0.78 1"/>
    <material name="tissue" rgba="0.87 0.66 0.58 0.2"/>
    <material name="marker" rgba="0.12 0.40 0.66 1"/>
  </asset>
  <default>
    <geom contype="0" conaffinity="0" group="1"/>
    <joint damping="1e-06" armature="1e-09" solreflimit="{solref}" solimplimit="{solimp}"/>
    <tendon width="{thin}"/>
    {actuator}
    <default class="distal"><joint damping="1e-07"/></default>
    <default class="tissue"><geom type="capsule" material="tissue" density="1060"/></default>
    <default class="bone"><geom type="capsule" material="bone" mass="0"/></default>
    <default class="wrap"><geom mass="0" group="4" rgba="0.2 0.6 0.8 0.4"/></default>
    <default class="marker"><site size="{thick}" group="1" material="marker"/></default>
    <default class="path"><site size="{thin}" group="4" rgba="0.3 0.3 0.3 1"/></default>
  </default>
</mujoco>"""


@dataclass(frozen=True)
class MjcfOptions:
    """Choices for ``to_mjcf``; time step, damping, armature, density, limits and the like are given by ``choices``.

    Published inertias can be wrong by orders of magnitude in a scaled model of an animal; check them before use.
    """

    actuators: str = "muscle"  # those of the file, or ``torque`` for one motor per joint
    inertia: str = "geometric"  # of capsules of tissue along the segments, or ``published`` for the file's figures
    allow_missing: bool = False  # write the model although something could not be carried over
    excitations: bool = True  # keep to the file's lowest and highest ones of muscles; otherwise they are 0 to 1
    choices: str | Path | None = None  # a fragment of MJCF with the user's additions, which replace all else
    samples: int = 4000  # random poses for length ranges and wrapping, besides all corners of the joint ranges

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


def settings(gravity: np.ndarray, size: float, actuators: str) -> list[Element]:
    """The sections ``compiler``, ``option``, ``visual``, ``asset`` and ``default``.

    ``gravity`` is (3,) m/s2 in the axes of OpenSim; ``size`` is a length of the arm in m, which the drawn size of
    points and paths follows.
    """
    text = _SETTINGS.format(
        timestep=attribute(1 / 1200),
        gravity=attribute(np.roll(gravity, 1)),
        thin=attribute(0.006 * size),
        thick=attribute(0.012 * size),
        actuator=_ACTUATORS[actuators],
        **STIFF,
    )
    return list(fromstring(text))
