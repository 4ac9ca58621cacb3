"""A user's additions to a converted model, as a fragment of MJCF: looks, masses, damping, motors, muscle paths.

The fragment is merged into what is made of the OpenSim file. An element with the kind and name (for defaults, the
class) of one that is there is the same one, and its attributes count before those that are there; sections such as
``option`` and ``visual``, and what stands in a class of defaults, exist once and need no name. Everything else is
added. Angles are in rad. Beyond that:

- a ``<body>`` is the body of that name, wherever both stand in their trees. If it has geoms, other than surfaces
  for paths (class ``wrap``), the geoms that were made for that body are left out;
- an ``<inertial>`` takes the place of the body's;
- a ``<spatial>`` that lists sites and geoms is the whole path of the muscle of that name;
- ``<motor>`` counts with the actuators torque, ``<muscle>`` with the actuators muscle.
"""

from pathlib import Path
from xml.etree.ElementTree import Element

from mousearm.errors import ModelError, UnknownNameError
from mousearm.model.mjcf_safety import check_element
from mousearm.model.xml import Node, read_document

# These come from the OpenSim file: tag -> where it stands. Others are added where they are not there.
_EXISTING = {
    "body": ("worldbody", "body"),
    "joint": ("body",),
    "spatial": ("tendon",),
    "motor": ("actuator",),
    "muscle": ("actuator",),
}
# Within these an element without a name exists once.
_ONCE = ("mujoco", "option", "compiler", "visual", "default")
_OTHER_ACTUATOR = {"muscle": "motor", "torque": "muscle"}


class Overlay:
    """A fragment of MJCF, or nothing."""

    def __init__(self, path: str | Path | None, actuators: str):
        """Read a file, None for nothing; ModelError if it is no MJCF, or has what no arm needs, such as plugins."""
        self.source = Path(path).name if path else ""  # for messages
        self._root = read_document(Path(path)) if path else Node(Path(), "mujoco", "", 0, "mujoco", {})
        if self._root.tag != "mujoco":
            raise ModelError(f"{path}: the file is a <{self._root.tag}>, not a <mujoco>: not a fragment of MJCF.")
        for node in self._root.walk():
            check_element(node)
        self._skipped = _OTHER_ACTUATOR[actuators]
        # The muscles whose path it gives.
        self.paths = {node.name for node in self._root.walk() if node.tag == "spatial" and node.children}

    def merge(self, root: Element) -> None:
        """Merge all but tendons and actuators into an MJCF in rad, which must have the bodies and joints named."""
        root.attrib.update(self._root.attributes)
        for node in self._root.walk():
            if node.tag == "body" and any(_shows(geom.tag, geom.attributes) for geom in node.children):
                body = self._find(root, node)
                for geom in [child for child in body if _shows(child.tag, child.attrib)]:
                    body.remove(geom)
        for section in self._root.children:
            if section.tag not in ("tendon", "actuator"):
                self._merge(root, root, section)
        if any(compiler.get("angle") != "radian" for compiler in root.iter("compiler")):
            raise ModelError(
                f'{self.source}: <compiler angle="degree">, but the model is in rad. Leave it out, and give angles in '
                "rad."
            )

    def merge_section(self, root: Element, tag: str) -> None:
        """Merge the section ``tendon`` or ``actuator``, of which the MJCF must have everything that is named."""
        for section in self._root.children:
            if section.tag == tag:
                self._merge(root, root, section)

    def _merge(self, root: Element, into: Element, node: Node) -> None:
        element = self._counterpart(root, into, node)
        if node.tag == "inertial":
            element.attrib.clear()
        element.attrib.update(node.attributes)
        if node.tag == "spatial" and node.children:
            element[:] = []
            self._check_path(root, node)
        for child in node.children:
            if child.tag != self._skipped or node.tag not in ("default", "actuator"):
                self._merge(root, element, child)

    def _counterpart(self, root: Element, into: Element, node: Node) -> Element:
        """The element within ``into`` that is the same as a node; a new one, where there is none."""
        if into.tag in _EXISTING.get(node.tag, ()):
            return self._find(root if node.tag == "body" else into, node)
        key = "class" if node.tag == "default" else "name"
        name = node.attributes.get(key)
        if name is not None or into.tag in _ONCE or node.tag == "inertial":
            for element in into:
                if element.tag == node.tag and element.get(key) == name:
                    return element
        return _insert(into, node.tag)

    def _find(self, within: Element, node: Node) -> Element:
        elements = within.iter("body") if node.tag == "body" else within.findall(node.tag)
        named = {element.get("name", ""): element for element in elements}
        if node.name not in named:
            of = f" of body {within.get('name')}" if within.tag == "body" else " in the model"
            raise UnknownNameError(f"{node.tag}{of} ({self.source}, line {node.line})", node.name, named)
        return named[node.name]

    def _check_path(self, root: Element, path: Node) -> None:
        for node in path.children:
            for key, tag in (("site", "site"), ("geom", "geom"), ("sidesite", "site")):
                exist = [name for element in root.iterfind(f"worldbody//{tag}") if (name := element.get("name"))]
                if key in node.attributes and node.attributes[key] not in exist:
                    kind = f"{tag} for the path of {path.name} ({self.source}, line {node.line})"
                    raise UnknownNameError(kind, node.attributes[key], exist)


def _shows(tag: str, attributes: dict[str, str]) -> bool:
    """True if an element gives a body its looks or its mass."""
    return tag == "geom" and attributes.get("class") != "wrap"


def _insert(into: Element, tag: str) -> Element:
    """A new element: in a body after the last of its kind and before the bodies within, otherwise at the end."""
    new, at = Element(tag), len(into)
    if into.tag in ("mujoco", "worldbody", "body"):
        same = [i for i, element in enumerate(into) if element.tag == tag]
        inner = [i for i, element in enumerate(into) if element.tag in ("body", "worldbody")]
        at = same[-1] + 1 if same else [*inner, at][0]
    into.insert(at, new)
    return new
