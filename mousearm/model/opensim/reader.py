"""Read an OpenSim file, from the document to a model of plain data."""

from collections.abc import Iterator
from pathlib import Path

from mousearm.errors import ModelError
from mousearm.model.opensim.elements import GROUND, Body, Coordinate, Coupler, Joint, OsimModel, Point, WrapObject
from mousearm.model.opensim.functions import read_function
from mousearm.model.opensim.joints import Frames, read_joint
from mousearm.model.opensim.muscles import DEFAULTS, read_muscle, read_point, read_wrap
from mousearm.model.xml import Node, read_document

_SAVE_AGAIN = (
    "open the file in OpenSim 4 and save it, or let its Python package do that: pip install opensim, then "
    "python -c \"import opensim; opensim.Model('OLD.osim').printToXML('NEW.osim')\""
)
# Versions of documents: the oldest, the first of OpenSim 4 before its release, and the first with joints beside bodies.
_OLDEST, _TRIAL, _BESIDE = 20302, 30500, 30517


def read_osim(path: str | Path) -> OsimModel:
    """Read a model, an .osim file that OpenSim 2.3 or newer has written.

    Its ``missing`` lists what has no counterpart, which ``to_mjcf`` refuses without ``allow_missing``.

    Raises:
        ModelError: if the file is broken, of an older version, or names something that does not exist.
    """
    path = Path(path)
    try:
        root = read_document(path)
    except ModelError as error:
        raise ModelError(f"{error} Where OpenSim opens it all the same: {_SAVE_AGAIN}.") from error
    version, model = _version(root), root.need("Model")
    if version < _BESIDE:
        _upgrade(model)
    return _model(model)


def _model(model: Node) -> OsimModel:
    notes: list[str] = []
    frames = Frames(model)
    _check_names(model)
    bodies = [
        Body(item.name, item.number("mass"), item.numbers("mass_center", 3, 0), item.numbers("inertia", 6, 0), item)
        for item in model.objects("BodySet")
    ]
    couplers, rest = _constraints(model)
    joints = [read_joint(node, frames, rest) for node in model.objects("JointSet")]
    kept = _connected(joints, bodies)
    reached = {GROUND, *(joint.child for joint in kept)}
    coordinates = {item.name: item for joint in joints for item in joint.coordinates}
    wraps = _wraps(model, reached)
    forces = _forces(model, coordinates, notes)
    muscles = [read_muscle(node, frames, coordinates, wraps, reached) for node in forces]
    notes += [
        f"coordinate {item.name}: clamped is false, so it has no limit, and {item.range[0]:g} to {item.range[1]:g} is "
        "only where lengths of muscles are sampled"
        for item in coordinates.values()
        if not (item.clamped or item.locked)
    ]
    held = [item for item in coordinates.values() if item.locked]
    notes += [f"coordinate {item.name}: held at {item.default:g}; no joint" for item in held]
    return OsimModel(
        name=model.name or model.file.stem,
        source=model.file.name,
        gravity=model.numbers("gravity", 3, [0, -9.80665, 0]),
        bodies=tuple(body for body in bodies if body.name in reached),
        joints=tuple(kept),
        markers=tuple(_markers(model, frames, reached)),
        wraps=tuple(wrap for wrap in wraps.values() if wrap),
        muscles=tuple(muscle for muscle in muscles if muscle),
        couplers=tuple(item._replace(rest=coordinates[item.other].default) for item in couplers),
        missing=tuple(model.lost),
        notes=tuple(notes),
    )


def _wraps(model: Node, reached: set[str]) -> dict[str, WrapObject | None]:
    """Wrap objects by name; None for one that cannot be carried over, or is on no body reached."""
    owners = [(model.get("Ground"), GROUND), *((node, node.name) for node in model.objects("BodySet"))]
    wraps: dict[str, WrapObject | None] = {}  # as in OpenSim, the first of a name is the one that paths mean
    for item, body in [(item, body) for node, body in owners if node for item in node.objects("WrapObjectSet")]:
        wrap = read_wrap(item, body)
        wraps[item.name] = wraps.get(item.name) or (wrap if body in reached else None)
    return wraps


def _markers(model: Node, frames: Frames, reached: set[str]) -> Iterator[Point]:
    for node in model.objects("MarkerSet"):
        point = read_point(node, frames, node.numbers("location", 3))
        if point.body in reached:
            yield point
        else:
            node.lose("is on a body that is left out")


def _version(root: Node) -> int:
    if root.tag != "OpenSimDocument":
        raise root.error(f"the file is a <{root.tag}>, not an <OpenSimDocument>: not an OpenSim model.")
    version = root.attributes.get("Version", "")
    if not version.isdecimal() or int(version) < _OLDEST or _TRIAL <= int(version) < _BESIDE:
        wanted = f"{_OLDEST} or newer that is of no trial release ({_TRIAL} to {_BESIDE - 1}) is needed"
        raise root.error(f"document version '{version}'; {wanted}: {_SAVE_AGAIN}.")
    return int(version)


