"""The tree of bodies as MuJoCo places them: joints as hinges and slides, exactly; capsules along the segments."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from mousearm.errors import ModelError
from mousearm.model.opensim.elements import GROUND, Axis, Coordinate, Joint, OsimModel

# OpenSim is y up, MuJoCo z up: (x, y, z) becomes (z, x, y).
Z_UP = np.array([[0.0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])

# Radius over length, so that the masses of the mouse model (0.24, 0.087, 0.025 and 0.039 g) come out.
SLENDERNESS = {"first": 0.215, "middle": 0.128, "beside": 0.073, "last": 0.2}

# Joints nearer to each other than this part of the whole chain are one joint of two axes, not a segment.
_SHORT = 0.1
# The last segment reaches this much beyond its farthest marker.
_BEYOND_TIP = 1.18


@dataclass(frozen=True, eq=False)
class Dof:
    """A hinge or slide: its value is ``scale`` (above 0) times the coordinate's; ``axis`` is in the body's axes.

    ``range`` limits it only if it is ``limited``.
    """

    name: str
    coordinate: str
    kind: str
    axis: np.ndarray
    scale: float
    range: tuple[float, float]
    limited: bool
    rest: float


@dataclass(frozen=True, eq=False)
class Link:
    """A body in its parent when all its joints are at 0: (4, 4) pose; hinges pass through ``anchor`` (its axes, m)."""

    name: str
    parent: str
    pose: np.ndarray
    anchor: np.ndarray
    dofs: tuple[Dof, ...]


def build_tree(model: OsimModel, names: Mapping[str, str]) -> dict[str, Link]:
    """The bodies as MuJoCo places them, parents before children; ``names``: coordinate -> joint with another name."""
    return {joint.child: _link(joint, names) for joint in model.joints}


def _link(joint: Joint, names: Mapping[str, str]) -> Link:
    """Place a body and its axes.

    OpenSim: X = P T R1 R2 R3 C^-1 with P, C the offset frames and Rk = Mk Fk, a moving and a fixed rotation about the
    same axis a_k. MuJoCo: X = X0 N1 N2 N3 with X0 the pose at 0 and Nk about fixed axes of the body. Equal with
    X0 = P T0 F1 F2 F3 C^-1 and the axis of Nk = C (Fk ... F3)^T a_k. Translations act before the rotations, along axes
    of P, that is C (F1 F2 F3)^T a in the body.
    """
    from scipy.spatial.transform import Rotation  # slow to import

    coordinates = {item.name: item for item in joint.coordinates}
    child_turn = joint.child_pose[:3, :3]
    fixed = np.eye(3)  # Fk ... F3
    hinges: list[Dof] = []
    for axis in reversed(joint.rotations):
        fixed = Rotation.from_rotvec(axis.axis * axis.intercept).as_matrix() @ fixed
        if axis.coordinate:
            hinges.insert(0, _dof("hinge", axis, child_turn @ fixed.T @ axis.axis, coordinates, names))
    start = np.eye(4)
    start[:3, :3] = fixed
    slides: list[Dof] = []
    for axis in joint.translations:
        start[:3, 3] += axis.axis * axis.intercept
        if axis.coordinate:
            slides.append(_dof("slide", axis, child_turn @ fixed.T @ axis.axis, coordinates, names))
    pose = joint.parent_pose @ start @ np.linalg.inv(joint.child_pose)
    if joint.parent == GROUND:
        pose = Z_UP @ pose
    return Link(joint.child, joint.parent, pose, joint.child_pose[:3, 3].copy(), (*slides, *hinges))


def _dof(
    kind: str, axis: Axis, direction: np.ndarray, coordinates: Mapping[str, Coordinate], names: Mapping[str, str]
) -> Dof:
    """A negative slope turns the axis round, so that the joint's value keeps the coordinate's sign."""
    coordinate = coordinates[axis.coordinate or ""]
    scale = abs(axis.slope)
    low, high = coordinate.range
    return Dof(
        name=names.get(coordinate.name, coordinate.name),
        coordinate=coordinate.name,
        kind=kind,
        axis=direction * np.sign(axis.slope),
        scale=scale,
        range=(low * scale, high * scale),
        limited=coordinate.clamped,
        rest=coordinate.default * scale,
    )


@dataclass(frozen=True, eq=False)
class Segment:
    """A capsule from ``start`` to ``end`` (m, axes of the body), caps included."""

    start: np.ndarray
    end: np.ndarray
    radius: float

    @property
    def axis(self) -> tuple[np.ndarray, np.ndarray]:
        """Centres of the two caps: 2/3 radius inside each end, so that the volume is that of the cylinder."""
        along = self.end - self.start
        inset = min(2 / 3 * self.radius / np.linalg.norm(along), 0.49)
        return self.start + inset * along, self.end - inset * along


def find_segments(model: OsimModel, links: Mapping[str, Link], radii: Mapping[str, float]) -> dict[str, Segment]:
    """Fit a capsule to each body that has a joint, and an extent.

    It begins at the body's joint and ends at the next joint further out that is not almost at the same place; the last
    body of a chain ends beyond its farthest marker (or muscle point, or at twice the way to its centre of mass), those
    of bodies that are fixed to it included.

    Raises:
        ModelError: if ``radii``, in m by body, names a body that does not exist.
    """
    for name, radius in radii.items():
        if name not in links or radius <= 0:
            raise ModelError(f"radii: {name}={radius:g}; give radii above 0 m of bodies: {', '.join(links)}.")
    moving = [link for link in links.values() if link.dofs]
    tips = {link.name: _tip(model, links, link) for link in moving}
    reach = _chain_length(links, moving, tips)
    segments: dict[str, Segment] = {}
    for link in moving:
        later = _anchors_beyond(links, link.name)
        far = [anchor for anchor in later if np.linalg.norm(anchor - link.anchor) > _SHORT * reach]
        end = far[0] if far else tips[link.name]
        if np.linalg.norm(end - link.anchor) < 1e-6:
            continue
        role = _role(link, links, segments, bool(far))
        radius = radii.get(link.name, SLENDERNESS[role] * float(np.linalg.norm(end - link.anchor)))
        segments[link.name] = Segment(link.anchor, end, radius)
    return segments


def _anchors_beyond(links: Mapping[str, Link], name: str) -> list[np.ndarray]:
    """Anchors of the moving bodies that hang on a body, nearest in the tree first, in its axes at joint values 0."""
    frames, anchors = {name: np.eye(4)}, []
    for link in links.values():  # parents come before children
        if link.parent in frames:
            frame = frames[link.name] = frames[link.parent] @ link.pose
            if link.dofs:
                anchors.append(frame[:3, :3] @ link.anchor + frame[:3, 3])
    return anchors


def _tip(model: OsimModel, links: Mapping[str, Link], link: Link) -> np.ndarray:
    frames = {link.name: np.eye(4)}  # of what is fixed to it
    for other in links.values():
        if other.parent in frames and not other.dofs:
            frames[other.name] = frames[other.parent] @ other.pose

    def located(points: Iterable[tuple[str, np.ndarray]]) -> list[np.ndarray]:
        return [frames[body][:3, :3] @ at + frames[body][:3, 3] for body, at in points if body in frames]

    markers = located((point.body, point.location) for point in model.markers)
    points = located((point.body, point.location) for muscle in model.muscles for point in muscle.points)
    mass_centres = located((body.name, body.com) for body in model.bodies)
    for candidates, factor in ((markers, _BEYOND_TIP), (points, _BEYOND_TIP), (mass_centres, 2.0)):
        ways = [location - link.anchor for location in candidates]
        if ways and max(np.linalg.norm(way) for way in ways) > 1e-6:
            return link.anchor + factor * max(ways, key=lambda way: float(np.linalg.norm(way)))
    return link.anchor


def _chain_length(links: Mapping[str, Link], moving: list[Link], tips: Mapping[str, np.ndarray]) -> float:
    """Longest way from a first joint over the joints between to a tip, m."""
    longest = 0.0
    ways: dict[str, tuple[float, np.ndarray]] = {}  # per body: way so far, and its end in the body's axes
    for link in links.values():
        way, end = ways.get(link.parent, (0.0, None))
        if end is not None:
            end = link.pose[:3, :3].T @ (end - link.pose[:3, 3])
        if link in moving:
            way += 0.0 if end is None else float(np.linalg.norm(link.anchor - end))
            end = link.anchor
            longest = max(longest, way + float(np.linalg.norm(tips[link.name] - link.anchor)))
        if end is not None:
            ways[link.name] = (way, end)
    return longest


def _role(link: Link, links: Mapping[str, Link], done: Mapping[str, Segment], joint_beyond: bool) -> str:
    parent = link.parent
    while parent in links and parent not in done:
        parent = links[parent].parent
    if parent not in done:
        return "first"
    if not joint_beyond:
        return "last"
    before = done[parent]
    start = links[link.name].pose[:3, :3] @ link.anchor + links[link.name].pose[:3, 3]
    near = np.linalg.norm(start - before.start) < 0.5 * np.linalg.norm(before.end - before.start)
    return "beside" if link.parent == parent and near else "middle"
