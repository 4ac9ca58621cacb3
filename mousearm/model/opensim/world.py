"""Bodies, joints, sites and geoms as MJCF."""

from collections import Counter
from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from mousearm.model.opensim.elements import GROUND, Body, OsimModel, Point, WrapObject, placed
from mousearm.model.opensim.settings import attribute
from mousearm.model.opensim.tree import Z_UP, Capsule, Dof, Link, carriers

# Bone within the tissue, as part of its radius.
_BONE = 0.3


def with_sites(model: OsimModel) -> OsimModel:
    """The model with names of sites for the points of its paths: those of the points, where they are the only ones."""
    count = Counter(point.name for muscle in model.muscles for point in muscle.points)
    taken, muscles = {marker.name for marker in model.markers}, []
    for muscle in model.muscles:
        points = []
        for i, point in enumerate(muscle.points):
            name = point.name if count[point.name] == 1 and point.name else f"{muscle.name}-{point.name}"
            name = f"{muscle.name}-{point.name}-{i + 1}" if name in taken else name
            points.append(point._replace(name=name))
            taken.add(name)
        muscles.append(muscle._replace(points=tuple(points)))
    return model._replace(muscles=tuple(muscles))


class WorldWriter:
    """Writes ``<worldbody>``: the bodies as placed, with capsules along the segments of those that move."""

    def __init__(self, model: OsimModel, links: Mapping[str, Link], capsules: Mapping[str, Capsule], inertia: str):
        self._model = model
        self._links = links
        self._capsules = capsules
        self._inertia = inertia
        self._published = {body.name: body for body in model.bodies}
        self._moving = carriers(links)

    def write(self, root: Element, distal: set[str], sides: Iterable[Point]) -> None:
        """Add the element to ``<mujoco>``; ``distal``: joints that carry little, ``sides``: sites beside paths."""
        world = SubElement(root, "worldbody")
        SubElement(world, "light", name="key", type="directional", pos="0.05 0.05 0.1", dir="-0.5 -0.4 -0.8")
        elements = {GROUND: world}
        for link in self._links.values():
            body = SubElement(elements[link.parent], "body", {"name": link.name, **_pose(link.pose)})
            elements[link.name] = body
            self._inertial(body, link)
            for dof in link.dofs:
                _joint(body, link, dof, dof.name in distal)
            self._looks(body, link)
        for wrap in self._model.wraps:
            _wrap_geom(elements[wrap.body], wrap)
        on_paths = [point for muscle in self._model.muscles for point in muscle.points]
        for kind, points in (("path", sides), ("marker", self._model.markers), ("path", on_paths)):
            for point in points:
                location = placed(Z_UP, point.location) if point.body == GROUND else point.location
                attributes = {"name": point.name, "class": kind, "pos": attribute(location)}
                SubElement(elements[point.body], "site", attributes)
        # Bodies within last, so that a body's own parts can be read first; of them, those that move last.
        for element in elements.values():
            element[:] = sorted(element, key=lambda part: (part.tag == "body", part.find(".//joint") is not None))

    def _inertial(self, element: Element, link: Link) -> None:
        body = self._published.get(link.name)
        bare = bool(link.dofs) and link.name not in self._capsules  # it has nothing else to have a mass from
        publishes = self._inertia == "published" and link.name in self._moving
        if body is None or not (bare or publishes) or (body.mass <= 0 and not link.dofs):
            return
        given = {"pos": attribute(body.com), "mass": attribute(body.mass)}
        if not link.dofs and not body.inertia.any():
            given["diaginertia"] = "0 0 0"  # a point
        else:
            _check_inertia(body)
            given["fullinertia"] = attribute(body.inertia)
        SubElement(element, "inertial", given)

    def _looks(self, element: Element, link: Link) -> None:
        capsule = self._capsules.get(link.name)
        if capsule is None:
            self._still_bone(element, link)
            return
        tissue = _capsule(element, "tissue", capsule)
        if self._inertia == "published":
            tissue.set("mass", "0")
        _capsule(element, "bone", Capsule(capsule.ends, _BONE * capsule.radius))

    def _still_bone(self, element: Element, link: Link) -> None:
        """A body that does not move: from the middle of the muscle points on it to the joint that hangs on it."""
        every = (point for muscle in self._model.muscles for point in muscle.points)
        points = [point.location for point in every if point.body == link.name]
        joints = [child for child in self._links.values() if child.parent == link.name and child.dofs]
        if not points or not joints:
            return
        joint, middle = placed(joints[0].pose, joints[0].anchor), np.mean(points, axis=0)
        length = float(np.linalg.norm(joint - middle))
        if length > 1e-6:
            _capsule(element, "bone", Capsule(np.concatenate([joint, middle]), 0.05 * length))


def _capsule(element: Element, kind: str, capsule: Capsule) -> Element:
    shape = {"fromto": attribute(capsule.ends), "size": attribute(capsule.radius)}
    return SubElement(element, "geom", {"class": kind, **shape})


def _joint(element: Element, link: Link, dof: Dof, is_distal: bool) -> None:
    place = {"pos": attribute(link.anchor)} if dof.kind == "hinge" else {}
    attributes = {"name": dof.name, "type": dof.kind, **place, "axis": attribute(dof.axis)}
    if is_distal:
        attributes["class"] = "distal"
    attributes["range"] = attribute(dof.range)
    if not dof.limited:
        attributes["limited"] = "false"
    SubElement(element, "joint", attributes)


def _wrap_geom(element: Element, wrap: WrapObject) -> None:
    frame = Z_UP @ wrap.pose if wrap.body == GROUND else wrap.pose
    size = [wrap.radius, max(wrap.length / 2, 1e-6)] if wrap.kind == "cylinder" else [wrap.radius]
    attributes = {"name": wrap.name, "class": "wrap", "type": wrap.kind, **_pose(frame), "size": attribute(size)}
    SubElement(element, "geom", attributes)


def _pose(frame: np.ndarray) -> dict[str, str]:
    """Attributes of a (4, 4) frame; MuJoCo writes w of a quaternion first."""
    from scipy.spatial.transform import Rotation  # slow to import

    quat = Rotation.from_matrix(frame[:3, :3]).as_quat(canonical=True, scalar_first=True)
    return {"pos": attribute(frame[:3, 3]), "quat": attribute(quat)}


def _check_inertia(body: Body) -> None:
    xx, yy, zz, xy, xz, yz = body.inertia
    moments = np.linalg.eigvalsh(np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]))
    if body.mass <= 0 or moments[0] <= 0 or moments[2] > moments[0] + moments[1] + 1e-9 * moments[2]:
        listed = ", ".join(f"{moment:.3g}" for moment in moments)
        raise body.node.error(
            f"mass {body.mass:g} kg with principal moments {listed} kg m2 belongs to no rigid body (all must be above "
            "0, and none above the sum of the others). Correct it, or leave --inertia published out; a body without "
            "extent needs a marker at its tip then."
        )
