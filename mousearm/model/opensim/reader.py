"""Read an OpenSim file, from the document to a model of plain data."""

from pathlib import Path

import numpy as np

from mousearm.errors import ModelError
from mousearm.model.opensim.elements import GROUND, Body, Joint, OsimModel, Point
from mousearm.model.opensim.joints import Frames, read_joint
from mousearm.model.opensim.muscles import TIME_CONSTANTS, read_muscle, read_point, read_wrap
from mousearm.model.xml import Node, read_document

_OLDEST = 40000


def read_osim(path: str | Path) -> OsimModel:
    """Read a model, an .osim file that OpenSim 4 has written.

    Its ``missing`` lists what has no counterpart, which ``to_mjcf`` refuses without ``allow_missing``.

    Raises:
        ModelError: if the file is broken, of an older version, or names something that does not exist.
    """
    path = Path(path)
    root = read_document(path)
    try:
        return _model(root, path)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _model(root: Node, path: Path) -> OsimModel:
    _check_version(root)
    model = root.need("Model")
    missing: list[str] = []
    frames = Frames(model)
    _check_names(model)
    bodies = tuple(_body(node) for node in model.objects("BodySet"))
    joints = [read_joint(node, frames, missing) for node in model.objects("JointSet")]
    kept = _connected(joints, bodies, missing)
    reached = {GROUND, *(joint.child for joint in kept)}
    coordinates = {item.name: item for joint in joints for item in joint.coordinates}
    owners = [(model.get("Ground"), GROUND), *((node, node.name) for node in model.objects("BodySet"))]
    wrap_nodes = [(wrap, body) for node, body in owners if node for wrap in node.objects("WrapObjectSet")]
    wraps = [read_wrap(node, body, missing) for node, body in wrap_nodes]
    # As in OpenSim, the first of a name is the one that paths mean.
    carried = {wrap.name: wrap for wrap in reversed(wraps) if wrap is not None and wrap.body in reached}
    known = {node.name for node, _ in wrap_nodes}
    muscles = []
    for node in _forces(model, missing):
        muscle = read_muscle(node, frames, coordinates, carried, known, missing)
        if muscle is None:
            continue
        lost = [point.name for point in muscle.points if point.body not in reached]
        if lost:
            missing.append(f"{node.place}: point {lost[0]} is on a body that is left out; the muscle is left out")
        else:
            muscles.append(muscle)
    _list_rest(model, missing)
    return OsimModel(
        name=model.name or path.stem,
        source=path.name,
        gravity=model.numbers("gravity", 3, [0, -9.80665, 0]),
        bodies=tuple(body for body in bodies if body.name in reached),
        joints=tuple(kept),
        markers=tuple(_markers(model, frames, reached, missing)),
        wraps=tuple(reversed(carried.values())),
        muscles=tuple(muscles),
        missing=tuple(missing),
    )


def _check_version(root: Node) -> None:
    if root.tag != "OpenSimDocument":
        raise ModelError(f"the file is a <{root.tag}>, not an <OpenSimDocument>: not an OpenSim model.")
    version = root.attributes.get("Version", "")
    if not version.isdecimal() or int(version) < _OLDEST:
        raise ModelError(
            f"document version {version or 'none'}; {_OLDEST} or newer is needed. Open the file in "
            "OpenSim 4 and save it."
        )


def _check_names(model: Node) -> None:
    """Names by which others are found must exist once."""
    for group in ("BodySet", "JointSet", "MarkerSet", "ForceSet"):
        seen: set[str] = set()
        for node in model.objects(group):
            if not node.name or node.name in seen:
                what = f"the name '{node.name}' stands twice" if node.name else "an element has no name"
                raise ModelError(f"{node.place} (line {node.line}): {what} in the {group}.")
            seen.add(node.name)


def _body(node: Node) -> Body:
    return Body(
        name=node.name,
        mass=node.number("mass"),
        com=node.numbers("mass_center", 3, np.zeros(3)),
        inertia=node.numbers("inertia", 6, np.zeros(6)),
        place=node.place,
    )


def _connected(joints: list[Joint], bodies: tuple[Body, ...], missing: list[str]) -> list[Joint]:
    """The joints that make a tree on the ground, parents before children."""
    parent_of: dict[str, Joint] = {}
    for joint in joints:
        if joint.child == GROUND or joint.child in parent_of:
            missing.append(f"/jointset/{joint.name}: closes a loop of bodies at {joint.child}; left out")
        else:
            parent_of[joint.child] = joint
    order: list[Joint] = []
    reached, waiting = {GROUND}, list(parent_of.values())
    while ready := [joint for joint in waiting if joint.parent in reached]:
        order += ready
        reached.update(joint.child for joint in ready)
        waiting = [joint for joint in waiting if joint.child not in reached]
    missing += [
        f"/bodyset/{body.name}: no chain of joints leads to it from the ground; left out"
        for body in bodies
        if body.name not in reached
    ]
    return order


def _forces(model: Node, missing: list[str]) -> list[Node]:
    """The muscles among the forces."""
    muscles = []
    for node in model.objects("ForceSet"):
        if node.tag in TIME_CONSTANTS:
            if node.flag("appliesForce", True):
                muscles.append(node)
            else:
                missing.append(f"{node.place}: is switched off (appliesForce is false); left out")
        elif node.tag != "CoordinateLimitForce":  # MuJoCo's joint limits replace it
            missing.append(f"{node.place}: forces of kind {node.tag} cannot be carried over; left out")
    return muscles


def _markers(model: Node, frames: Frames, reached: set[str], missing: list[str]) -> list[Point]:
    markers = []
    for node in model.objects("MarkerSet"):
        point = read_point(node, frames, node.numbers("location", 3))
        if point.body in reached:
            markers.append(point)
        else:
            missing.append(f"{node.place}: is on a body that is left out")
    return markers


def _list_rest(model: Node, missing: list[str]) -> None:
    for group, what in (
        ("ConstraintSet", "constraints"),
        ("ContactGeometrySet", "contact surfaces"),
        ("ControllerSet", "controllers"),
    ):
        for node in model.objects(group):
            missing.append(f"{node.place}: {what} cannot be carried over; left out")
