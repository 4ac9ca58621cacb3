"""Writes an OpenSim model as MJCF that the project can train on."""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

import mujoco
import numpy as np

from mousearm.errors import ModelError, UnknownNameError
from mousearm.model.opensim.elements import Muscle, OsimModel
from mousearm.model.opensim.options import MjcfOptions
from mousearm.model.opensim.poses import gravity_load, sample_poses, tendon_lengths
from mousearm.model.opensim.segments import find_segments
from mousearm.model.opensim.tree import Link, build_tree
from mousearm.model.opensim.world import WorldWriter, name_sites, text
from mousearm.model.opensim.wrapping import Bend, Side, find_bends

# MuJoCo's curves fitted to the active force-length and force-velocity curves of De Groote et al. 2016.
_MUSCLE = {"ctrlrange": "0 1", "timeconst": "0.015 0.06", "vmax": "10", "lmin": "0.33", "lmax": "1.72", "fvmax": "1.71"}
_NO_PASSIVE, _PASSIVE = "1e-12", "1.3"  # MuJoCo asks for a figure above 0; 1.3 is its own


@dataclass(frozen=True)
class Conversion:
    """The MJCF, one line for each thing that it lacks, and one for each that was carried over but deserves a look."""

    xml: str
    missing: tuple[str, ...]
    notes: tuple[str, ...]


def to_mjcf(model: OsimModel, options: MjcfOptions | None = None) -> str:
    """The model as MJCF; see ``convert``."""
    return convert(model, options).xml


def convert(model: OsimModel, options: MjcfOptions | None = None) -> Conversion:
    """Write a model as MJCF: kinematics, markers and straight muscle paths exactly, the rest as ``MjcfOptions`` says.

    Args:
        model: from ``read_osim``.
        options: the choices; None for the defaults.

    Raises:
        ModelError: if something cannot be carried over and ``allow_missing`` is false, or the result does not compile.
    """
    options = options or MjcfOptions()
    _check_missing(model, model.missing, options)
    conversion = _Writer(model, options).write()
    _check_missing(model, conversion.missing, options)
    _compile(conversion.xml, model)
    return conversion


def _check_missing(model: OsimModel, missing: tuple[str, ...], options: MjcfOptions) -> None:
    if missing and not options.allow_missing:
        lines = "\n".join(f"  - {line}" for line in missing)
        raise ModelError(
            f"{model.source}: {len(missing)} things cannot be carried over to MuJoCo:\n{lines}\n"
            "Change them in OpenSim, or accept the difference (--allow-missing, allow_missing=True)."
        )


def _compile(xml: str, model: OsimModel) -> mujoco.MjModel:
    try:
        return mujoco.MjModel.from_xml_string(xml)
    except ValueError as error:
        raise ModelError(f"{model.source}: MuJoCo cannot compile what was made of it: {error}") from error


