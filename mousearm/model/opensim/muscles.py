"""Muscles, their paths and the objects that paths bend around."""

from collections.abc import Mapping

import numpy as np

from mousearm.model.opensim.elements import Coordinate, Muscle, Point, WrapObject, placed, pose
from mousearm.model.opensim.functions import read_function
from mousearm.model.opensim.joints import Frames
from mousearm.model.xml import Node

# Activation and deactivation time constants in s, and lowest excitation, where a file has none; these defaults, and
# those below, are OpenSim's, which writes no property that has its default (OpenSim 4.6).
DEFAULTS = {
    "Thelen2003Muscle": (0.015, 0.05, 0.01),
    "Millard2012EquilibriumMuscle": (0.01, 0.04, 0.01),
    "DeGrooteFregly2016Muscle": (0.015, 0.06, 0.0),
}
_Coordinates = Mapping[str, Coordinate]
_WRAPS = {"WrapCylinder": "cylinder", "WrapSphere": "sphere"}


def read_wrap(node: Node, body: str) -> WrapObject | None:
    """A wrap object of a body; None, and noted as lost, where MuJoCo has no counterpart."""
    if not node.flag("active", True):
        return None
    if node.tag not in _WRAPS:
        node.lose(f"paths in MuJoCo bend around cylinders and spheres only; left out{node.figures()}")
        return None
    frame = pose(node.numbers("translation", 3, 0), node.numbers("xyz_body_rotation", 3, 0))
    radius = node.number("radius", 1.0)
    length = node.number("length", 1.0) if node.tag == "WrapCylinder" else 0.0
    if radius <= 0 or length < 0:
        raise node.error(f"radius {radius:g} and length {length:g} must be above 0.")
    side = node.string("quadrant", "all").lower()
    side = side if side[0] in "+-" else f"+{side}"
    return WrapObject(node.name, _WRAPS[node.tag], body, frame, radius, length, side if side[1:] in (*"xyz",) else "")


def read_muscle(
    node: Node, frames: Frames, coordinates: _Coordinates, wraps: Mapping[str, WrapObject | None], reached: set[str]
) -> Muscle | None:
    """A muscle; None, and noted as lost, where fewer than two points are left, or one is on no body reached.

    A wrap object that is None exists, but cannot be carried over.
    """
    if (path := _path(node, frames, coordinates, wraps)) is None:
        return None
    points, bends = path
    force, fiber = node.number("max_isometric_force", 1000.0), node.number("optimal_fiber_length", 0.1)
    for key, value in (("max_isometric_force", force), ("optimal_fiber_length", fiber)):
        if value <= 0:
            raise node.need(key).error(f"must be above 0, not {value:g}.")
    if (tendon := node.number("tendon_slack_length", 0.2)) < 0:
        raise node.need("tendon_slack_length").error(f"must be at least 0, not {tendon:g}.")
    if lost := [point.name for point in points if point.body not in reached]:
        node.lose(f"point {lost[0]} is on a body that is left out; the muscle is left out")
        return None
    rise, fall, least = DEFAULTS[node.tag]
    excitation = node.number("min_control", least), node.number("max_control", 1.0)
    if not 0 <= excitation[0] < excitation[1]:
        raise node.error("min_control {:g} must be at least 0 and below max_control, {:g}.".format(*excitation))
    return Muscle(
        name=node.name,
        points=points,
        wraps=bends,
        force=force,
        fiber=fiber,
        tendon=tendon,
        pennation=node.number("pennation_angle_at_optimal", 0.0),
        max_velocity=node.number("max_contraction_velocity", 10.0),
        activation=node.number("activation_time_constant", rise),
        deactivation=node.number("deactivation_time_constant", fall),
        excitation=excitation,
        passive=not node.flag("ignore_passive_fiber_force", False),
    )


