"""The tree of bodies as MuJoCo places them: joints as hinges and slides, exactly; capsules along the segments."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from mousearm.model.opensim.elements import GROUND, Axis, Joint, OsimModel, Point, placed

# Coordinates of the published mouse model -> the joints that mousearm's own models have.
JOINT_NAMES = {"extension_angle": "shoulder_ext", "rotation_angle": "shoulder_rot"}

# OpenSim is y up, MuJoCo z up: (x, y, z) becomes (z, x, y).
Z_UP = np.array([[0.0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])

# Radius over length, so that the masses of the mouse model (0.24, 0.087, 0.025 and 0.039 g) come out.
SLENDERNESS = {"first": 0.215, "middle": 0.128, "beside": 0.073, "last": 0.2}

# Joints nearer to each other than this part of the whole chain are one joint of two axes, not a segment.
_SHORT = 0.1
# The last segment reaches this much beyond its farthest marker.
_BEYOND_TIP = 1.18


class Dof(NamedTuple):
    """A hinge or slide: its value is ``scale`` (above 0) times the coordinate's."""

    name: str
    coordinate: str
    kind: str
    axis: np.ndarray  # in the body's axes
    scale: float
    range: tuple[float, float]
    limited: bool  # whether it keeps to its range
    rest: float


class Link(NamedTuple):
    """A body in its parent when all its joints are at 0."""

    name: str
    parent: str
    pose: np.ndarray  # (4, 4)
    anchor: np.ndarray  # (3,) m, in its axes: where its hinges pass through
    dofs: tuple[Dof, ...]


def build_tree(model: OsimModel) -> dict[str, Link]:
    """The bodies as MuJoCo places and numbers them, parents before children."""
    return {joint.child: _link(joint) for joint in model.joints}


def _link(joint: Joint) -> Link:
    """Place a body and its axes.

    OpenSim: X = P T R1 R2 R3 C^-1 with P, C the offset frames and Rk = Mk Fk, a moving and a fixed rotation about the
    same axis a_k. MuJoCo: X = X0 N1 N2 N3 with X0 the pose at 0 and Nk about fixed axes of the body. Equal with
    X0 = P T0 F1 F2 F3 C^-1 and the axis of Nk = C (Fk ... F3)^T a_k. Translations act before the rotations, along axes
    of P, that is C (F1 F2 F3)^T a in the body.
    """
    from scipy.spatial.transform import Rotation  # slow to import

    coordinates = {item.name: item for item in joint.coordinates}
    fixed, start = np.eye(3), np.eye(4)  # Fk ... F3, and T0 F1 F2 F3

    def dofs(kind: str, axis: Axis) -> list[Dof]:
        """None for an axis that stays; a negative slope turns it round, so that values keep the coordinate's sign."""
        if axis.coordinate is None:
            return []
        coordinate, scale = coordinates[axis.coordinate], abs(axis.slope)
        direction = joint.child_pose[:3, :3] @ fixed.T @ axis.axis * np.sign(axis.slope)
        low, high, rest = (scale * value for value in (*coordinate.range, coordinate.default))
        name = JOINT_NAMES.get(coordinate.name, coordinate.name)
        return [Dof(name, coordinate.name, kind, direction, scale, (low, high), coordinate.clamped, rest)]

    hinges: list[Dof] = []
    for axis in reversed(joint.rotations):
        fixed = Rotation.from_rotvec(axis.axis * axis.intercept).as_matrix() @ fixed
        hinges = dofs("hinge", axis) + hinges
    start[:3, :3] = fixed
    slides: list[Dof] = []
    for axis in joint.translations:
        start[:3, 3] += axis.axis * axis.intercept
        slides += dofs("slide", axis)
    frame = joint.parent_pose @ start @ np.linalg.inv(joint.child_pose)
    if joint.parent == GROUND:
        frame = Z_UP @ frame
    return Link(joint.child, joint.parent, frame, joint.child_pose[:3, 3].copy(), (*slides, *hinges))


