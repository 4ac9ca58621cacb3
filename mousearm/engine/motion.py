"""Dynamics of links and joints: bias forces and the joint-space inertia, by spatial vectors.

All of them are about one fixed point of the world, in the world's axes: of a motion (angular velocity, velocity of the
point that passes there), of a force (moment, force). Featherstone, Rigid Body Dynamics Algorithms, 2008, chapters 5, 6.
"""

from dataclasses import dataclass

import numpy as np

from mousearm.engine.expressions import Scalar, Value, constant, cross
from mousearm.engine.tree import Tree, rotation


def motion_cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Rate of change of the motion b carried along by the motion a."""
    return np.concatenate([cross(a[:3], b[:3]), cross(a[:3], b[3:]) + cross(a[3:], b[:3])])


def force_cross(a: np.ndarray, f: np.ndarray) -> np.ndarray:
    """Rate of change of the force f carried along by the motion a."""
    return np.concatenate([cross(a[:3], f[:3]) + cross(a[3:], f[3:]), cross(a[:3], f[3:])])


@dataclass
class Inertia:
    """Spatial inertia about the origin: (6,) xx yy zz xy xz yz, mass times centre (3,), mass."""

    rotational: np.ndarray
    moment: np.ndarray
    mass: float

    def __add__(self, other: "Inertia") -> "Inertia":
        return Inertia(self.rotational + other.rotational, self.moment + other.moment, self.mass + other.mass)

    def times(self, motion: np.ndarray) -> np.ndarray:
        """Momentum of a motion (6,)."""
        xx, yy, zz, xy, xz, yz = self.rotational
        matrix = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]], dtype=object)
        angular = matrix @ motion[:3] + cross(self.moment, motion[3:])
        return np.concatenate([angular, self.mass * motion[3:] - cross(self.moment, motion[:3])])


def link_inertia(tree: Tree, link: int) -> Inertia | None:
    """Inertia of a link with all that is welded to it; None for one without mass."""
    model, on_link = tree.model, tree.links[link]
    bodies = [body for body in range(1, model.nbody) if tree.place(body).link == link and model.body_mass[body] > 0]
    if not bodies:
        return None
    masses = np.array([model.body_mass[body] for body in bodies])
    places = [tree.place(body) for body in bodies]
    centres = np.array([p.offset + p.rotation @ model.body_ipos[b] for p, b in zip(places, bodies, strict=True)])
    centre, total = masses @ centres / masses.sum(), float(masses.sum())
    local = np.zeros((3, 3))
    for place, body, mass, at in zip(places, bodies, masses, centres, strict=True):
        axes = place.rotation @ rotation(model.body_iquat[body])
        local += axes @ np.diag(model.body_inertia[body]) @ axes.T + mass * _about(at - centre)
    aligned = constant(on_link.aligned @ local @ on_link.aligned.T)
    rows = on_link.orientation
    half = tree.code.let_all(f"half{link}", rows @ aligned)
    where = tree.code.let_all(f"centre{link}", on_link.at(centre))
    moment = tree.code.let_all(f"moment{link}", total * where)
    turned = [half[i] @ rows[j] for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))]
    x, y, z = where
    mx, my, mz = moment
    shifted = [my * y + mz * z, mx * x + mz * z, mx * x + my * y, 0.0 - mx * y, 0.0 - mx * z, 0.0 - my * z]
    rotational = np.array([a + b for a, b in zip(turned, shifted, strict=True)], dtype=object)
    return Inertia(tree.code.let_all(f"inertia{link}", rotational), moment, total)


def _about(offset: np.ndarray) -> np.ndarray:
    """Inertia of a unit mass at an offset."""
    return offset @ offset * np.eye(3) - np.outer(offset, offset)


@dataclass
class LinkMotion:
    """Velocities of the links, and the forces that hold them on their way without joint accelerations."""

    velocities: dict[int, np.ndarray]
    forces: dict[int, np.ndarray]
    inertias: dict[int, Inertia]


def move(tree: Tree, gravity: np.ndarray) -> LinkMotion:
    """Newton and Euler from the root to the tips."""
    code, none = tree.code, constant(np.zeros(6))
    velocities = {0: none}
    accelerations = {0: constant(np.concatenate([np.zeros(3), -gravity]))}
    motion = LinkMotion(velocities, {}, {})
    for body, link in tree.links.items():
        if body == 0:
            continue
        velocity, acceleration = velocities[link.parent], accelerations[link.parent]
        for joint in link.joints:
            rate, along = Scalar(f"v[{joint}]"), tree.motions[joint]
            carried = motion_cross(velocity, along) * rate
            acceleration = code.let_all(f"acceleration{joint}", acceleration + carried)
            velocity = code.let_all(f"velocity{joint}", velocity + along * rate)
        velocities[body], accelerations[body] = velocity, acceleration
        inertia = link_inertia(tree, body)
        motion.forces[body] = none
        if inertia is not None:
            motion.inertias[body] = inertia
            momentum = code.let_all(f"momentum{body}", inertia.times(velocity))
            force = inertia.times(acceleration) + force_cross(velocity, momentum)
            motion.forces[body] = code.let_all(f"force{body}", force)
    return motion


def onto_joints(tree: Tree, forces: dict[int, np.ndarray], name: str) -> dict[int, Value]:
    """Forces on the links (6,) as forces on the joints that carry them."""
    carried, joints = dict(forces), {}
    for body in reversed([body for body in tree.links if body]):
        link = tree.links[body]
        if body not in carried:
            continue
        force = carried[body] = tree.code.let_all(f"{name}{body}", carried[body])
        for joint in link.joints:
            joints[joint] = tree.motions[joint] @ force
        if link.parent:
            carried[link.parent] = carried.get(link.parent, constant(np.zeros(6))) + force
    return joints


def joint_inertia(tree: Tree, motion: LinkMotion) -> dict[tuple[int, int], Value]:
    """The joint-space inertia by composite bodies: entries (i, j), i >= j, of joints on one way to the root."""
    composite, entries = dict(motion.inertias), {}
    for body in reversed([body for body in tree.links if body]):
        link = tree.links[body]
        if body not in composite:
            continue
        whole = composite[body]
        rotational = tree.code.let_all(f"composite{body}", whole.rotational)
        whole = Inertia(rotational, tree.code.let_all(f"composite_moment{body}", whole.moment), whole.mass)
        for joint in link.joints:
            momentum = tree.code.let_all(f"carried{joint}", whole.times(tree.motions[joint]))
            for other in tree.ancestors(body):
                if other <= joint:
                    entries[joint, other] = momentum @ tree.motions[other]
        if link.parent:
            up = composite.get(link.parent)
            composite[link.parent] = whole if up is None else up + whole
    return entries
