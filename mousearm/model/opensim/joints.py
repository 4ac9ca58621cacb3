"""Frames and joints of an OpenSim file: a frame is named by a path, and stands on others until a body is reached."""

import posixpath
from collections.abc import Mapping

import numpy as np

from mousearm.model.opensim.elements import GROUND, Axis, Coordinate, Joint, pose
from mousearm.model.opensim.functions import read_function
from mousearm.model.xml import Node

_SAME = 1.5e-8  # rad (m for slides): what OpenSim lets a default value be out of its range
_ROTATIONS = ("rotation1", "rotation2", "rotation3")
_TRANSLATIONS = ("translation1", "translation2", "translation3")

# Kinds of joints each coordinate of which turns, or moves, about one axis; in the order of the coordinates.
_SIMPLE = {
    "WeldJoint": ("", ""),
    "PinJoint": ("z", ""),
    "SliderJoint": ("", "x"),
    "UniversalJoint": ("xy", ""),
    "GimbalJoint": ("xyz", ""),
    "BallJoint": ("xyz", ""),
    "PlanarJoint": ("z", "xy"),
    "FreeJoint": ("xyz", "xyz"),
}


class Frames:
    """All frames of a model, its element ``<Model>``, by path."""

    def __init__(self, model: Node):
        bodies = {f"/bodyset/{body.name}": body for body in model.objects("BodySet")}
        joints = {f"/jointset/{joint.name}": joint for joint in model.objects("JointSet")}
        # What a path leads to: the name of a body, or a frame that stands on something else.
        self._frames: dict[str, str | Node] = {"/ground": GROUND}
        self._frames |= {path: body.name for path, body in bodies.items()}
        for path, owner in {"": model, **bodies, **joints}.items():
            self._collect_offsets(owner, path)

    def _collect_offsets(self, owner: Node, path: str) -> None:
        for frame in (*owner.parts("components"), *owner.parts("frames")):
            if frame.tag == "PhysicalOffsetFrame":
                self._frames.setdefault(f"{path}/{frame.name}", frame)
                self._collect_offsets(frame, f"{path}/{frame.name}")

    def find(self, owner: Node, path: str, socket: str) -> tuple[str, np.ndarray]:
        """The body that a socket leads to, and the (4, 4) pose in it of the frame that the socket names.

        ``path`` is where the socket's owner stands, such as ``/jointset/shoulder``; relative sockets begin there.
        """
        frame = np.eye(4)
        seen: set[str] = set()
        while True:
            target = self._resolve(owner, path, socket)
            found = self._frames[target]
            if isinstance(found, str):
                return found, frame
            if target in seen:
                raise owner.error(f"stands on itself: {' on '.join(sorted(seen))}.")
            seen.add(target)
            owner, path, socket = found, target, "socket_parent"
            frame = pose(owner.numbers("translation", 3, 0), owner.numbers("orientation", 3, 0)) @ frame

    def _resolve(self, owner: Node, path: str, socket: str) -> str:
        name = owner.string(socket)
        absolute = posixpath.normpath(posixpath.join(path or "/", name))
        for candidate in (absolute, f"/bodyset/{name}", f"/{name}"):
            if candidate in self._frames:
                return candidate
        raise owner.need(socket).unknown("frame", name, self._frames)


def read_joint(node: Node, frames: Frames, rest: Mapping[str, float]) -> Joint:
    """A joint, held at the default pose where MuJoCo has no counterpart; ``rest``: where couplers put coordinates."""
    path = f"/jointset/{node.name}"
    parent, parent_pose = frames.find(node, path, "socket_parent_frame")
    child, child_pose = frames.find(node, path, "socket_child_frame")
    coordinates = tuple(_coordinate(item, rest) for item in node.parts("coordinates"))
    if node.tag == "CustomJoint":
        axes = {axis.name: axis for axis in node.need("SpatialTransform").children if axis.tag == "TransformAxis"}
        seen: set[str] = set()
        rotations, translations = (
            tuple(_axis(axes[name], coordinates, seen) for name in names if name in axes)
            for names in (_ROTATIONS, _TRANSLATIONS)
        )
    elif node.tag in _SIMPLE:
        rotations, translations = _simple_axes(node, coordinates)
    else:
        raise node.error(
            f"joints of kind {node.tag} are not known here, so {child} cannot even be held where it is in {parent}. "
            f"Known are CustomJoint, {', '.join(_SIMPLE)}: replace it in OpenSim."
        )
    return Joint(node, parent, child, parent_pose, child_pose, rotations, translations, coordinates)


