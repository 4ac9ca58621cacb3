"""The door for what comes from elsewhere: regular files of a bounded size, plain names, hashes by which damage shows.

`read_bytes`, `read_text`, `read_json`, `read_plain` (YAML) and `open_hdf5` read; `check_file` is for what reads by
itself, `inside` for names. A folder may have hashes of its files: of all of them (`MANIFEST`, in a checkpoint), or of
some (`SEAL`).
"""

import errno
import hashlib
import io
import json
import math
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import yaml

from mousearm.errors import MouseArmError, RunError, os_errors_as
from mousearm.text import is_plain, one_line

if TYPE_CHECKING:
    import h5py

MAX_PART_BYTES = 4_000_000_000  # of a file of a checkpoint: more would be hashed for minutes
MAX_TEXT_BYTES = 50_000_000  # of a text file that is read at once, where its reader says nothing else
MAX_YAML_BYTES = 100_000
MAX_YAML_DEPTH = 20
MANIFEST = "manifest.json"  # in a folder of `write_folder`, with the SHA-256 of each of its files
SEAL = "sha256sums.txt"  # with the SHA-256 of others beside it, as ``sha256sum --check`` reads it

_OTHERS = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
_OTHERS |= dict.fromkeys((stat.S_IFCHR, stat.S_IFBLK), "a device")
_HASH = re.compile("[0-9a-f]{64}")
_UNSEAL = "If you changed it yourself, remove {}, which may have other hashes to tell damage by."
_MAX_OBJECTS = 100_000  # in an HDF5 file
_LONGEST_NAME = 255  # bytes that file systems allow


def check_file(path: Path, most: int, kind: type[MouseArmError] = RunError) -> None:
    """Check that a name from elsewhere is that of a regular file of at most ``most`` bytes, before it is opened.

    A pipe, a device or a socket might never end, and a file that is too large fills the memory: an error of the kind.
    """
    try:
        with os_errors_as(kind, path, "read"):
            found = path.stat()
    except ValueError as error:  # a NUL in the name
        raise kind(f"{str(path)!r} cannot be read: {error}. Correct the name.") from error
    if not stat.S_ISREG(found.st_mode):
        raise kind(f"{path} cannot be read: it is {_OTHERS.get(stat.S_IFMT(found.st_mode), 'no file')}. Name a file.")
    if found.st_size > most:
        raise kind(_too_large(path, found.st_size, most))


def _too_large(path: Path, n_bytes: int, most: int) -> str:
    return (
        f"{path} cannot be read: it has {n_bytes / 1e6:.1f} MB or more; of such a file at most {most / 1e6:.1f} MB are "
        "read at once. Give the file that was meant, or a part of it."
    )


def read_bytes(path: Path, most: int = MAX_TEXT_BYTES, kind: type[MouseArmError] = RunError) -> bytes:
    """Read a file that comes from elsewhere; errors as `check_file`, and where the system refuses."""
    check_file(path, most, kind)
    with os_errors_as(kind, path, "read"), path.open("rb") as file:
        content = file.read(most + 1)  # a file of the system has more than it says
    if len(content) > most:
        raise kind(_too_large(path, len(content), most))
    return content


def read_text(path: Path, most: int = MAX_TEXT_BYTES, kind: type[MouseArmError] = RunError) -> str:
    """Read a text file in UTF-8, without a byte order mark; errors as `read_bytes`, and where it is no such text."""
    content = read_bytes(path, most, kind)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = 1 + content.count(b"\n", 0, error.start)
        raise kind(f"{path}, line {line}: cannot be read: it is no text in UTF-8. Save it as UTF-8.") from error


def read_json(path: Path, kind: type[MouseArmError] = RunError, most: int = MAX_TEXT_BYTES) -> dict[str, Any]:
    """Read a JSON object in which no key stands twice; errors as `read_text`, and where the file is no such object."""
    try:
        content = json.loads(read_text(path, most, kind), object_pairs_hook=_object)
        if not isinstance(content, dict):
            raise ValueError("it holds no JSON object")
    except (ValueError, RecursionError) as error:
        raise kind(f"{path} cannot be read: {error}. Bring it back as it was.") from error
    return content


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return content


