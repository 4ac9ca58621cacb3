"""Links and joints, and where they are: kinematics.

Positions are from one fixed point of the world, the first joint's anchor at the default pose, so that they are small:
in float32 that counts.
"""

from dataclasses import dataclass

import mujoco
import numpy as np

from mousearm.engine.expressions import Code, Scalar, bare, constant, cross


def rotation(quaternion: np.ndarray) -> np.ndarray:
    """(3, 3) of a unit quaternion (w, x, y, z)."""
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, np.asarray(quaternion, dtype=float))
    return matrix.reshape(3, 3)


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
        """Position of a point of the body, from the origin."""
        return self.base + self.orientation @ constant(self.aligned @ (local - self.base_local))


@dataclass(frozen=True)
class Mounting:
    """Pose of a body in the link that it is welded to; constant."""

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
        code.title("body", model.body(body).name, body)
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