def _path(
    node: Node, frames: Frames, coordinates: _Coordinates, wraps: Mapping[str, WrapObject | None]
) -> tuple[tuple[Point, ...], tuple[tuple[str, range], ...]] | None:
    """Points of a muscle's path, and the objects that it bends around with the segments; None as of `read_muscle`."""
    path = node.get("GeometryPath")
    if path is None:
        node.lose("its path is not a GeometryPath; left out")
        return None
    points = [_point(item, frames, coordinates) for item in path.objects("PathPointSet")]
    kept = tuple(point for point in points if point is not None)
    if len(kept) < 2:
        node.lose(f"its path has {len(kept)} fixed points, two are needed; left out")
        return None
    position = np.cumsum([0] + [point is not None for point in points])  # of each point among those kept
    bends = []
    for item in path.objects("PathWrapSet"):
        name = item.string("wrap_object").rsplit("/", 1)[-1]
        if name not in wraps:
            raise item.unknown("wrap object", name, wraps)
        if wraps[name] is not None:
            bends.append((name, _bending(item, position)))
    return kept, tuple(bends)


def read_point(node: Node, frames: Frames, location: np.ndarray) -> Point:
    """A point given in any frame, in the axes of the body that carries the frame."""
    body, frame = frames.find(node, "", "socket_parent_frame")
    return Point(node.name, body, placed(frame, location))


def _point(node: Node, frames: Frames, coordinates: _Coordinates) -> Point | None:
    if node.tag == "MovingPathPoint":
        return _moving_point(node, frames, coordinates)
    if node.tag not in ("PathPoint", "ConditionalPathPoint"):
        node.lose(f"points of kind {node.tag} cannot be carried over; left out")
        return None
    point = read_point(node, frames, node.numbers("location", 3))
    if node.tag == "PathPoint":
        return point
    name = _coordinate_name(node, "coordinate")
    if name not in coordinates:
        raise node.unknown("coordinate", name, coordinates)
    coordinate, (low, high) = coordinates[name], sorted(node.numbers("range", 2))
    stays = low <= coordinate.default <= high
    if not coordinate.locked and (low > coordinate.range[0] or high < coordinate.range[1]):
        does = "does, and here always" if stays else "does not: left out"
        node.lose(
            f"the point counts only while {name} is within {low:g} to {high:g}; at the default pose, "
            f"{coordinate.default:g}, it {does}"
        )
    return point if stays else None


def _moving_point(node: Node, frames: Frames, coordinates: _Coordinates) -> Point:
    """A point that moves with coordinates, where it is at the default pose."""
    location, moves = np.zeros(3), set[str]()
    for i, letter in enumerate("xyz"):
        curve, name = read_function(node.need(f"{letter}_location")), _coordinate_name(node, f"{letter}_coordinate")
        coordinate = coordinates.get(name)
        if coordinate is None and not curve.is_constant:
            raise node.unknown("coordinate", name, coordinates)
        location[i] = curve.value(coordinate.default if coordinate else 0.0)
        if coordinate and not coordinate.locked and not curve.is_constant:
            moves.add(name)
    if moves:
        at = " ".join(f"{1e3 * x:.4g}" for x in location)
        node.lose(f"the point moves with {', '.join(sorted(moves))}; held where it is at the default pose, {at} mm")
    return read_point(node, frames, location)


def _coordinate_name(node: Node, key: str) -> str:
    """Name of a coordinate that an element names by a path, or, in older files, by that name."""
    return node.string(f"socket_{key}", node.string(key, "-")).rsplit("/", 1)[-1]


def _bending(node: Node, position: np.ndarray) -> range:
    """The segments in which a path may bend, of the points kept; given by two points, from 1 on (-1: an end)."""
    count = len(position) - 1
    first, last = (int(value) for value in node.numbers("range", 2, -1))
    first, last = (first if first > 0 else 1), (last if last > 0 else count)
    if first > count or last > count:
        raise node.need("range").error(f"the path has {count} points.")
    return range(position[first - 1], max(position[last] - 1, 0))
