"""Check an MJCF from elsewhere: it must not run code, read other folders, or fill the memory.

MuJoCo takes files of any folder, archives, and plugins, which are compiled code; and a few characters can ask it for
more memory than a machine has. So a model is checked before MuJoCo reads it.
"""

import math
from pathlib import Path, PurePosixPath

from mousearm.door import check_file
from mousearm.errors import ModelError
from mousearm.hub.download import both_cached
from mousearm.model.xml import MAX_MODEL_BYTES, Node, read_document

SUFFIXES = (".xml", ".obj", ".stl", ".msh", ".skn", ".png", ".bin")
"""Files that a model may consist of; MuJoCo would open archives too."""

_FILES = ("file", "fileback", "filedown", "filefront", "fileleft", "fileright", "fileup")
_FOLDERS = ("assetdir", "meshdir", "texturedir")

# Elements that become many, large or slow: the numbers of these attributes multiplied, and the most that they may be.
_MOST = {
    "replicate": (("count",), 1e4),
    "flexcomp": (("count", "cellcount"), 1e5),
    "texture": (("width", "height"), 2e7),
    "hfield": (("nrow", "ncol"), 1e7),
    "mesh": (("params",), 1e3),
    "composite": (("count",), 1e4),
}
# Attributes of any element that take memory or time, each with the most that it may be.
_MOST_EACH = {
    **dict.fromkeys(("nkey", "nuserdata", "nemax", "numslices", "numstacks", "numquads"), 1e4),
    **dict.fromkeys(
        (f"nuser_{of}" for of in ["body", "jnt", "geom", "site", "cam", "tendon", "actuator", "sensor"]), 1e3
    ),
    **dict.fromkeys(("njmax", "nconmax"), 1e5),
    **dict.fromkeys(("memory", "nstack"), 1e9),
    **dict.fromkeys(("iterations", "ls_iterations", "noslip_iterations", "ccd_iterations"), 1e4),
    **dict.fromkeys(("sdf_iterations", "sdf_initpoints", "nsample", "actdim"), 1e3),
    **dict.fromkeys(("offwidth", "offheight", "shadowsize"), 2e4),
}
_PLUGINS = "plugins are code that is not in the model, so they are refused. Leave them out."
_REFUSED = {
    "extension": _PLUGINS,
    "plugin": _PLUGINS,
    "lengthrange": "a simulation of any length is refused. Give every muscle its lengthrange.",
    "model": "models within models are refused, because copies of copies have no end. Include it.",
}
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "P": 2**50, "E": 2**60}  # of memory, after the number


def check_mjcf(path: Path) -> list[Path]:
    """The files that an MJCF consists of, sorted: itself, those that it includes, and those that its elements name.

    They must be in its folder, or below it. Those that do not exist are left to MuJoCo's error.

    Raises:
        ModelError: a file is not XML in UTF-8, is too large, names plugins, files elsewhere or of unknown kinds, or
            asks for too much; says where.
    """
    try:
        return sorted(_check_model(path))
    except (OSError, ValueError) as error:  # a name that is too long, or has a NUL
        raise ModelError(f"{path} names a file that cannot be looked for: {error}") from error


def _check_model(path: Path) -> set[Path]:
    documents, folder = dict[Path, Node](), path.parent
    _read(path, folder, documents)
    if (tag := documents[path].tag) != "mujoco":
        raise ModelError(
            f"{path}: the file is a <{tag}>, not a <mujoco>: not an MJCF, or only a part of one, for which the model "
            "that includes it is to be given."
        )
    nodes = [node for root in documents.values() for node in root.walk()]
    bases = {kind: [name for node in nodes for name in _names(node, kind, "assetdir")] or [""] for kind in _FOLDERS[1:]}
    files = set(documents)
    for node in nodes:
        check_element(node)
        _check_inside(node, _names(node, *_FOLDERS), folder)
        beside = node.file.parent.relative_to(folder)  # where MuJoCo looks next for what an included file names
        for name in _names(node, *_FILES) if node.tag != "include" else []:
            kind = "texturedir" if node.tag == "texture" else "meshdir"
            places = [f"{base}/{name}" if base else name for base in bases[kind]]
            _check_inside(node, [name, *places], folder)
            for place in (*places, beside / name):
                _check_part(folder / place)
            there = [folder / place for place in places if (folder / place).is_file()]
            files.update(there or filter(Path.is_file, [folder / beside / name]))
    for root in documents.values():
        _check_size(root, 1.0)
    return files


