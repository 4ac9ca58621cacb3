"""Write an OpenSim model as MJCF that the project can train on."""

import itertools
import math
from collections.abc import Mapping
from typing import NamedTuple
from xml.etree.ElementTree import Comment, Element, SubElement, indent, tostring

import mujoco
import numpy as np

from mousearm.errors import ModelError
from mousearm.model.arm import at_poses, tendon_lengths
from mousearm.model.coupling import Couplings
from mousearm.model.opensim.elements import Coupler, Muscle, OsimModel, Point, placed
from mousearm.model.opensim.overlay import Overlay
from mousearm.model.opensim.settings import STIFF, MjcfOptions, attribute, settings
from mousearm.model.opensim.tree import build_tree, find_capsules
from mousearm.model.opensim.world import WorldWriter, with_sites
from mousearm.model.opensim.wrapping import find_bends

_GEAR_PER_LOAD = 4.0  # what a motor can do over what carrying the arm takes
_DISTAL_LOAD = 0.1  # joints that carry less than this part of the most loaded one have less damping
_CORNERS_UP_TO = 10  # joints; 2^10 corners


class Conversion(NamedTuple):
    """The MJCF, one line for each thing that it lacks, and one for each that was carried over but deserves a look."""

    xml: str
    missing: tuple[str, ...]
    notes: tuple[str, ...]


def to_mjcf(model: OsimModel, options: MjcfOptions | None = None) -> str:
    """The model as MJCF; see ``convert``."""
    return convert(model, options).xml


def convert(model: OsimModel, options: MjcfOptions | None = None) -> Conversion:
    """Write a model as MJCF: kinematics, markers and straight muscle paths exactly, the rest as ``MjcfOptions`` says.

    Raises:
        ModelError: if something cannot be carried over and ``allow_missing`` is false, or the result does not compile.
        UnknownNameError: if the choices name something that the model has not.
    """
    options = options or MjcfOptions()
    _check_missing(model, model.missing, options)
    conversion = _Writer(model, options).write()
    _check_missing(model, conversion.missing, options)
    _compile(conversion.xml, model, options)
    return conversion


def _check_missing(model: OsimModel, missing: tuple[str, ...], options: MjcfOptions) -> None:
    if missing and not options.allow_missing:
        lines = "\n".join(f"  - {line}" for line in missing)
        raise ModelError(
            f"{model.source}: {len(missing)} things cannot be carried over to MuJoCo:\n{lines}\n"
            "Change them in OpenSim, or accept the difference: --allow-missing of scripts/import_osim.py."
        )


def _compile(xml: str, model: OsimModel, options: MjcfOptions) -> mujoco.MjModel:
    try:
        return mujoco.MjModel.from_xml_string(xml)
    except ValueError as error:
        made_of = "it" if options.choices is None else f"it and {options.choices}"
        raise ModelError(f"{model.source}: MuJoCo cannot compile what was made of {made_of}: {error}") from error


