"""What an MJCF has beside its bodies and muscles: physics, looks, and the defaults of all elements."""

from xml.etree.ElementTree import Element, SubElement

import numpy as np

from mousearm.model.opensim.options import MjcfOptions
from mousearm.model.opensim.world import text

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
_SKY = {"type": "skybox", "builtin": "gradient", "rgb1": "1 1 1", "rgb2": "0.93 0.94 0.955"}


def write_settings(root: Element, gravity: np.ndarray, size: float, options: MjcfOptions) -> None:
    """Add the sections ``compiler``, ``option``, ``visual``, ``asset`` and ``default`` to an MJCF.

    Args:
        root: ``<mujoco>``.
        gravity: (3,) m/s2 in the axes of OpenSim.
        size: m, a length of the arm, which the drawn size of points and paths follows.
        options: the choices.
    """
    SubElement(root, "compiler", angle="radian", autolimits="true")
    x, y, z = gravity
    physics = {"timestep": text(options.timestep), "integrator": "RK4", "gravity": text([z, x, y])}
    SubElement(root, "option", physics)
    visual = SubElement(root, "visual")
    SubElement(visual, "global", offwidth="1280", offheight="960", fovy="45", azimuth="158", elevation="-14")
    SubElement(visual, "map", znear="0.02", zfar="30")
    asset = SubElement(root, "asset")
    SubElement(asset, "texture", {"name": "background", **_SKY, "width": "256", "height": "256"})
    for name, rgba in _MATERIALS.items():
        SubElement(asset, "material", name=name, rgba=rgba)
    _write_defaults(root, size, options)


def _write_defaults(root: Element, size: float, options: MjcfOptions) -> None:
    default = SubElement(root, "default")
    SubElement(default, "geom", contype="0", conaffinity="0", group="1")
    # Limits that stop a joint within 2 ms: stiff enough to hold the arm against its strongest muscles, and soft enough
    # for physics steps of up to 1 ms.
    stiff = {"solreflimit": "0.002 1", "solimplimit": "0.99 0.999 0.001"}
    SubElement(default, "joint", {"damping": text(options.damping), "armature": text(options.armature), **stiff})
    SubElement(default, "tendon", width=text(0.006 * size))
    if options.actuators == "torque":  # MuJoCo keeps one default for actuators of all kinds
        SubElement(default, "motor", ctrlrange="-1 1")
    else:
        SubElement(default, "muscle", _MUSCLE)
    for name, tag, attributes in (
        ("distal", "joint", {"damping": text(options.distal_damping)}),
        ("tissue", "geom", {"type": "capsule", "material": "tissue", "density": text(options.density)}),
        ("bone", "geom", {"type": "capsule", "material": "bone", "mass": "0"}),
        ("wrap", "geom", {"mass": "0", "group": "4", "rgba": "0.2 0.6 0.8 0.4"}),
        ("marker", "site", {"size": text(0.012 * size), "group": "1", "material": "marker"}),
        ("path", "site", {"size": text(0.006 * size), "group": "4", "rgba": "0.3 0.3 0.3 1"}),
    ):
        of_class = SubElement(default, "default", {"class": name})
        SubElement(of_class, tag, attributes)
