"""Files and folders that appear whole or not at all; hashes by which damage shows; the system's errors in words.

Also the door for files that come from elsewhere, behind which are only regular files of a bounded size: `read_bytes`,
`read_text`, `read_json`, `open_hdf5`, and `check_file` for what reads by itself. `inside` is the door for names.
"""

import errno
import hashlib
import json
import math
import os
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from mousearm.errors import MouseArmError, OutputError, RunError
from mousearm.text import is_plain

if TYPE_CHECKING:
    import h5py

MAX_PART_BYTES = 4_000_000_000
"""Most bytes of a file of a checkpoint: more would be hashed for minutes."""

MAX_TEXT_BYTES = 50_000_000
"""Most bytes of a text file that is read at once, where its reader says nothing else."""

MANIFEST = "manifest.json"
"""File in a folder of `write_folder`, with the SHA-256 of each of its files."""

SEAL = "sha256sums.txt"
"""File with the SHA-256 of others beside it, as ``sha256sum --check`` reads it."""

_OTHERS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_HASH = re.compile("[0-9a-f]{64}")
_UNSEAL = "If you changed it yourself, remove {}, which may have other hashes to tell damage by."
_MAX_OBJECTS = 100_000  # in an HDF5 file
_LONGEST_NAME = 255  # bytes that file systems allow

_REMEDIES = {
    errno.ENOSPC: "Free some space there",
    errno.EDQUOT: "Free some of your quota there",
    errno.EFBIG: "Raise the limit on the size of files (ulimit -f)",
    errno.EROFS: "Make the file system writable, or give another place",
    errno.EACCES: "Make the folder writable, or give another place",
    errno.EPERM: "Make the folder writable, or give another place",
    errno.EEXIST: "Remove the file of that name, or give another place",
    errno.ENOTDIR: "A file is where a folder should be: give another place",
    errno.ENOENT: "Make the folder, or bring it back if it was moved away",
    errno.ENAMETOOLONG: "Give a shorter name",
}
_REMEDIES_TO_READ = {
    errno.ENOENT: "Correct the name, or bring the file back",
    errno.EACCES: "Let yourself read it (chmod u+r)",
    errno.ENOTDIR: "A file is where a folder should be: correct the name",
    errno.ENAMETOOLONG: "Correct the name",
    errno.ELOOP: "Put the file itself there, not a link in a circle",
}


@contextmanager
def os_errors_as(kind: type[MouseArmError], path: Path, verb: str = "written", advice: str = "") -> Iterator[None]:
    """Turn what the operating system refuses into an error that says what, where and what to do.

    An `OutputError` of the writers below becomes one of this kind, too.

    Args:
        kind: of the error; it is made from a text.
        path: what is worked on, named where the system names nothing.
        verb: what it cannot be.
        advice: what else to do, a sentence.
    """
    try:
        yield
    except OSError as error:
        raise kind(_refusal(error.filename or path, verb, error, advice)) from error
    except OutputError as error:
        if kind is OutputError:
            raise
        raise kind(f"{error} {advice}".rstrip()) from error


