"""Frames and joints of an OpenSim file: a frame is named by a path, and stands on others until a body is reached."""

import posixpath
from collections import Counter

import numpy as np

from mousearm.errors import ModelError
from mousearm.model.opensim.elements import GROUND, Axis, Coordinate, Joint, pose
from mousearm.model.xml import Node

_ROTATIONS = ("rotation1", "rotation2", "rotation3")
_TRANSLATIONS = ("translation1", "translation2", "translation3")


class Frames:
    """All frames of a model, its element ``<Model>``, by path."""

    def __init__(self, model: Node):
        bodies = {f"/bodyset/{body.name}": body for body in model.objects("BodySet")}
        joints = {f"/jointset/{joint.name}": joint for joint in model.objects("JointSet")}
        self._bodies = {"/ground": GROUND, **{path: body.name for path, body in bodies.items()}}
        self._offsets: dict[str, Node] = {}
        for path, owner in {"": model, **bodies, **joints}.items():
            self._collect_offsets(owner, path)

    def _collect_offsets(self, owner: Node, path: str) -> None:
        for group in ("components", "frames"):
            listed = owner.get(group)
            for frame in listed.children if listed else ():
                if frame.tag == "PhysicalOffsetFrame":
                    self._offsets[f"{path}/{frame.name}"] = frame
                    self._collect_offsets(frame, f"{path}/{frame.name}")

    def find(self, owner: Node, path: str, socket: str) -> tuple[str, np.ndarray]:
        """The body that a socket leads to, and the (4, 4) pose in it of the frame that the socket names.

        ``path`` is where the socket's owner stands, such as ``/jointset/shoulder``; relative sockets begin there.

        Raises:
            ModelError: if there is no such frame, or if frames stand on each other in a circle.
        """
        frame = np.eye(4)
        seen: set[str] = set()
        while True:
            target = self._resolve(owner, path, socket)
            if target in self._bodies:
                return self._bodies[target], frame
            if target in seen:
                raise ModelError(f"{owner.place} (line {owner.line}) stands on itself: {' on '.join(sorted(seen))}.")
            seen.add(target)
            owner, path, socket = self._offsets[target], target, "socket_parent"
            offset = pose(owner.numbers("translation", 3, np.zeros(3)), owner.numbers("orientation", 3, np.zeros(3)))
            frame = offset @ frame

    def _resolve(self, owner: Node, path: str, socket: str) -> str:
        name = owner.string(socket)
        absolute = posixpath.normpath(posixpath.join(path or "/", name))
        for candidate in (absolute, f"/bodyset/{name}", f"/{name}"):
            if candidate in self._bodies or candidate in self._offsets:
                return candidate
        known = ", ".join([*self._bodies, *self._offsets])
        line = owner.need(socket).line
        raise ModelError(
            f"{owner.place}/{socket} (line {line}): there is no frame '{name}'. Those that exist: {known}."
        )


class UnsupportedFunctionError(Exception):
    """A function that is neither constant nor linear; the text is its kind."""


def line_of(node: Node) -> tuple[float, float]:
    """(slope, intercept) of a function element; UnsupportedFunctionError if it is not a straight line."""
    if node.tag == "Constant":
        return 0.0, node.number("value", 0.0)
    if node.tag == "LinearFunction":
        slope, intercept = node.numbers("coefficients", 2, [1, 0])
        return float(slope), float(intercept)
    if node.tag == "MultiplierFunction":
        inner = node.need("function")
        if not inner.children:
            raise ModelError(f"{inner.place} (line {inner.line}) holds no function.")
        scale = node.number("scale", 1.0)
        slope, intercept = line_of(inner.children[0])
        return scale * slope, scale * intercept
    raise UnsupportedFunctionError(node.tag)


