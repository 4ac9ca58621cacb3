"""Joints of OpenSim as hinges and slides of MuJoCo: the exact port of the kinematics."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from mousearm.model.opensim.elements import GROUND, Axis, Coordinate, Joint, OsimModel

# OpenSim is y up, MuJoCo z up: (x, y, z) becomes (z, x, y).
Z_UP = np.array([[0.0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]])


@dataclass(frozen=True, eq=False)
class Dof:
    """A hinge or slide: its value is ``scale`` (above 0) times the coordinate's; ``axis`` is in the body's axes."""

    name: str
    kind: str
    axis: np.ndarray
    scale: float
    range: tuple[float, float]
    rest: float


@dataclass(frozen=True, eq=False)
class Link:
    """A body in its parent when all its joints are at 0: (4, 4) pose; hinges pass through ``anchor`` (own axes, m)."""

    name: str
    parent: str
    pose: np.ndarray
    anchor: np.ndarray
    dofs: tuple[Dof, ...]


def build_tree(model: OsimModel, names: Mapping[str, str]) -> dict[str, Link]:
    """The bodies as MuJoCo places them, parents before children.

    Args:
        model: the OpenSim model.
        names: coordinate -> joint, where the joint is to be named otherwise.
    """
    return {joint.child: _link(joint, names) for joint in model.joints}


def _link(joint: Joint, names: Mapping[str, str]) -> Link:
    """Place a body and its axes.

    OpenSim: X = P T R1 R2 R3 C^-1 with P, C the offset frames and Rk = Mk Fk, a moving and a fixed rotation about the
    same axis a_k. MuJoCo: X = X0 N1 N2 N3 with X0 the pose at 0 and Nk about fixed axes of the body. Equal with
    X0 = P T0 F1 F2 F3 C^-1 and the axis of Nk = C (Fk ... F3)^T a_k. Translations act before the rotations, along axes
    of P, that is C (F1 F2 F3)^T a in the body.
    """
    coordinates = {item.name: item for item in joint.coordinates}
    child_turn = joint.child_pose[:3, :3]
    fixed = np.eye(3)  # Fk ... F3
    hinges: list[Dof] = []
    for axis in reversed(joint.rotations):
        fixed = Rotation.from_rotvec(axis.axis * _constant(axis, coordinates)).as_matrix() @ fixed
        if _moves(axis, coordinates):
            hinges.insert(0, _dof("hinge", axis, child_turn @ fixed.T @ axis.axis, coordinates, names))
    start = np.eye(4)
    start[:3, :3] = fixed
    slides: list[Dof] = []
    for axis in joint.translations:
        start[:3, 3] += axis.axis * _constant(axis, coordinates)
        if _moves(axis, coordinates):
            slides.append(_dof("slide", axis, child_turn @ fixed.T @ axis.axis, coordinates, names))
    pose = joint.parent_pose @ start @ np.linalg.inv(joint.child_pose)
    if joint.parent == GROUND:
        pose = Z_UP @ pose
    return Link(joint.child, joint.parent, pose, joint.child_pose[:3, 3].copy(), (*slides, *hinges))


def _moves(axis: Axis, coordinates: Mapping[str, Coordinate]) -> bool:
    return axis.coordinate is not None and not coordinates[axis.coordinate].locked


def _constant(axis: Axis, coordinates: Mapping[str, Coordinate]) -> float:
    """What an axis gives when its coordinate is 0; a locked coordinate stays at its default."""
    if axis.coordinate is not None and coordinates[axis.coordinate].locked:
        return axis.slope * coordinates[axis.coordinate].default + axis.intercept
    return axis.intercept


def _dof(
    kind: str, axis: Axis, direction: np.ndarray, coordinates: Mapping[str, Coordinate], names: Mapping[str, str]
) -> Dof:
    """A negative slope turns the axis round, so that the joint's value keeps the coordinate's sign."""
    coordinate = coordinates[axis.coordinate or ""]
    scale = abs(axis.slope)
    low, high = coordinate.range
    return Dof(
        name=names.get(coordinate.name, coordinate.name),
        kind=kind,
        axis=direction * np.sign(axis.slope),
        scale=scale,
        range=(low * scale, high * scale),
        rest=coordinate.default * scale,
    )
