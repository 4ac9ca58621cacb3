"""Links, joints and what moves them: kinematics, bias forces and the joint-space inertia, by spatial vectors.

All spatial vectors are about one fixed point of the world, in the world's axes: of a motion (angular velocity, velocity
of the point that passes there), of a force (moment, force). Featherstone, Rigid Body Dynamics Algorithms, 2008.
"""

from dataclasses import dataclass

import mujoco
import numpy as np

from mousearm.engine.expressions import Code, Scalar, Value, bare, constant, cross


def rotation(quaternion: np.ndarray) -> np.ndarray:
    """(3, 3) of a unit quaternion (w, x, y, z)."""
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, np.asarray(quaternion, dtype=float))
    return matrix.reshape(3, 3)


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


@dataclass
class RigidLink:
    """A body with joints, and all that is welded to it.

    A point x of the body is at ``base + orientation @ aligned @ (x - base_local)`` from the origin: ``orientation`` is
    that of a frame whose third axis is the last hinge's, ``aligned`` is constant.
    """

    body: int
    parent: int  # the body with joints, or the world, that its parent is welded to
    orientation: np.ndarray
    aligned: np.ndarray
    base: np.ndarray
    base_local: np.ndarray
    joints: list[int]

    def at(self, local: np.ndarray) -> np.ndarray:
        """Where a point of the body is, from the origin."""
        return self.base + self.orientation @ constant(self.aligned @ (local - self.base_local))


@dataclass(frozen=True)
class Mounting:
    """How a body lies in the link that it is welded to; constant."""

    link: int
    rotation: np.ndarray
    offset: np.ndarray


class Tree:
    """The moving tree of a model, and the text that computes its pose from ``qpos``."""

    def __init__(self, model: mujoco.MjModel, code: Code):
        self.model, self.code = model, code
        world = RigidLink(0, -1, constant(np.eye(3)), np.eye(3), constant(np.zeros(3)), np.zeros(3), [])
        self.links = {0: world}
        self.motions: dict[int, np.ndarray] = {}  # of every joint, per unit of its velocity
        self.origin = np.zeros(3)
        self.origin = self._first_anchor()
        world.base_local = self.origin
        self._points: dict[tuple[int, bytes], np.ndarray] = {}
        self.anchors: dict[int, np.ndarray] = {}
        for body in range(1, model.nbody):
            if model.body_jntnum[body]:
                self._add(body)

    def _first_anchor(self) -> np.ndarray:
        data = mujoco.MjData(self.model)
        data.qpos[:] = self.model.qpos0
        mujoco.mj_kinematics(self.model, data)
        return data.xanchor[0].copy()

    def place(self, body: int) -> Mounting:
        """The link that carries a body, and where on it."""
        if body == 0 or self.model.body_jntnum[body]:
            return Mounting(body, np.eye(3), np.zeros(3))
        parent = self.place(int(self.model.body_parentid[body]))
        offset = parent.offset + parent.rotation @ self.model.body_pos[body]
        return Mounting(parent.link, parent.rotation @ rotation(self.model.body_quat[body]), offset)

    def point(self, body: int, local: np.ndarray) -> tuple[int, np.ndarray]:
        """The link of a point of a body, and its position from the origin; written once."""
        place = self.place(body)
        on_link = place.offset + place.rotation @ local
        key = place.link, on_link.tobytes()
        if key not in self._points:
            name = f"point{len(self._points)}"
            self._points[key] = self.code.let_all(name, self.links[place.link].at(on_link))
        return place.link, self._points[key]

    def direction(self, body: int, local: np.ndarray) -> np.ndarray:
        """A direction of a body in the world's axes."""
        place = self.place(body)
        link = self.links[place.link]
        return link.orientation @ constant(link.aligned @ place.rotation @ local)

    def ancestors(self, link: int) -> list[int]:
        """Joints that move a link, the nearest first."""
        joints: list[int] = []
        while link > 0:
            joints += reversed(self.links[link].joints)
            link = self.links[link].parent
        return joints

    def _add(self, body: int) -> None:
        model, code = self.model, self.code
        place = self.place(int(model.body_parentid[body]))
        parent = self.links[place.link]
        base = parent.at(place.offset + place.rotation @ model.body_pos[body])
        aligned = parent.aligned @ place.rotation @ rotation(model.body_quat[body])
        first, count = model.body_jntadr[body], model.body_jntnum[body]
        link = RigidLink(
            body, place.link, parent.orientation, aligned, base, np.zeros(3), [*range(first, first + count)]
        )
        code.write(f"// body {model.body(body).name or body}")
        for joint in link.joints:
            self._turn(link, joint)
        self.links[body] = link

    def _turn(self, link: RigidLink, joint: int) -> None:
        """Move a link by one of its joints, in MuJoCo's order."""
        model, code = self.model, self.code
        moved = Scalar(f"q[{joint}]") - float(model.qpos0[joint])
        axis = link.aligned @ model.jnt_axis[joint]
        link.base = code.let_all(f"anchor{joint}", link.at(model.jnt_pos[joint]))
        link.base_local = np.array(model.jnt_pos[joint])
        self.anchors[joint] = link.base
        if model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_SLIDE:
            along = code.let_all(f"axis{joint}", link.orientation @ constant(axis))
            link.base = code.let_all(f"slid{joint}", link.base + along * moved)
            self.motions[joint] = np.concatenate([constant(np.zeros(3)), along])
            return
        frame = _frame_about(axis)
        x, y, z = code.let_all(f"frame{joint}", link.orientation @ constant(frame)).T
        code.write(f"T sine{joint}, cosine{joint};")
        code.write(f"sine_cosine({bare(moved)}, sine{joint}, cosine{joint});")
        sine, cosine = Scalar(f"sine{joint}"), Scalar(f"cosine{joint}")
        turned = np.array([cosine * x + sine * y, cosine * y - sine * x, z], dtype=object).T
        link.orientation = code.let_all(f"turned{joint}", turned)
        link.aligned = frame.T @ link.aligned
        arm = code.let_all(f"arm{joint}", cross(link.base, z))
        self.motions[joint] = np.concatenate([z, arm])


def _frame_about(axis: np.ndarray) -> np.ndarray:
    """A right-handed frame (columns) whose third axis this is; of the world's axes where it is one of them."""
    unit = axis / np.linalg.norm(axis)
    helper = np.eye(3)[(int(np.argmax(np.abs(unit))) + 1) % 3]
    first = helper - unit * (helper @ unit)
    first /= np.linalg.norm(first)
    return np.array([first, np.cross(unit, first), unit]).T


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