def _coordinate(node: Node, rest: Mapping[str, float]) -> Coordinate:
    low, high = (float(end) for end in node.numbers("range", 2, [-10, 10]))
    if not low <= high:
        raise node.need("range").error(f"{low:g} is above {high:g}.")
    default, clamped = node.number("default_value", 0.0), node.flag("clamped", False)
    if clamped and not low - _SAME <= default <= high + _SAME:
        raise node.error(
            f"default_value {default:g} is not within its range, {low:g} to {high:g}, and clamped is true, which "
            "OpenSim refuses too. Correct one of them, or set clamped to false."
        )
    locked, motion = node.flag("locked", False), node.get("prescribed_function")
    if motion and motion.children and not locked and node.flag("prescribed", False):
        curve = read_function(motion)
        default, locked = curve.value(0.0), True
        if not curve.is_constant:
            what = f"its motion is prescribed by a {curve.kind} of time"
            node.lose(f"{what}; held at its value at the start, {default:.6g} (rad or m)")
    locked |= clamped and high - low <= _SAME  # MuJoCo takes a range of one value for none
    return Coordinate(node.name, default if locked else rest.get(node.name, default), (low, high), locked, clamped)


def _simple_axes(node: Node, coordinates: tuple[Coordinate, ...]) -> tuple[tuple[Axis, ...], tuple[Axis, ...]]:
    """Rotations and translations of a joint each coordinate of which drives one axis."""
    turned, moved = _SIMPLE[node.tag]
    if len(coordinates) != (wanted := len(turned + moved)):
        raise node.error(f"there are {len(coordinates)} coordinates; a {node.tag} has {wanted}.")
    axes = []
    for letter, item in zip(turned + moved, coordinates, strict=True):
        drive = (None, 0.0, item.default) if item.locked else (item.name, 1.0, 0.0)
        axes.append(Axis(np.eye(3)["xyz".index(letter)], *drive))
    return tuple(axes[: len(turned)]), tuple(axes[len(turned) :])


def _axis(node: Node, coordinates: tuple[Coordinate, ...], seen: set[str]) -> Axis:
    """An axis; of those that a coordinate drives, all but the first, whose coordinate is in ``seen``, are held."""
    axis = node.numbers("axis", 3, [1, 0, 0])
    length = np.linalg.norm(axis)
    if length < 1e-9:
        raise node.need("axis").error("has no direction.")
    axis = axis / length
    listed, known = node.string("coordinates", ""), {coordinate.name: coordinate for coordinate in coordinates}
    used = [listed] if listed in known else listed.split()
    for name in used:
        if name not in known:
            raise node.unknown("coordinate of the joint", name, known)
    function = next((child for child in node.children if child.tag not in ("coordinates", "axis")), None)
    if function is None:
        if used:
            raise node.error("there is a coordinate but no function of it.")
        return Axis(axis, None, 0.0, 0.0)
    curve = read_function(function)
    driver = known[used[0]] if used else None
    if driver is None or driver.locked or curve.is_constant:
        return Axis(axis, None, 0.0, curve.value(driver.default if driver else 0.0))
    if curve.line and len(used) == 1 and driver.name not in seen:
        seen.add(driver.name)
        return Axis(axis, driver.name, *curve.line)
    value, unit = curve.value(driver.default), "rad" if node.name in _ROTATIONS else "m"
    second = curve.line is not None and len(used) == 1
    why = f"a second axis that {driver.name} drives" if second else f"a {curve.kind} of {', '.join(used)}"
    node.lose(f"{why}; held at its value at the default pose, {value:.6g} {unit}")
    return Axis(axis, None, 0.0, value)