class _Writer:
    """Writes the model twice: without actuators, to sample poses; then with what the sampling found."""

    def __init__(self, model: OsimModel, options: MjcfOptions):
        self.model = model
        self.options = options
        self.links = build_tree(model, options.joint_names)
        self.joints = [dof for link in _depth_first(self.links) for dof in link.dofs]
        if not self.joints:
            raise ModelError(f"{model.source}: no coordinate moves anything; an arm needs at least one.")
        if options.actuators == "muscle" and not model.muscles:
            raise ModelError(f"{model.source} has no muscles; give its joints motors (--actuators torque).")
        self.world = WorldWriter(model, self.links, find_segments(model, self.links, options.radii), options)
        self.sites = name_sites(model)

    def write(self) -> Conversion:
        """The MJCF with actuators."""
        options = self.options
        draft = _compile(_string(self._root(set(), [])), self.model)
        poses = sample_poses(draft, options.samples, options.seed)
        load = dict(zip((joint.name for joint in self.joints), gravity_load(draft, poses[:200]), strict=True))
        distal = {name for name, value in load.items() if value < options.distal_load * max(load.values())}
        missing = list(self.model.missing)
        if options.actuators == "torque":
            root = self._root(distal, [])
            self._motors(root, load)
            return Conversion(_string(root), tuple(missing), ())
        bends = find_bends(self.model, draft, poses, self.sites)
        root = self._root(distal, bends.sides)
        self._tendons(root, bends.of_muscle)
        lengths = tendon_lengths(_compile(_string(root), self.model), poses)
        still = self._muscles(root, lengths.min(axis=0), lengths.max(axis=0))
        return Conversion(_string(root), (*missing, *bends.dropped, *still), tuple(bends.jumps))

    def _root(self, distal: set[str], sides: list[Side]) -> ElementTree.Element:
        options = self.options
        root = ElementTree.Element("mujoco", model=self.model.name)
        root.append(ElementTree.Comment(self._heading()))
        ElementTree.SubElement(root, "compiler", angle="radian", autolimits="true")
        x, y, z = self.model.gravity
        attributes = {"timestep": text(options.timestep), "integrator": "implicitfast", "gravity": text([z, x, y])}
        ElementTree.SubElement(root, "option", attributes)
        visual = ElementTree.SubElement(root, "visual")
        ElementTree.SubElement(
            visual, "global", offwidth="1280", offheight="960", fovy="45", azimuth="158", elevation="-14"
        )
        ElementTree.SubElement(visual, "map", znear="0.02", zfar="30")
        asset = ElementTree.SubElement(root, "asset")
        sky = {"type": "skybox", "builtin": "gradient", "rgb1": "1 1 1", "rgb2": "0.93 0.94 0.955"}
        ElementTree.SubElement(asset, "texture", {"name": "background", **sky, "width": "256", "height": "256"})
        self._defaults(root)
        self.world.write(root, distal, sides)
        keyframe = ElementTree.SubElement(root, "keyframe")
        ElementTree.SubElement(keyframe, "key", name="rest", qpos=text([joint.rest for joint in self.joints]))
        return root

    def _heading(self) -> str:
        scaled = [f"{dof.name} is {dof.scale:g} times its coordinate." for dof in self.joints if dof.scale != 1.0]
        lines = (
            f"Made of the OpenSim model {self.model.source} by mousearm; inertia: {self.options.inertia}.",
            "Units m, kg, s, rad. World axes are MuJoCo's, z up: an OpenSim point (x, y, z) is (z, x, y) here.",
            *scaled,
        )
        return "".join(f"\n    {line.replace('--', '- -')}" for line in lines) + "\n  "

    def _defaults(self, root: ElementTree.Element) -> None:
        options = self.options
        default = ElementTree.SubElement(root, "default")
        unit = self._size()
        ElementTree.SubElement(default, "geom", contype="0", conaffinity="0", group="1")
        ElementTree.SubElement(
            default,
            "joint",
            damping=text(options.damping),
            armature=text(options.armature),
            solreflimit="0.001 1",
            solimplimit="0.99 0.999 0.001",
        )
        ElementTree.SubElement(default, "tendon", width=text(0.006 * unit))
        if options.actuators == "torque":  # MuJoCo keeps one default for actuators of all kinds
            ElementTree.SubElement(default, "motor", ctrlrange="-1 1")
        else:
            ElementTree.SubElement(default, "muscle", {**_MUSCLE, "fpmax": _NO_PASSIVE})
        for name, tag, attributes in (
            ("distal", "joint", {"damping": text(options.distal_damping)}),
            ("tissue", "geom", {"type": "capsule", "density": text(options.density), "rgba": "0.87 0.66 0.58 0.2"}),
            ("bone", "geom", {"type": "capsule", "mass": "0", "rgba": "0.93 0.885 0.78 1"}),
            ("wrap", "geom", {"mass": "0", "group": "4", "rgba": "0.2 0.6 0.8 0.4"}),
            ("marker", "site", {"size": text(0.012 * unit), "group": "1", "rgba": "0.12 0.40 0.66 1"}),
            ("path", "site", {"size": text(0.006 * unit), "group": "4", "rgba": "0.3 0.3 0.3 1"}),
        ):
            of_class = ElementTree.SubElement(default, "default", {"class": name})
            ElementTree.SubElement(of_class, tag, attributes)

    def _size(self) -> float:
        """A length of the arm in m, for what is drawn: the largest offset of a body's joint in its parent."""
        anchors = [link.pose[:3, :3] @ link.anchor + link.pose[:3, 3] for link in self.links.values()]
        return max([float(np.linalg.norm(anchor)) for anchor in anchors] + [1e-3])

    def _motors(self, root: ElementTree.Element, load: Mapping[str, float]) -> None:
        actuators = ElementTree.SubElement(root, "actuator")
        for name in self.options.gears:
            if name not in load:
                raise UnknownNameError("joint (option gears)", name, load)
        for name, value in load.items():
            gear = self.options.gears.get(name, float(f"{max(self.options.gear_per_load * value, 1e-12):.2g}"))
            ElementTree.SubElement(actuators, "motor", name=name, joint=name, gear=text(gear))

    def _tendons(self, root: ElementTree.Element, bends: Mapping[str, list[Bend]]) -> None:
        tendons = ElementTree.SubElement(root, "tendon")
        for muscle in self.model.muscles:
            spatial = ElementTree.SubElement(tendons, "spatial", name=muscle.name, rgba="0.60 0.17 0.15 1")
            after = {bend.segment: bend for bend in bends[muscle.name]}
            for i in range(len(muscle.points)):
                ElementTree.SubElement(spatial, "site", site=self.sites[muscle.name, i])
                if i in after:
                    side = after[i].side
                    sidesite = {"sidesite": side} if side else {}
                    ElementTree.SubElement(spatial, "geom", {"geom": after[i].wrap, **sidesite})

    def _muscles(self, root: ElementTree.Element, shortest: np.ndarray, longest: np.ndarray) -> list[str]:
        """Actuators of all muscles whose length changes; returns a line for each that does not."""
        actuators = ElementTree.SubElement(root, "actuator")
        still = []
        for muscle, low, high in zip(self.model.muscles, shortest, longest, strict=True):
            if high - low < 1e-6 * muscle.fiber:
                still.append(f"muscle {muscle.name}: no joint changes its length; it has no actuator")
            else:
                ElementTree.SubElement(actuators, "muscle", _muscle_attributes(muscle, low, high))
        return still