class _Plain:
    _depth = 0

    def get_event(self) -> yaml.Event:
        event = super().get_event()  # type: ignore[misc]
        self._depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise ValueError(f"line {line}: an alias (*{event.anchor}), which is not read; write it out")
        if getattr(event, "tag", None) is not None:
            raise ValueError(f"line {line}: a tag ({event.tag}), which is not read; leave it out")
        if self._depth > MAX_YAML_DEPTH:
            raise ValueError(f"line {line}: values within values, more than {MAX_YAML_DEPTH} deep")
        return event

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep)  # type: ignore[misc]
        if len(mapping) < len(node.value):
            keys = [key.value for key, _ in node.value]
            twice = next((key for key in keys if keys.count(key) > 1), keys[-1])
            raise ValueError(f"line {node.start_mark.line + 1} or below: the key {twice} is there twice; leave one out")
        return mapping


class _Loader(_Plain, yaml.SafeLoader):  # not the C library's, which takes what Hydra's does not
    """A safe loader that takes no key twice, no alias, no tag, and stops where it comes to one or is too deep."""


class _TextLoader(_Plain, yaml.BaseLoader):
    """The same, in which every value is the text that stands there."""


def read_plain(
    path: Path, kind: type[MouseArmError] = RunError, advice: str = "Bring it back as it was.", as_text: bool = False
) -> Any:
    """Read a YAML file as dicts, lists, texts and numbers; a MouseArmError of a kind if it is no such file.

    Tags could name kinds of Python, and aliases of aliases make much of little: a configuration needs neither. With
    ``as_text`` numbers and dates stay the texts that they are, so that an animal may be called 007.
    """
    with yaml_errors_as(kind, path, advice):
        return parse_plain(read_text(path, MAX_YAML_BYTES, kind), as_text)


@contextmanager
def yaml_errors_as(kind: type[MouseArmError], path: Path, advice: str) -> Iterator[None]:
    """Turn what `parse_plain` refuses into an error of the kind that names the file, and ends with the advice."""
    try:
        yield
    except ValueError as error:
        raise kind(f"{path} cannot be read: {one_line(error)}. {advice}") from error


def parse_plain(text: str, as_text: bool = False) -> Any:
    """Read YAML as `read_plain` does; ValueError if it is none, or more than data."""
    try:
        return yaml.load(text, _TextLoader if as_text else _Loader)
    except (yaml.YAMLError, TypeError) as error:  # TypeError: a key that is a list
        raise ValueError(str(error)) from error


def check_zip(file: Path | io.BytesIO, most: int) -> None:
    """Check that a zip archive from elsewhere unpacks to at most ``most`` bytes; ValueError if not."""
    with zipfile.ZipFile(file) as archive:
        if sum(member.file_size for member in archive.infolist()) > most:
            raise ValueError(f"it unpacks to more than {most / 1e6:.1f} MB")


@contextmanager
def open_hdf5(path: Path, most: int, kind: type[MouseArmError], advice: str = "") -> "Iterator[h5py.File]":
    """Open an HDF5 file that leads to no other file, and of which neither size nor datasets are above ``most`` bytes.

    A few bytes can say that a dataset is as large as the memory, or lies in any file of this machine. The error, also
    for what the library refuses within the ``with``, is of the kind and ends with the advice.

    Within it, make lists of ``items()`` and ``values()`` before going through them. Until that has ended, or the error
    that ended it is forgotten, h5py keeps its lock, and other threads that read or clear away HDF5 wait.
    """
    import h5py

    check_file(path, most, kind)
    try:
        with h5py.File(path, "r") as file:
            _check_hdf5(file, most)
            yield file
    except MouseArmError:
        raise
    except Exception as error:  # h5py raises many kinds for damaged files
        raise kind(f"{path} cannot be read as HDF5 ({type(error).__name__}: {error}). {advice}".rstrip()) from error


