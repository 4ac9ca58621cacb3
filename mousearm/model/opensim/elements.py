"""Parts of an OpenSim model as plain data: metres, kilograms, seconds, radians; y up, as in OpenSim."""

from dataclasses import dataclass

import numpy as np

from mousearm.model.opensim.functions import Function

GROUND = "ground"


def pose(translation: np.ndarray, orientation: np.ndarray) -> np.ndarray:
    """(4, 4) frame from a translation in m and body-fixed x-y-z angles in rad."""
    from scipy.spatial.transform import Rotation  # slow to import

    frame = np.eye(4)
    frame[:3, :3] = Rotation.from_euler("XYZ", orientation).as_matrix()
    frame[:3, 3] = translation
    return frame


@dataclass(frozen=True, eq=False)
class Body:
    """A rigid body; ``inertia`` is (xx, yy, zz, xy, xz, yz) about the centre of mass ``com``, both in its axes."""

    name: str
    mass: float
    com: np.ndarray
    inertia: np.ndarray
    place: str


@dataclass(frozen=True, eq=False)
class Coordinate:
    """A degree of freedom: its value at the start, its range, whether it stays at that value, and in that range."""

    name: str
    default: float
    range: tuple[float, float]
    locked: bool
    clamped: bool


@dataclass(frozen=True, eq=False)
class Coupler:
    """A coordinate that is ``scale`` times a function of another, whose value at the default pose is ``rest``."""

    coordinate: str
    other: str
    rest: float
    scale: float
    function: Function
    place: str


@dataclass(frozen=True, eq=False)
class Axis:
    """A rotation about, or translation along, ``axis`` by slope x coordinate + intercept; coordinate None: constant."""

    axis: np.ndarray
    coordinate: str | None
    slope: float
    intercept: float


@dataclass(frozen=True, eq=False)
class Joint:
    """Connection of a body to another.

    Child body in parent body = parent_pose x translations x rotations (in their order) x inverse(child_pose). The
    axes of translations are those of the parent's offset frame; each rotation turns the axes of the next.
    """

    name: str
    parent: str
    child: str
    parent_pose: np.ndarray
    child_pose: np.ndarray
    rotations: tuple[Axis, ...]
    translations: tuple[Axis, ...]
    coordinates: tuple[Coordinate, ...]


@dataclass(frozen=True, eq=False)
class Point:
    """A marker or a point of a muscle's path: (3,) m in the axes of its body."""

    name: str
    body: str
    location: np.ndarray


@dataclass(frozen=True, eq=False)
class WrapObject:
    """A cylinder along its z axis, or a sphere (``length`` 0); ``side`` is ``+x``, ``-x``, ... or empty."""

    name: str
    kind: str
    body: str
    pose: np.ndarray
    radius: float
    length: float
    side: str


@dataclass(frozen=True, eq=False)
class PathWrap:
    """A path may bend around a wrap object in the segments ``first`` up to, not including, ``last``."""

    wrap: str
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Muscle:
    """A muscle and its path, from one end to the other.

    Attributes:
        points: at least two.
        wraps: what its path may bend around.
        force: maximum isometric force, N.
        fiber: optimal fibre length, m.
        tendon: tendon slack length, m.
        pennation: angle of the fibres at optimal length, rad.
        max_velocity: largest speed of shortening, optimal fibre lengths per second.
        activation, deactivation: time constants, s.
        excitation: lowest and highest.
        passive: whether its fibres resist stretch.
    """

    name: str
    points: tuple[Point, ...]
    wraps: tuple[PathWrap, ...]
    force: float
    fiber: float
    tendon: float
    pennation: float
    max_velocity: float
    activation: float
    deactivation: float
    excitation: tuple[float, float]
    passive: bool


@dataclass(frozen=True, eq=False)
class OsimModel:
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
