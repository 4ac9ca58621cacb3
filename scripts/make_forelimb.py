"""Make the shipped forelimb again: ``python scripts/make_forelimb.py FILE.osim [--out DIR]``.

FILE.osim is the published model (scaled_mouse.osim of Gilmer et al. 2025, J Neurophysiol 133(4):1266-1278);
mousearm/model/choices.xml holds our own choices. Writes forelimb.xml (bodies, joints, points, appearance) and two files
that include it, muscle.xml and torque.xml, into DIR (default: mousearm/model, from where they ship).
"""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import mousearm
from mousearm import cli

if TYPE_CHECKING:
    from mousearm.model.opensim import OsimModel

FOLDER = Path(mousearm.__file__).parent / "model"

_LIMB = """
  Right forelimb of the mouse, without actuators: torque.xml and muscle.xml include it.
{origin}
  World axes are MuJoCo's, z up: x lateral, y forward, z up; an OpenSim point (x, y, z) is (z, x, y) here. That
  rotation is applied once, in the pose of the scapula: within a body all coordinates are those of the published frame.
"""
_MUSCLE = """
  Right forelimb of the mouse driven by its 21 published muscles.
{origin}
  Paths. A surface stands in the segments of a path that can touch it; the published pairs that never touch within the
  joint ranges are left out. OpenSim's cylinders are finite and take the shorter way round; MuJoCo's are infinite, and
  where a side site is given the path keeps to that side.

  Muscles. With muscle-tendon length L, optimal fibre length l0, tendon slack length lt and pennation a as published:
    lengthrange  smallest and largest L over the joint ranges (sampled, bends included);
    range        (L - lt') / l0' at these two ends, so that MuJoCo recovers l0' and lt', those of a fibre along the
                 tendon: l0' = l0 / cos a, lt' = lt + l0 cos a - l0'; peak and slope there are those of the fibre;
    force        published maximum isometric force times cos a;
    vmax         optimal fibre lengths per second, as published;
    timeconst    activation and deactivation, as published;
    fpmax        as good as none: the published model ignores passive fibre force;
    lmin, lmax, fvmax  MuJoCo's curves fitted to the published ones (mousearm/model/opensim/settings.py);
    ctrlrange    0 to 1 for all. Published bounds (0.01 at the bottom of some, 0.1 at the top of Deltoid_Posterior)
                 belong to the published optimal control set-up.
"""
_TORQUE = """
  Right forelimb of the mouse driven by six joint torques.
{origin}"""
_ORIGIN = """
  Made by scripts/make_forelimb.py from the published OpenSim model of the mouse forelimb,
    Gilmer et al. 2025, J Neurophysiol 133(4):1266-1278,
  and choices.xml, which says what the project itself decides and why. Change that file, not this one.
  Units m, kg, s, rad.
"""


@cli.command(
    __doc__,
    cli.argument("file", type=Path, help="the published model, scaled_mouse.osim"),
    cli.OUT.but(default=FOLDER, help="default: the folder from which they ship"),
)
def main(given: Namespace) -> None:
    """Convert, and write."""
    from mousearm.files import make_folder, write_text
    from mousearm.model.opensim import read_osim

    files = make(read_osim(given.file))
    make_folder(given.out)
    for name, text in files.items():
        write_text(given.out / name, text)
    print(f"Wrote {', '.join(files)} to {given.out}.")


def make(model: "OsimModel") -> dict[str, str]:
    """The three files by name.

    Raises:
        MouseArmError: if the model cannot be carried over, or the choices do not fit it.
    """
    from mousearm.model.opensim import MjcfOptions, to_mjcf

    def arm(actuators: str) -> ElementTree.Element:
        options = MjcfOptions(actuators, excitations=False, choices=FOLDER / "choices.xml")
        return ElementTree.fromstring(to_mjcf(model, options))

    by_actuators = {actuators: arm(actuators) for actuators in ("muscle", "torque")}
    drives = {name: _take_drive(root, name) for name, root in by_actuators.items()}
    limb = by_actuators["muscle"]  # with the sites that keep paths on their side
    return {
        "forelimb.xml": _text(limb, _LIMB),
        "muscle.xml": _text(drives["muscle"], _MUSCLE),
        "torque.xml": _text(drives["torque"], _TORQUE),
    }


def _take_drive(root: ElementTree.Element, actuators: str) -> ElementTree.Element:
    """Move what drives an arm, and its defaults, to an MJCF that includes the rest."""
    drive = ElementTree.Element("mujoco", model=f"{root.get('model')}_{actuators}")
    ElementTree.SubElement(drive, "include", file="forelimb.xml")
    into = ElementTree.SubElement(drive, "default")
    for default in root.findall("default"):
        _move(default, ("muscle", "motor"), into)
    _move(root, ("tendon", "actuator"), drive)
    return drive


def _move(owner: ElementTree.Element, tags: tuple[str, ...], into: ElementTree.Element) -> None:
    for element in [child for child in owner if child.tag in tags]:
        owner.remove(element)
        into.append(element)


def _text(root: ElementTree.Element, header: str) -> str:
    ElementTree.indent(root)
    comment = f"<!--{header.format(origin=_ORIGIN)}-->"
    return f"{comment}\n{ElementTree.tostring(root, encoding='unicode')}\n"


if __name__ == "__main__":
    raise SystemExit(main())
