"""Spatial tendons: length, rate of length, and what a unit of tension does to the links.

A straight piece of tendon from link a to link b acts on both along one line, the spatial vector ``(x cross e, e)`` of
any point x on it and its direction e: it lengthens by ``line . (velocity of b - velocity of a)``, and a force f along
the way of lengthening, MuJoCo's actuator_force, is ``f line`` on b and ``-f line`` on a.
"""

from dataclasses import dataclass

import mujoco
import numpy as np

from mousearm.engine.expressions import Scalar, Value, bare, constant, cross, literal
from mousearm.engine.tree import Tree

SITE, SPHERE, PULLEY = (
    int(kind) for kind in (mujoco.mjtWrap.mjWRAP_SITE, mujoco.mjtWrap.mjWRAP_SPHERE, mujoco.mjtWrap.mjWRAP_PULLEY)
)


@dataclass
class Tendon:
    """Length (m), rate of length (m/s), and by link the spatial force of unit length-giving force, (6,)."""

    length: Value
    rate: Value
    lines: dict[int, np.ndarray]


class _Path:
    """A tendon as it is followed from its first site to its last."""

    def __init__(self, tree: Tree, name: str):
        self.tree, self.code, self.name = tree, tree.code, name
        self.length: Value = 0.0
        self.lines: dict[int, np.ndarray] = {}
        self.pieces = 0

    def line(self, start: int, end: int, point: np.ndarray, direction: np.ndarray) -> None:
        """Account for a piece between two links, along a unit direction through a point."""
        if start == end:
            return
        line = np.concatenate([cross(point, direction), direction])
        for link, sign in ((start, -1.0), (end, 1.0)):
            if link:
                self.lines[link] = self.lines.get(link, constant(np.zeros(6))) + sign * line

    def straight(self, start: tuple[int, np.ndarray], end: tuple[int, np.ndarray]) -> None:
        """A piece between two points of two links."""
        along = end[1] - start[1]
        if not any(isinstance(part, Scalar) for part in along):
            self.length = self.length + float(np.linalg.norm(along.astype(float)))
            return
        name = f"{self.name}_{self.pieces}"
        self.pieces += 1
        along = self.code.let_all(f"{name}_along", along)
        square = sum((part * part for part in along), 0.0)
        length = self.code.let(f"{name}_length", Scalar(f"root({bare(square)})"))
        self.length = self.length + length
        if start[0] != end[0]:
            inverse = self.code.let(f"{name}_inverse", Scalar(f"reciprocal({length})"))
            direction = self.code.let_all(f"{name}_direction", along * inverse)
            self.line(start[0], end[0], start[1], direction)

    def wrapped(self, start: tuple[int, np.ndarray], end: tuple[int, np.ndarray], geom: int, side: int) -> None:
        """A piece that goes around a sphere or cylinder where the geom is in its way."""
        model, code = self.tree.model, self.code
        name = f"{self.name}_{self.pieces}"
        self.pieces += 1
        body, is_sphere = int(model.geom_bodyid[geom]), model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_SPHERE
        link, centre = self.tree.point(body, model.geom_pos[geom])
        axis = constant(np.zeros(3))
        if not is_sphere:
            third = np.zeros(9)
            mujoco.mju_quat2Mat(third, model.geom_quat[geom])
            axis = self.tree.direction(body, third.reshape(3, 3)[:, 2])
        to_side = constant(np.zeros(3))
        if side >= 0:
            to_side = self.tree.point(int(model.site_bodyid[side]), model.site_pos[side])[1] - centre
        flags = f"{str(bool(is_sphere)).lower()}, {str(side >= 0).lower()}"
        vectors = ", ".join(_vector(v) for v in (start[1] - centre, end[1] - centre, axis, to_side))
        code.write(f"const Wrap<T> {name} = wrap<T, {flags}>({vectors}, {literal(float(model.geom_size[geom, 0]))});")
        self.length = self.length + Scalar(f"{name}.length")
        first = np.array([Scalar(f"{name}.first.{axis}") for axis in "xyz"], dtype=object)
        last = np.array([Scalar(f"{name}.last.{axis}") for axis in "xyz"], dtype=object)
        self.line(start[0], link, start[1], first)
        self.line(link, end[0], end[1], last)


def _vector(values: np.ndarray) -> str:
    return "Vector<T>{" + ", ".join(map(bare, values)) + "}"


def tendon(tree: Tree, velocities: dict[int, np.ndarray], number: int) -> Tendon:
    """Follow a spatial tendon of the model; see `Tendon`."""
    model, path = tree.model, _Path(tree, f"tendon{number}")
    first, count = int(model.tendon_adr[number]), int(model.tendon_num[number])
    kinds, objects = model.wrap_type[first : first + count], model.wrap_objid[first : first + count]

    def site(i: int) -> tuple[int, np.ndarray]:
        return tree.point(int(model.site_bodyid[objects[i]]), model.site_pos[objects[i]])

    tree.code.title("tendon", model.tendon(number).name, number)
    i = 0
    while i < count - 1:
        if kinds[i + 1] == SITE:
            path.straight(site(i), site(i + 1))
            i += 1
        else:
            side = round(float(model.wrap_prm[first + i + 1]))
            path.wrapped(site(i), site(i + 2), int(objects[i + 1]), side)
            i += 2
    rate: Value = 0.0
    lines = {}
    for link, line in path.lines.items():
        lines[link] = tree.code.let_all(f"tendon{number}_on{link}", line)
        rate = rate + lines[link] @ velocities[link]
    length = tree.code.let(f"tendon{number}_total", path.length)
    return Tendon(length, tree.code.let(f"tendon{number}_rate", rate), lines)