def _read(path: Path, folder: Path, documents: dict[Path, Node]) -> None:
    """Read a model and those that it includes; those that do not exist are left to MuJoCo's error."""
    documents[path] = read_document(path, "utf-8")
    for node in documents[path].walk():
        for name in _names(node, *_FILES) if node.tag == "include" else []:
            _check_inside(node, [name], folder)
            part = next(filter(Path.is_file, (folder / name, path.parent / name)), None)
            if part is not None and part not in documents:
                _read(part, folder, documents)


def _check_part(file: Path) -> None:
    """Refuse a file that might never end, or fill the memory; one that does not exist is left to MuJoCo's error."""
    if not file.exists():
        return
    check_file(file, MAX_MODEL_BYTES, ModelError)
    with file.open("rb") as opened:
        head = opened.read(24)
    width, height = int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    if head[1:4] == b"PNG" and width * height > _MOST["texture"][1]:
        raise ModelError(f"{file} is a picture of {width} x {height}; at most {_MOST['texture'][1]:g} pixels are read.")


def check_element(node: Node) -> None:
    """Refuse, by a ModelError, an element that no arm needs or that holds what is no number or no kind of file."""
    if node.tag in _REFUSED:
        raise node.error(_REFUSED[node.tag])
    if "content_type" in node.attributes:
        raise node.error("content_type is refused, because a file's suffix says what it is. Leave it out.")
    for key, value in node.attributes.items():
        if "nan" in value.lower().split():
            raise node.error(f"{key}='{value[:80]}' is not a number.")
    for key in node.attributes.keys() & _MOST_EACH.keys():
        text = node.attributes[key].strip()
        unit = _UNITS.get(text[-1:].upper(), 1)
        for number in _numbers(text if unit == 1 else text[:-1]):
            if not unit * number <= _MOST_EACH[key]:
                raise node.error(f"{key}='{text[:80]}' asks for too much; at most {_MOST_EACH[key]:g} is done.")
    for name in _names(node, *_FILES):
        if PurePosixPath(name).suffix.lower() not in SUFFIXES:
            raise node.error(f"'{name}' is of no kind that is read: {', '.join(SUFFIXES)}.")


def _check_inside(node: Node, names: list[str], folder: Path) -> None:
    """Refuse names that lead out of a folder, be it by a link."""
    for name in names:
        parts, path = PurePosixPath(name.replace("\\", "/")), folder / name
        strange = parts.is_absolute() or ".." in parts.parts or ":" in name
        # Below it when links are followed, or both in the Hub's cache.
        if strange or not (path.resolve().is_relative_to(folder.resolve()) or both_cached(path, folder)):
            raise node.error(
                f"'{name}' is not in the model's folder, {folder}. A model reads only files beside and below it: put "
                "the file there, and change its name here to where it is from the model."
            )


def _check_size(node: Node, copies: float) -> None:
    """Refuse what becomes too large; copies within copies multiply."""
    keys, most = _MOST.get(node.tag, ((), math.inf))
    asked = copies * math.prod(max(1.0, abs(number)) for text in _names(node, *keys) for number in _numbers(text))
    if not asked <= most:
        raise node.error(f"{' x '.join(keys)} comes to {asked:.3g}; at most {most:g} is made.")
    if node.tag == "include" and copies > 1:
        raise node.error("is within <replicate>, where it is not counted what becomes of it.")
    for child in node.children:
        _check_size(child, asked if node.tag == "replicate" else copies)


def _names(node: Node, *keys: str) -> list[str]:
    return [node.attributes[key] for key in keys if key in node.attributes]


def _numbers(text: str) -> list[float]:
    """The numbers of an attribute; what is none is refused by MuJoCo."""
    try:
        return [float(word) for word in text.split()]
    except ValueError:
        return []