class _Writer:
    """Writes the model twice: without actuators, to sample poses; then with what the sampling found."""

    def __init__(self, model: OsimModel, options: MjcfOptions):
        self.model = model = with_sites(model)
        self.options = options
        self.overlay = Overlay(options.choices, options.actuators)
        self.links = build_tree(model)
        self.joints = [dof for link in self.links.values() for dof in link.dofs]  # as MuJoCo numbers them
        self.rest = np.array([dof.rest for dof in self.joints])
        self.approximate: list[str] = []
        self.equalities = {item.coordinate: line for item in model.couplers if (line := self._coupled(item))}
        if not self.joints:
            raise ModelError(f"{model.source}: no coordinate moves anything; an arm needs at least one.")
        if options.actuators == "muscle" and not model.muscles:
            remedy = "--actuators torque of scripts/import_osim.py"
            raise ModelError(f"{model.source} has no muscles; give its joints motors: {remedy}.")
        self.world = WorldWriter(model, self.links, find_capsules(model, self.links), options.inertia)

    def write(self) -> Conversion:
        """The MJCF with actuators."""
        options, model_missing = self.options, (*self.model.missing, *self.approximate)
        draft = self._draft()
        poses = sample_poses(draft, options.samples)
        load = dict(zip((joint.name for joint in self.joints), gravity_load(draft, poses[:200]), strict=True))
        distal = {name for name, value in load.items() if value < _DISTAL_LOAD * max(load.values())}
        if options.actuators == "torque":
            root = self._root(distal, [])
            self._motors(root, load)
            return Conversion(_string(root), model_missing, self.model.notes)
        given = self.overlay.paths  # by the choices
        muscles = (item._replace(wraps=()) if item.name in given else item for item in self.model.muscles)
        bends = find_bends(self.model._replace(muscles=tuple(muscles)), draft, poses)
        root = self._root(distal, bends.sides)
        self._tendons(root, bends.of_muscle)
        lengths = tendon_lengths(_compile(_string(root), self.model, options), poses)[:, : len(self.model.muscles)]
        still = self._muscles(root, lengths.min(axis=0), lengths.max(axis=0))
        return Conversion(_string(root), (*model_missing, *bends.dropped, *still), (*bends.jumps, *self.model.notes))

    def _coupled(self, coupler: Coupler) -> dict[str, str]:
        """The equality that makes a joint follow another; empty where its coordinate moves nothing."""
        dofs = {dof.coordinate: dof for dof in self.joints}
        follower, leader = dofs.get(coupler.coordinate), dofs.get(coupler.other)
        if follower is None:
            return {}
        scale = follower.scale * coupler.scale
        if leader is None:  # it does not move
            value = scale * coupler.function.value(coupler.rest)
            return {"joint1": follower.name, "polycoef": attribute([value, 0, 0, 0, 0]), **STIFF}
        polynomial, error = coupler.function.fitted(*(end / leader.scale for end in leader.range))
        coefficients = np.zeros(5)
        coefficients[: polynomial.degree() + 1] = polynomial.coef
        coefficients *= scale / leader.scale ** np.arange(5)
        if error > 1e-9:
            what = f"a {coupler.function.kind}; carried over as a polynomial of order 4"
            self.approximate.append(f"{coupler.place}: {what}, at most {abs(scale) * error:.3g} off (rad or m)")
        return {"joint1": follower.name, "joint2": leader.name, "polycoef": attribute(coefficients), **STIFF}

    def _draft(self) -> mujoco.MjModel:
        draft = _compile(_string(self._root(set(), [])), self.model, self.options)
        if draft.njnt != len(self.joints):
            names = ", ".join(joint.name for joint in self.joints)
            raise ModelError(f"{self.options.choices} adds joints; those of a model are its own: {names}.")
        self.rest = Couplings(draft, self.model.source).complete(self.rest)
        return draft

    def _root(self, distal: set[str], sides: list[Point]) -> Element:
        root = Element("mujoco", model=self.model.name)
        root.append(Comment(self._heading()))
        anchors = [placed(link.pose, link.anchor) for link in self.links.values()]
        size = max(1e-3, *(math.hypot(*anchor) for anchor in anchors))
        root.extend(settings(self.model.gravity, size, self.options.actuators))
        self.world.write(root, distal, sides)
        if self.equalities:
            equality = SubElement(root, "equality")
            for attributes in self.equalities.values():
                SubElement(equality, "joint", attributes)
        SubElement(SubElement(root, "keyframe"), "key", name="rest", qpos=attribute(self.rest))
        self.overlay.merge(root)
        return root

    def _heading(self) -> str:
        lines = (
            f"Made of the OpenSim model {self.model.source} by mousearm; inertia: {self.options.inertia}.",
            "Units m, kg, s, rad. World axes are MuJoCo's, z up: an OpenSim point (x, y, z) is (z, x, y) here.",
            *([f"With the choices of {self.overlay.source}."] if self.overlay.source else []),
            *(f"{dof.name} is {dof.scale:g} times its coordinate." for dof in self.joints if dof.scale != 1.0),
        )
        return "".join(f"\n    {line.replace('--', '- -')}" for line in lines) + "\n  "

    def _motors(self, root: Element, load: Mapping[str, float]) -> None:
        actuators, followers = SubElement(root, "actuator"), [line["joint1"] for line in self.equalities.values()]
        for name in (name for name in load if name not in followers):
            gear = f"{max(_GEAR_PER_LOAD * load[name], 1e-12):.2g}"
            SubElement(actuators, "motor", name=name, joint=name, gear=attribute(float(gear)))
        self.overlay.merge_section(root, "actuator")

    def _tendons(self, root: Element, bends: Mapping[str, Mapping[int, dict[str, str]]]) -> None:
        tendons = SubElement(root, "tendon")
        for muscle in self.model.muscles:
            spatial = SubElement(tendons, "spatial", name=muscle.name, rgba="0.60 0.17 0.15 1")
            for i, point in enumerate(muscle.points):
                SubElement(spatial, "site", site=point.name)
                if i in bends[muscle.name]:
                    SubElement(spatial, "geom", bends[muscle.name][i])
        self.overlay.merge_section(root, "tendon")

    def _muscles(self, root: Element, shortest: np.ndarray, longest: np.ndarray) -> list[str]:
        """Actuators of all muscles whose length changes; returns a line for each that does not."""
        actuators = SubElement(root, "actuator")
        still = []
        for muscle, low, high in zip(self.model.muscles, shortest, longest, strict=True):
            if high - low < 1e-6 * muscle.fiber:
                still.append(f"muscle {muscle.name}: no joint changes its length; it has no actuator")
            else:
                bounds = muscle.excitation if self.options.excitations else (0.0, 1.0)
                SubElement(actuators, "muscle", _muscle_attributes(muscle._replace(excitation=bounds), low, high))
        self.overlay.merge_section(root, "actuator")
        return still