def _refusal(path: Path | str, verb: str, error: OSError, advice: str = "") -> str:
    remedies = _REMEDIES_TO_READ if verb == "read" else _REMEDIES
    remedy = remedies.get(error.errno or 0, "See that it can be read and written")
    return f"{path} cannot be {verb}: {error.strerror or error}. {remedy}. {advice}".rstrip()


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name in errors what is written, not what is written beside it."""
    try:
        yield
    except OSError as error:
        raise OutputError(_refusal(path, "written", error)) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file at once: beside it first, synced to the disk, then renamed. A reader never sees half of it.

    Raises:
        OutputError: if it cannot be written; what was there is as it was.
    """
    beside = path.with_name(path.name + ".partial")
    with _naming(path):
        try:
            _write_synced(beside, content)
            beside.replace(path)
        except OSError:
            with suppress(OSError):
                beside.unlink()  # what is half there takes the room that there is
            raise
        _sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text file, in UTF-8, as `write_bytes` does."""
    write_bytes(path, text.encode())


def write_json(path: Path, content: Any) -> None:
    """Write JSON as `write_bytes` does."""
    write_text(path, to_json(content))


def to_json(content: Any) -> str:
    """Format as JSON for people."""
    return json.dumps(content, indent=2) + "\n"


def check_file(path: Path, most: int, kind: type[MouseArmError] = RunError) -> None:
    """Check that a name from elsewhere is that of a regular file of at most ``most`` bytes, before it is opened.

    A pipe, a device or a socket might never end, and a file that is too large fills the memory.

    Raises:
        MouseArmError: of a kind; says what it is instead.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise kind(_refusal(path, "read", error)) from error
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
    """Read a JSON object in which no key stands twice.

    Raises:
        MouseArmError: of that kind, if the file is not one.
    """
    try:
        content = json.loads(read_text(path, most, kind), object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise kind(f"{path} cannot be read: {error}. Bring it back as it was.") from error
    if not isinstance(content, dict):
        raise kind(f"{path} cannot be read: it holds no JSON object. Bring it back as it was.")
    return content


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return content


def check_zip(path: Path, most: int) -> None:
    """Check that a zip archive from elsewhere unpacks to at most ``most`` bytes; ValueError if not."""
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > most:
            raise ValueError(f"it unpacks to more than {most / 1e6:.1f} MB")


@contextmanager
def open_hdf5(path: Path, most: int, kind: type[MouseArmError], advice: str = "") -> "Iterator[h5py.File]":
    """Open an HDF5 file that comes from elsewhere: it leads to no other file, and holds at most ``most`` bytes.

    A few bytes can say that a dataset is as large as the memory, or lies in any file of this machine.

    Args:
        path: the file.
        most: bytes of the file, and of all that its datasets declare.
        kind: of the error, also of what the library refuses within the ``with``.
        advice: what else to do, a sentence.

    Raises:
        MouseArmError: of a kind; says what is wrong.
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

    Raises:
        MouseArmError: of a kind; the name is none, leads out of the folder, be it by a link, or has characters that no
            name needs.
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


def append_text(path: Path, text: str) -> None:
    """Write at the end of a file, or raise OutputError; a kill may leave half of it, a power cut more before `sync`."""
    with os_errors_as(OutputError, path), path.open("a", newline="", encoding="utf-8") as file:
        file.write(text)


def _write_synced(path: Path, content: bytes) -> None:
    """Write a file, and wait until the disk has it; a kill may leave half of it. Raises OSError."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(file: Path) -> None:
    """Wait until the disk has what was written to a file. Raises OSError."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _sync_folder(folder: Path) -> None:
    """Let the disk know which names a folder holds, so that a rename outlives a power cut. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256(content: bytes | Path) -> str:
    """SHA-256 of bytes, or of what a file holds, as hexadecimal text.

    Raises:
        OSError: the file cannot be read, is no regular one, or has more than `MAX_PART_BYTES`.
    """
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    found = content.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_PART_BYTES:
        raise OSError(errno.EINVAL, "No regular file, or a very large one", str(content))
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """Let something else write a file or a folder, which takes its name only when all went well.

    Args:
        path: what is to be written; its folder exists. A file of that name is replaced, an empty folder too.

    Yields:
        A path of the same name that does not exist yet, in a hidden folder beside, which no other process uses.

    Raises:
        OutputError: if it cannot be written; what was there is as it was.
    """
    path = path.resolve()  # the name of "." is empty
    with _naming(path):
        hidden = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        with os_errors_as(OutputError, path):
            written = hidden / path.name
            yield written
            if written.is_file():
                sync(written)
            written.replace(path)
            _sync_folder(path.parent)
    except OutputError as error:
        raise OutputError(str(error).replace(f"{hidden}/", f"{path.parent}/")) from error.__cause__
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


@contextmanager
def new_output(path: Path, overwrite: bool = False) -> Iterator[Path]:
    """Stage what a command line asks for by ``--out``, as `staged`; the folders above are made.

    Args:
        path: must not exist, or be an empty folder.
        overwrite: whether it may be a file that exists.

    Raises:
        OutputError: if something exists already, or it cannot be written.
    """
    if path.is_dir() and any(path.iterdir()):
        raise OutputError(
            f"{path} (--out) exists already, and nothing in it is to be overwritten or mixed with what would be "
            "written. Give another folder, or remove it."
        )
    if path.is_file() and not overwrite:
        raise OutputError(f"{path} (--out) exists already. Give another name, or remove it.")
    make_folder(path.resolve().parent)
    with staged(path) as written:
        yield written


def make_folder(path: Path) -> Path:
    """Make a folder and those above it, where they do not exist; OutputError if it cannot be made."""
    with os_errors_as(OutputError, path, "made"):
        path.mkdir(parents=True, exist_ok=True)
    return path


def check_room(path: Path, n_bytes: int) -> None:
    """Check that a file can grow by a number of bytes, where the system can tell.

    For writers that do not survive a full disk, such as the HDF5 library.

    Raises:
        OSError: if it cannot.
    """
    if hasattr(os, "posix_fallocate"):
        size = path.stat().st_size if path.exists() else 0
        with tempfile.TemporaryFile(dir=path.parent) as file:
            os.posix_fallocate(file.fileno(), size, n_bytes)


def read_seal(folder: Path) -> dict[str, str]:
    """Hashes of a folder's files by name, as `seal` noted them; none where nothing was noted.

    Raises:
        RunError: the note is damaged.
    """
    path = folder / SEAL
    if not path.exists():
        return {}
    lines = [line.partition("  ") for line in read_text(path).splitlines()]
    if not all(_HASH.fullmatch(digest) and name for digest, _, name in lines):
        raise RunError(f"{path} is damaged: it is no list of hashes and names. {_UNSEAL.format(path)}")
    return {name: digest for digest, _, name in lines}


def seal(folder: Path, hashes: Mapping[str, str | None]) -> None:
    """Note hashes of files by name, so that damage to them shows; None for a file that is about to change.

    Raises:
        OutputError: the note cannot be written.
    """
    before = read_seal(folder)
    after = {name: digest for name, digest in {**before, **hashes}.items() if digest is not None}
    if after != before:
        write_text(folder / SEAL, as_seal(after))


def as_seal(hashes: Mapping[str, str]) -> str:
    """Text of a `SEAL`: hashes of files by name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(hashes.items()))


def write_sealed(path: Path, text: str) -> None:
    """Write a text file as `write_text`, and note its hash; a kill on the way leaves it without one."""
    seal(path.parent, {path.name: None})
    write_text(path, text)
    seal(path.parent, {path.name: sha256(text.encode())})


def check_seal(path: Path, advice: str = "Bring it back as it was.") -> None:
    """Check that a file is as it was when its hash was noted, where it was noted and the file is there.

    Raises:
        RunError: it is not; says last what to do, which may end with a command.
    """
    wanted = read_seal(path.parent).get(path.name)
    with os_errors_as(RunError, path, "read"):
        if wanted is not None and path.exists() and sha256(path) != wanted:
            raise RunError(
                f"{path} has changed since it was written: its hash is not that of {SEAL}. "
                f"{_UNSEAL.format(path.with_name(SEAL))} If not: {advice}"
            )


def write_folder(folder: Path, files: Mapping[str, bytes], run: str) -> None:
    """Write a folder at once: beside, with its manifest, synced, then renamed; one of the same name is replaced.

    Args:
        folder: the folder.
        files: contents by name.
        run: whose it is; kept in the manifest.

    Raises:
        OutputError: if it cannot be written; what was there is as it was.
    """
    partial, before = _staging(folder)
    with os_errors_as(OutputError, folder):
        recover_folder(folder)
        for leftover in (partial, before):
            shutil.rmtree(leftover, ignore_errors=True)
        partial.mkdir()
        manifest = to_json({"run": run, "sha256": {name: sha256(content) for name, content in files.items()}})
        for name, content in {**files, MANIFEST: manifest.encode()}.items():
            with os_errors_as(OutputError, folder / name):
                _write_synced(partial / name, content)
        _sync_folder(partial)
        if folder.exists():
            folder.rename(before)
        partial.rename(folder)
        _sync_folder(folder.parent)
    shutil.rmtree(before, ignore_errors=True)


def verify_folder(folder: Path, run: str = "") -> None:
    """Check that a folder is as `write_folder` left it, of a run or of any.

    Raises:
        RunError: naming the file that is missing, damaged or not of it.
    """
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
        file = folder / name
        with os_errors_as(RunError, file, "read"):
            found = sha256(file)
        if found != wanted:
            raise RunError(f"{file} is damaged: its hash is not that of {MANIFEST}.")
    if run and manifest.get("run") != run:
        raise RunError(f"{folder} is of another run.")


def remove_folder(folder: Path) -> None:
    """Remove a folder, or raise OutputError; a kill on the way leaves nothing that looks like one."""
    partial, _ = _staging(folder)
    shutil.rmtree(partial, ignore_errors=True)
    with os_errors_as(OutputError, folder, "removed"):
        folder.rename(partial)
    shutil.rmtree(partial, ignore_errors=True)


def recover_folder(folder: Path) -> None:
    """Finish what a kill interrupted between the two renames of `write_folder`: the old folder comes back."""
    _, before = _staging(folder)
    if before.is_dir() and not folder.exists():
        before.rename(folder)


def clean_up(place: Path) -> None:
    """Recover, or remove, what kills left behind in a folder of such folders."""
    for before in place.glob("*.before"):
        recover_folder(before.with_suffix(""))
    for leftover in (*place.glob("*.partial"), *place.glob("*.before")):
        shutil.rmtree(leftover, ignore_errors=True)


def _staging(folder: Path) -> tuple[Path, Path]:
    """Paths where a folder is written, and where the one that it replaces waits."""
    return folder.with_name(folder.name + ".partial"), folder.with_name(folder.name + ".before")