def _upgrade(model: Node) -> None:
    """Add to a model of OpenSim 3, in place, what OpenSim 4 would write of it: joints beside bodies, frames by path."""

    def add(owner: Node, tag: str, text: str = "", name: str = "") -> Node:
        owner.children.append(Node(owner.file, tag, name, owner.line, f"{owner.place}/{tag}", {}, [], text, model.lost))
        return owner.children[-1]

    joints = add(add(model, "JointSet"), "objects").children
    for body in model.objects("BodySet"):
        add(body, "inertia", " ".join(body.string(f"inertia_{ij}", "0") for ij in ("xx", "yy", "zz", "xy", "xz", "yz")))
        for joint in body.parts("Joint"):
            if joint.name in [other.name for other in joints]:
                joint.name += f"_{body.name}"
            joints.append(joint)
            frames = add(joint, "frames")
            for end, of, place in (("parent", joint.string("parent_body"), "_in_parent"), ("child", body.name, "")):
                frame = add(frames, "PhysicalOffsetFrame", name=f"{end}_offset")
                add(frame, "socket_parent", f"/bodyset/{of}")
                add(frame, "translation", joint.string(f"location{place}", "0 0 0"))
                add(frame, "orientation", joint.string(f"orientation{place}", "0 0 0"))
                add(joint, f"socket_{end}_frame", frame.name)
            add(joint, "coordinates").children += joint.objects("CoordinateSet")
            if joint.flag("reverse", False):
                raise joint.error("is reversed. Open the file in OpenSim 4 and save it.")
    for node in list(model.walk()):
        if node.get("body") and (node.tag == "Marker" or node.tag.endswith("PathPoint")):
            add(node, "socket_parent_frame", f"/bodyset/{node.string('body')}")
        if node.get("isDisabled"):
            for tag in ("appliesForce", "isEnforced"):
                add(node, tag, str(not node.flag("isDisabled", False)))


def _check_names(model: Node) -> None:
    """Names by which others are found must exist once."""
    for group in ("BodySet", "JointSet", "MarkerSet", "ForceSet"):
        seen: set[str] = set()
        for node in model.objects(group):
            if not node.name or node.name in seen:
                what = f"the name '{node.name}' stands twice" if node.name else "an element has no name"
                raise node.error(f"{what} in the {group}.")
            seen.add(node.name)


def _connected(joints: list[Joint], bodies: list[Body]) -> list[Joint]:
    """The joints that make a tree on the ground, in the order in which MuJoCo numbers them: depth first."""
    parent_of: dict[str, Joint] = {}
    for joint in joints:
        if joint.child == GROUND or joint.child in parent_of:
            joint.node.lose(f"closes a loop of bodies at {joint.child}; left out")
        else:
            parent_of[joint.child] = joint

    def beyond(parent: str) -> Iterator[Joint]:
        for joint in parent_of.values():
            if joint.parent == parent:
                yield joint
                yield from beyond(joint.child)

    order = list(beyond(GROUND))
    reached = {GROUND, *(joint.child for joint in order)}
    for body in bodies:
        if body.name not in reached:
            body.node.lose("no chain of joints leads to it from the ground; left out")
    return order


def _forces(model: Node, coordinates: dict[str, Coordinate], notes: list[str]) -> list[Node]:
    """The muscles among the forces."""
    muscles = []
    for node in model.objects("ForceSet"):
        is_on = node.flag("appliesForce", True)
        if node.tag in DEFAULTS and is_on:
            muscles.append(node)
        elif node.tag in DEFAULTS:
            node.lose("is switched off (appliesForce is false); left out")
        elif not is_on:
            continue
        elif node.tag == "CoordinateLimitForce":
            coordinate = coordinates.get(node.string("coordinate", "").rsplit("/", 1)[-1])
            is_clamped = coordinate is not None and coordinate.clamped
            hard = "the limits of the coordinate, which are hard, are instead"
            instead = hard if is_clamped else "left out, and the coordinate has no limit (clamped is false)"
            low, high = (node.string(f"{end}_limit", "0") for end in ("lower", "upper"))
            line = f"{node.place}: a force that begins at {low} and {high} (degrees or m); {instead}"
            (notes if is_clamped else node.lost).append(line)
        else:
            node.lose(f"forces of kind {node.tag} cannot be carried over; left out{node.figures()}")
    return muscles


def _constraints(model: Node) -> tuple[list[Coupler], dict[str, float]]:
    """The couplers that are enforced, and where these put the coordinates that follow at the default pose."""
    couplers = []
    rest = {node.name: node.number("default_value", 0.0) for node in model.walk() if node.tag == "Coordinate"}
    for node in model.objects("ConstraintSet"):
        if not node.flag("isEnforced", True):
            continue
        others = node.string("independent_coordinate_names", "")
        names = [node.string("dependent_coordinate_name", "-"), *([others] if others in rest else others.split())]
        if node.tag != "CoordinateCouplerConstraint" or len(names) != 2:
            what = "constraints other than couplers of two coordinates cannot be carried over; left out"
            node.lose(f"{what}{node.figures()}, and what it holds is free")
            continue
        for name in names:
            if name not in rest:
                raise node.unknown("coordinate", name, rest)
        function = read_function(node.need("coupled_coordinates_function"))
        couplers.append(Coupler(names[0], names[1], 0.0, node.number("scale_factor", 1.0), function, node.place))
    for group, what in (("ContactGeometrySet", "contact surfaces"), ("ControllerSet", "controllers")):
        for node in model.objects(group):
            node.lose(f"{what} cannot be carried over; left out{node.figures()}")
    for _ in couplers:  # as often as the longest chain of them takes
        settled = rest | {item.coordinate: item.scale * item.function.value(rest[item.other]) for item in couplers}
        if settled == rest:
            break
        rest = settled
    return couplers, {item.coordinate: rest[item.coordinate] for item in couplers}
