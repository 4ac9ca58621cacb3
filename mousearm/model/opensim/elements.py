"""Parts of an OpenSim model as plain data: metres, kilograms, seconds, radians; y up, as in OpenSim."""

from typing import NamedTuple

import numpy as np

from mousearm.model.opensim.functions import Function
from mousearm.model.xml import Node

GROUND = "ground"


def pose(translation: np.ndarray, orientation: np.ndarray) -> np.ndarray:
    """(4, 4) frame from a translation in m and body-fixed x-y-z angles in rad."""
    from scipy.spatial.transform import Rotation  # slow to import

    frame = np.eye(4)
    frame[:3, :3] = Rotation.from_euler("XYZ", orientation).as_matrix()
    frame[:3, 3] = translation
    return frame


def placed(frame: np.ndarray, point: np.ndarray) -> np.ndarray:
    """(3,) m, a point given in the axes of a (4, 4) frame, in those that the frame is given in."""
    return frame[:3, :3] @ point + frame[:3, 3]


class Body(NamedTuple):
    """A rigid body."""

    name: str
    mass: float
    com: np.ndarray  # (3,) centre of mass, in its axes
    inertia: np.ndarray  # (xx, yy, zz, xy, xz, yz) about that, in its axes
    node: Node  # for messages


class Coordinate(NamedTuple):
    """A degree of freedom."""

    name: str
    default: float
    range: tuple[float, float]
    locked: bool  # whether it stays at its default
    clamped: bool  # whether it keeps to its range


class Coupler(NamedTuple):
    """A coordinate that is ``scale`` times a function of another, whose value at the default pose is ``rest``."""

    coordinate: str
    other: str
    rest: float
    scale: float
    function: Function
    place: str


class Axis(NamedTuple):
    """A rotation about, or translation along, ``axis`` by slope x coordinate + intercept; coordinate None: constant."""

    axis: np.ndarray
    coordinate: str | None
    slope: float
    intercept: float


class Joint(NamedTuple):
    """Connection of a body to another.

    Child body in parent body = parent_pose x translations x rotations (in their order) x inverse(child_pose). The
    axes of translations are those of the parent's offset frame; each rotation turns the axes of the next.
    """

    node: Node  # for messages
    parent: str
    child: str
    parent_pose: np.ndarray
    child_pose: np.ndarray
    rotations: tuple[Axis, ...]
    translations: tuple[Axis, ...]
    coordinates: tuple[Coordinate, ...]


class Point(NamedTuple):
    """A marker, a point of a muscle's path, or one that keeps a path on its side."""

    name: str
    body: str
    location: np.ndarray  # (3,) m in the axes of its body


class WrapObject(NamedTuple):
    """A cylinder along its z axis, or a sphere (``length`` 0); ``side`` is ``+x``, ``-x``, ... or empty."""

    name: str
    kind: str
    body: str
    pose: np.ndarray
    radius: float
    length: float
    side: str


class Muscle(NamedTuple):
    """A muscle and its path, from one end to the other."""

    name: str
    points: tuple[Point, ...]  # at least two
    wraps: tuple[tuple[str, range], ...]  # what its path may bend around, and in which segments
    force: float  # maximum isometric force, N
    fiber: float  # optimal fibre length, m
    tendon: float  # tendon slack length, m
    pennation: float  # angle of the fibres at optimal length, rad
    max_velocity: float  # largest speed of shortening, optimal fibre lengths per second
    activation: float  # time constant, s
    deactivation: float  # time constant, s
    excitation: tuple[float, float]  # lowest and highest
    passive: bool  # whether its fibres resist stretch


class OsimModel(NamedTuple):
    """A model; ``missing`` names, one line each, what could not be carried over and why; ``notes`` what to look at."""

    name: str
    source: str
    gravity: np.ndarray
    bodies: tuple[Body, ...]
    joints: tuple[Joint, ...]
    markers: tuple[Point, ...]
    wraps: tuple[WrapObject, ...]
    muscles: tuple[Muscle, ...]
    couplers: tuple[Coupler, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]