def _muscle_attributes(muscle: Muscle, low: float, high: float) -> dict[str, str]:
    """MuJoCo recovers both lengths of the muscle from low, high and range = (length - tendon) / fiber at these."""
    low, high = float(f"{low:.12g}"), float(f"{high:.12g}")
    attributes = {
        "name": muscle.name,
        "tendon": muscle.name,
        "lengthrange": text([low, high]),
        "range": text([(low - muscle.tendon) / muscle.fiber, (high - muscle.tendon) / muscle.fiber]),
        "force": text(muscle.force * np.cos(muscle.pennation)),
    }
    if not np.isclose(muscle.max_velocity, 10, rtol=1e-6):
        attributes["vmax"] = text(muscle.max_velocity)
    if not np.allclose((muscle.activation, muscle.deactivation), (0.015, 0.06), rtol=1e-6):
        attributes["timeconst"] = text([muscle.activation, muscle.deactivation])
    if muscle.passive:
        attributes["fpmax"] = _PASSIVE
    return attributes


def _depth_first(links: Mapping[str, Link]) -> list[Link]:
    """Bodies in the order in which MuJoCo numbers them."""
    children: dict[str, list[Link]] = {}
    for link in links.values():
        children.setdefault(link.parent, []).append(link)
    order: list[Link] = []
    waiting = list(reversed(children.get("ground", [])))
    while waiting:
        order.append(waiting.pop())
        waiting += reversed(children.get(order[-1].name, []))
    return order


def _string(root: ElementTree.Element) -> str:
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"