def _muscle_attributes(muscle: Muscle, low: float, high: float) -> dict[str, str]:
    """MuJoCo recovers both lengths of the muscle from low, high and range = (length - tendon) / fiber at these.

    Its fibres lie along the tendon. A fibre at an angle a to it, l0 long at its optimum, adds l0 cos a to the tendon
    and shortens by cos a of what the muscle shortens: around the optimum, a fibre of l0 / cos a along the tendon.
    """
    low, high = float(f"{low:.12g}"), float(f"{high:.12g}")
    fiber = muscle.fiber / np.cos(muscle.pennation)
    tendon = muscle.tendon + muscle.fiber * np.cos(muscle.pennation) - fiber
    attributes = {
        "name": muscle.name,
        "tendon": muscle.name,
        "lengthrange": attribute([low, high]),
        "range": attribute([(low - tendon) / fiber, (high - tendon) / fiber]),
        "force": attribute(muscle.force * np.cos(muscle.pennation)),
    }
    for key, values, default in (
        ("vmax", (muscle.max_velocity,), (10,)),
        ("timeconst", (muscle.activation, muscle.deactivation), (0.015, 0.06)),
        ("ctrlrange", muscle.excitation, (0, 1)),
    ):
        if not np.allclose(values, default, rtol=1e-6, atol=0):
            attributes[key] = attribute(values)
    if muscle.passive:
        attributes["fpmax"] = "1.3"  # of the peak force at full stretch: MuJoCo's default
    return attributes


def sample_poses(model: mujoco.MjModel, count: int, seed: int = 0) -> np.ndarray:
    """(n, nq): ``count`` random poses within the joint ranges, then the corners of the ranges, then the rest pose."""
    low, high = model.jnt_range.T
    random = np.random.default_rng(seed).uniform(low, high, (count, model.nq))
    corners = np.array(list(itertools.product(*model.jnt_range))) if model.njnt <= _CORNERS_UP_TO else random[:0]
    rest = model.key_qpos if model.nkey else model.qpos0[None]
    return Couplings(model, "").complete(np.vstack([random, corners, rest]))


def gravity_load(model: mujoco.MjModel, poses: np.ndarray) -> np.ndarray:
    """(nv,) N m (N for slides): largest load of the weight of all bodies beyond a joint.

    Weight is taken across the axis whatever its direction: m g times the distance of the centre of mass from the axis,
    so that the posture of the trunk does not matter.
    """
    gravity = float(np.linalg.norm(model.opt.gravity)) or 9.81
    weight, is_slide = gravity * model.body_subtreemass[model.jnt_bodyid], model.jnt_type == mujoco.mjtJoint.mjJNT_SLIDE
    load = np.zeros(model.njnt)
    for data in at_poses(model, poses):
        away = np.cross(data.subtree_com[model.jnt_bodyid] - data.xanchor, data.xaxis)
        load = np.maximum(load, weight * np.where(is_slide, 1.0, np.linalg.norm(away, axis=1)))
    return load


def _string(root: Element) -> str:
    indent(root)
    return tostring(root, encoding="unicode") + "\n"
