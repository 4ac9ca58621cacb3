"""MuJoCo's scenes as instances of a few meshes, which is what a browser draws fast."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import mujoco
import numpy as np
import trimesh
from scipy.spatial.transform import Rotation

_GEOM = mujoco.mjtGeom
# MuJoCo's size 0 of a plane: it has no end.
_ENDLESS_M = 1.0
_PLANE_M = 1e-6


class Mesh(NamedTuple):
    """Vertices (V, 3) and triangles (F, 3)."""

    vertices: np.ndarray
    faces: np.ndarray


class Kind(NamedTuple):
    """What instances share.

    Attributes:
        shape: ``ball``, ``rod``, ``box`` or ``mesh``; the first three reach from -1 to 1 along each axis.
        number: which mesh of the model; -1 for the others.
        translucent: whether they are to be mixed with what is behind them.
    """

    shape: str
    number: int
    translucent: bool


@dataclass(frozen=True, slots=True)
class Instances:
    """N shapes of one kind.

    Attributes:
        position: (N, 3) metres.
        wxyz: (N, 4) orientation as a quaternion.
        scale: (N, 3) along the shape's own axes.
        colour: (N, 3) 0 to 1.
        opacity: (N,) 0 to 1.
    """

    position: np.ndarray
    wxyz: np.ndarray
    scale: np.ndarray
    colour: np.ndarray
    opacity: np.ndarray


class _Part(NamedTuple):
    """One mesh of a shape of MuJoCo's: a capsule is a rod and two balls."""

    shape: str
    offset: float  # m, along the shape's z axis
    scale: np.ndarray


def mesh_of(kind: Kind, model: mujoco.MjModel) -> Mesh:
    """The mesh that instances of a kind are copies of."""
    if kind.shape == "mesh":
        first, n = model.mesh_vertadr[kind.number], model.mesh_vertnum[kind.number]
        begin, count = model.mesh_faceadr[kind.number], model.mesh_facenum[kind.number]
        return Mesh(model.mesh_vert[first : first + n], model.mesh_face[begin : begin + count])
    made = {
        "ball": lambda: trimesh.creation.icosphere(subdivisions=3),
        "rod": lambda: trimesh.creation.cylinder(radius=1, height=2, sections=24),
        "box": lambda: trimesh.creation.box(extents=(2, 2, 2)),
    }[kind.shape]()
    return Mesh(made.vertices, made.faces)


def instances_of(scene: mujoco.MjvScene) -> Mapping[Kind, Instances]:
    """All shapes of a scene, by kind.

    Spheres, ellipsoids, capsules, cylinders, boxes, planes and meshes; other kinds (height fields, skins, flexes, which
    arms hardly have) are left out.
    """
    found: dict[Kind, list[tuple[mujoco.MjvGeom, _Part]]] = defaultdict(list)
    for shape in scene.geoms[: scene.ngeom]:
        for part in _parts(shape):
            number = shape.dataid // 2 if part.shape == "mesh" else -1  # the odd ones are convex hulls
            found[Kind(part.shape, number, bool(shape.rgba[3] < 1))].append((shape, part))
    return {kind: _gather(members) for kind, members in found.items()}


def _parts(shape: mujoco.MjvGeom) -> list[_Part]:
    size, kind = np.array(shape.size, dtype=float), shape.type
    if kind in (_GEOM.mjGEOM_SPHERE, _GEOM.mjGEOM_ELLIPSOID):
        return [_Part("ball", 0.0, size)]
    if kind == _GEOM.mjGEOM_CAPSULE:
        ends = [_Part("ball", side * size[2], np.full(3, size[0])) for side in (-1, 1)]
        return [_Part("rod", 0.0, size), *ends]
    if kind == _GEOM.mjGEOM_CYLINDER:
        return [_Part("rod", 0.0, size)]
    if kind == _GEOM.mjGEOM_BOX:
        return [_Part("box", 0.0, size)]
    if kind == _GEOM.mjGEOM_PLANE:
        return [_Part("box", 0.0, np.array([*np.where(size[:2] > 0, size[:2], _ENDLESS_M), _PLANE_M]))]
    if kind == _GEOM.mjGEOM_MESH:
        return [_Part("mesh", 0.0, np.ones(3))]
    return []


def _gather(members: list[tuple[mujoco.MjvGeom, _Part]]) -> Instances:
    turns = np.array([shape.mat for shape, _ in members], dtype=float).reshape(-1, 3, 3)
    offsets = np.array([part.offset for _, part in members])
    colours = np.array([shape.rgba for shape, _ in members], dtype=float)
    return Instances(
        position=np.array([shape.pos for shape, _ in members]) + offsets[:, None] * turns[:, :, 2],
        wxyz=Rotation.from_matrix(turns).as_quat(scalar_first=True),
        scale=np.array([part.scale for _, part in members]),
        colour=colours[:, :3],
        opacity=colours[:, 3],
    )
