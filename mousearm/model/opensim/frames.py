"""Where frames are: OpenSim names a frame by a path, and frames stand on frames until a body is reached."""

import posixpath

import numpy as np

from mousearm.errors import ModelError
from mousearm.model.document import Node
from mousearm.model.opensim.elements import GROUND, pose

_OFFSETS = ("PhysicalOffsetFrame",)


class Frames:
    """All frames of a model, by path.

    Args:
        model: the element ``<Model>``.
    """

    def __init__(self, model: Node):
        self._bodies = {"/ground": GROUND}
        self._offsets: dict[str, Node] = {}
        self._owners: dict[int, str] = {}
        self._collect_offsets(model, "")
        for body in model.objects("BodySet"):
            self._bodies[f"/bodyset/{body.name}"] = body.name
            self._collect_offsets(body, f"/bodyset/{body.name}")
        for joint in model.objects("JointSet"):
            self._collect_offsets(joint, f"/jointset/{joint.name}")

    def _collect_offsets(self, owner: Node, path: str) -> None:
        for group in ("components", "frames"):
            listed = owner.get(group)
            for frame in listed.children if listed else ():
                if frame.tag in _OFFSETS:
                    self._offsets[f"{path}/{frame.name}"] = frame
                    self._collect_offsets(frame, f"{path}/{frame.name}")

    def find(self, owner: Node, path: str, socket: str) -> tuple[str, np.ndarray]:
        """The body that a socket leads to.

        Args:
            owner: the element that has the socket.
            path: where that element stands, such as ``/jointset/shoulder``; relative sockets begin there.
            socket: the socket's tag, such as ``socket_parent_frame``.

        Returns:
            the body's name, and the (4, 4) pose in it of the frame that the socket names.

        Raises:
            ModelError: if there is no such frame, or if frames stand on each other in a circle.
        """
        frame = np.eye(4)
        seen: set[str] = set()
        while True:
            target = self._resolve(owner, path, socket)
            if target in self._bodies:
                return self._bodies[target], frame
            if target in seen:
                raise ModelError(f"{owner.place} (line {owner.line}) stands on itself: {' on '.join(sorted(seen))}.")
            seen.add(target)
            owner, path, socket = self._offsets[target], target, "socket_parent"
            offset = pose(owner.numbers("translation", 3, np.zeros(3)), owner.numbers("orientation", 3, np.zeros(3)))
            frame = offset @ frame

    def _resolve(self, owner: Node, path: str, socket: str) -> str:
        name = owner.string(socket)
        absolute = posixpath.normpath(posixpath.join(path or "/", name))
        for candidate in (absolute, f"/bodyset/{name}", f"/{name}"):
            if candidate in self._bodies or candidate in self._offsets:
                return candidate
        known = ", ".join([*self._bodies, *self._offsets])
        line = owner.need(socket).line
        raise ModelError(
            f"{owner.place}/{socket} (line {line}): there is no frame '{name}'. Those that exist: {known}."
        )