def read_joint(node: Node, frames: Frames, missing: list[str]) -> Joint:
    """A joint; what has no counterpart is held still, and named in ``missing``."""
    path = f"/jointset/{node.name}"
    parent, parent_pose = frames.find(node, path, "socket_parent_frame")
    child, child_pose = frames.find(node, path, "socket_child_frame")
    listed = node.get("coordinates")
    coordinates = tuple(_coordinate(item, missing) for item in (listed.children if listed else ()))
    rotations: tuple[Axis, ...] = ()
    translations: tuple[Axis, ...] = ()
    if node.tag == "PinJoint":
        if len(coordinates) != 1:
            raise ModelError(f"{node.place} (line {node.line}) has {len(coordinates)} coordinates; a pin has one.")
        rotations = (Axis(np.array([0.0, 0.0, 1.0]), coordinates[0].name, 1.0, 0.0),)
    elif node.tag == "CustomJoint":
        transform = node.need("SpatialTransform")
        rotations = _axes(transform, _ROTATIONS, coordinates, missing)
        translations = _axes(transform, _TRANSLATIONS, coordinates, missing)
    elif node.tag != "WeldJoint":
        missing.append(
            f"{node.place}: joints of kind {node.tag} cannot be carried over (weld, pin and custom joints can); "
            f"{child} is fixed to {parent}"
        )
    driven = Counter(axis.coordinate for axis in (*rotations, *translations) if axis.coordinate)
    for name, count in sorted(driven.items()):
        if count > 1:
            missing.append(f"{node.place}: coordinate {name} drives {count} axes at once; only one moves with it")
    seen: set[str] = set()
    rotations, translations = _first_use(rotations, seen), _first_use(translations, seen)
    return Joint(node.name, parent, child, parent_pose, child_pose, rotations, translations, coordinates)


def _coordinate(node: Node, missing: list[str]) -> Coordinate:
    low, high = node.numbers("range", 2, [-10, 10])
    if not low <= high:
        raise ModelError(f"{node.place}/range (line {node.need('range').line}): {low:g} is above {high:g}.")
    if node.flag("prescribed", False):
        missing.append(f"{node.place}: its motion is prescribed by a function; it is left free")
    return Coordinate(
        node.name, node.number("default_value", 0.0), (float(low), float(high)), node.flag("locked", False)
    )


def _axes(
    transform: Node, names: tuple[str, ...], coordinates: tuple[Coordinate, ...], missing: list[str]
) -> tuple[Axis, ...]:
    nodes = {child.name: child for child in transform.children if child.tag == "TransformAxis"}
    return tuple(_axis(nodes[name], coordinates, missing) for name in names if name in nodes)


def _axis(node: Node, coordinates: tuple[Coordinate, ...], missing: list[str]) -> Axis:
    axis = node.numbers("axis", 3, [1, 0, 0])
    length = np.linalg.norm(axis)
    if length < 1e-9:
        raise ModelError(f"{node.place}/axis (line {node.need('axis').line}) has no direction.")
    axis = axis / length
    used = node.string("coordinates", "").split()
    unknown = [name for name in used if name not in {coordinate.name for coordinate in coordinates}]
    if unknown:
        exist = ", ".join(coordinate.name for coordinate in coordinates) or "none"
        raise ModelError(
            f"{node.place} (line {node.line}): the joint has no coordinate '{unknown[0]}'. Those that exist: {exist}."
        )
    function = next((child for child in node.children if child.tag not in ("coordinates", "axis")), None)
    while function is not None and function.tag == "function" and function.children:
        function = function.children[0]
    if function is None:
        if used:
            raise ModelError(f"{node.place} (line {node.line}) has a coordinate but no function of it.")
        return Axis(axis, None, 0.0, 0.0)
    try:
        slope, intercept = line_of(function)
    except UnsupportedFunctionError as error:
        missing.append(
            f"{node.place}: a function of kind {error} cannot be carried over (Constant, LinearFunction and "
            "MultiplierFunction of these can); held at 0"
        )
        return Axis(axis, None, 0.0, 0.0)
    if not used or slope == 0.0:
        return Axis(axis, None, 0.0, intercept)
    return Axis(axis, used[0], slope, intercept)


def _first_use(axes: tuple[Axis, ...], seen: set[str]) -> tuple[Axis, ...]:
    """Keep each coordinate's first axis, and add it to those seen; the others stay at their intercept."""
    kept = []
    for axis in axes:
        kept.append(Axis(axis.axis, None, 0.0, axis.intercept) if axis.coordinate in seen else axis)
        seen |= {axis.coordinate} if axis.coordinate else set()
    return tuple(kept)