class Capsule(NamedTuple):
    """A capsule along a segment, in the axes of a body."""

    ends: np.ndarray  # (6,) m, the centres of the two caps
    radius: float


def carriers(links: Mapping[str, Link]) -> dict[str, str]:
    """The body itself, or the next one that it hangs on, that has joints, by body; none for what does not move."""
    carrier: dict[str, str] = {}
    for link in links.values():  # parents come before children
        if link.dofs or link.parent in carrier:
            carrier[link.name] = link.name if link.dofs else carrier[link.parent]
    return carrier


def find_capsules(model: OsimModel, links: Mapping[str, Link]) -> dict[str, Capsule]:
    """Fit a capsule to each body that has a joint, and an extent.

    It begins at the body's joint and ends at the next joint further out that is not almost at the same place; the last
    body of a chain ends beyond its farthest marker (or muscle point, or at twice the way to its centre of mass), those
    of bodies that are fixed to it included.
    """
    frames, hung_on, anchors = {GROUND: np.eye(4)}, {GROUND: list[str]()}, dict[str, np.ndarray]()
    for link in links.values():  # all joints at 0
        frames[link.name] = frames[link.parent] @ link.pose
        hung_on[link.name] = [link.parent, *hung_on[link.parent]]  # the nearest first
        if link.dofs:
            anchors[link.name] = placed(frames[link.name], link.anchor)
    tips = {name: _tip(model, frames, carriers(links), name, anchor) for name, anchor in anchors.items()}
    ways: dict[str, float] = {}  # from a first joint to that of a body
    for name, anchor in anchors.items():
        before = next((other for other in hung_on[name] if other in anchors), None)
        ways[name] = ways[before] + math.dist(anchor, anchors[before]) if before else 0.0
    longest = max((way + math.dist(tips[name], anchors[name]) for name, way in ways.items()), default=0.0)
    capsules: dict[str, Capsule] = {}
    ends: dict[str, np.ndarray] = {}  # of their segments, in the world
    for name, anchor in anchors.items():
        later = sorted((other for other in anchors if name in hung_on[other]), key=lambda other: len(hung_on[other]))
        far = [anchors[other] for other in later if math.dist(anchors[other], anchor) > _SHORT * longest]
        end = far[0] if far else tips[name]
        if math.dist(end, anchor) < 1e-6:
            continue
        before = next((other for other in hung_on[name] if other in ends), None)
        if before is None:
            role = "first"
        elif not far:
            role = "last"
        else:
            is_near = math.dist(anchor, anchors[before]) < 0.5 * math.dist(ends[before], anchors[before])
            role = "beside" if before == links[name].parent and is_near else "middle"
        ends[name], length = end, math.dist(end, anchor)
        start, along = links[name].anchor, placed(np.linalg.inv(frames[name]), end) - links[name].anchor
        # Caps begin 2/3 radius inside each end, so that the volume is that of the cylinder.
        inset = min(2 / 3 * SLENDERNESS[role], 0.49) * along
        capsules[name] = Capsule(np.concatenate([start + inset, start + along - inset]), SLENDERNESS[role] * length)
    return capsules


def _tip(
    model: OsimModel, frames: Mapping[str, np.ndarray], carrier: Mapping[str, str], name: str, anchor: np.ndarray
) -> np.ndarray:
    """End of a body that is the last of a chain, (3,) m in the world."""
    points = [point for muscle in model.muscles for point in muscle.points]
    mass_centres = [Point("", body.name, body.com) for body in model.bodies]
    for candidates, factor in ((model.markers, _BEYOND_TIP), (points, _BEYOND_TIP), (mass_centres, 2.0)):
        ways = [placed(frames[of.body], of.location) - anchor for of in candidates if carrier.get(of.body) == name]
        farthest = max(ways, key=lambda way: float(np.linalg.norm(way)), default=np.zeros(3))
        if np.linalg.norm(farthest) > 1e-6:
            return anchor + factor * farthest
    return anchor