def _check_hdf5(file: "h5py.File", most: int) -> None:
    import h5py

    links: list[tuple[str, Any]] = []
    file.visititems_links(lambda *link: links.append(link) or (len(links) > _MAX_OBJECTS or None))
    if len(links) > _MAX_OBJECTS:
        raise ValueError(f"it holds more than {_MAX_OBJECTS} objects")
    n_bytes = 0
    for name, link in links:
        if isinstance(link, h5py.ExternalLink):
            raise ValueError(f"{name} lies in another file, {link.filename}, which is not read: copy it into this one")
        found = file.get(name)
        if not isinstance(found, h5py.Dataset):
            continue
        if found.is_virtual or found.external:
            raise ValueError(f"{name} lies in other files, which are not read: copy it into this one")
        chunk = math.prod(found.chunks or ()) * found.dtype.itemsize  # is read whole
        n_bytes += max(chunk, found.nbytes or 0)
        if n_bytes > most:
            raise ValueError(f"it says that it holds {n_bytes / 1e6:.1f} MB or more, which is too much")


def inside(folder: Path, name: str, kind: type[MouseArmError] = RunError) -> Path:
    """Path of what a name from elsewhere names below a folder, such as a reach's ``mouse_1/monday/reach_3``.

    An error of the kind if it is none, leads out of the folder, be it by a link, or has characters that no name needs.
    """
    check_name(name, kind)
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise kind(f"{path} leads out of {folder} by a link, {path.resolve()}. Put the file itself there.")
    return path


def check_name(name: str, kind: type[MouseArmError] = RunError) -> None:
    """Check that a name leads out of no folder, as `inside`, wherever it is used."""
    parts = PurePosixPath(name).parts
    is_short = is_plain(name) and all(len(os.fsencode(part)) <= _LONGEST_NAME for part in parts)
    if not parts or name.startswith("/") or ".." in parts or not is_short:
        raise kind(f"{name[:80]!r} is no name of something in a folder. Give it a plain one, such as reach_1.")


def sha256(content: bytes | Path) -> str:
    """SHA-256 of bytes, or of a file, in hexadecimal; OSError if it is no regular one of at most `MAX_PART_BYTES`."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    found = content.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_PART_BYTES:
        raise OSError(errno.EINVAL, "No regular file, or a very large one", str(content))
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_seal(folder: Path) -> dict[str, str]:
    """Hashes of a folder's files by name, as `seal` noted them; none where nothing was; RunError if damaged."""
    path = folder / SEAL
    if not path.exists():
        return {}
    lines = [line.partition("  ") for line in read_text(path).splitlines()]
    if not all(_HASH.fullmatch(digest) and name for digest, _, name in lines):
        raise RunError(f"{path} is damaged: it is no list of hashes and names. {_UNSEAL.format(path)}")
    return {name: digest for digest, _, name in lines}


def check_seal(path: Path, advice: str = "Bring it back as it was.") -> None:
    """Raise RunError if a file that is there is not as it was when its hash was noted; says last what to do."""
    wanted = read_seal(path.parent).get(path.name)
    with os_errors_as(RunError, path, "read"):
        if wanted is not None and path.exists() and sha256(path) != wanted:
            raise RunError(
                f"{path} has changed since it was written: its hash is not that of {SEAL}. "
                f"{_UNSEAL.format(path.with_name(SEAL))} If not: {advice}"
            )


def verify_folder(folder: Path, run: str = "") -> None:
    """Check that a folder is as `write_folder` left it, of a run or of any; RunError names what is not of it."""
    manifest = read_json(folder / MANIFEST)
    hashes = manifest.get("sha256")
    if not isinstance(hashes, dict) or not hashes or not all(isinstance(wanted, str) for wanted in hashes.values()):
        raise RunError(f"{folder / MANIFEST} is no manifest: it has no hashes (sha256).")
    there = {path.name for path in folder.iterdir() if not path.name.startswith(".")} - {MANIFEST}
    if missing := sorted(hashes.keys() - there):
        raise RunError(f"{folder / missing[0]} is missing.")
    if more := sorted(there - hashes.keys()):
        raise RunError(f"{folder / more[0]} is not in {MANIFEST}: it was not written with the others.")
    for name, wanted in hashes.items():
        with os_errors_as(RunError, folder / name, "read"):
            if sha256(folder / name) != wanted:
                raise RunError(f"{folder / name} is damaged: its hash is not that of {MANIFEST}.")
    if run and manifest.get("run") != run:
        raise RunError(f"{folder} is of another run.")
