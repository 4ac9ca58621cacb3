"""Files and folders that appear whole or not at all; hashes by which damage shows; the system's errors in words."""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mousearm.errors import MouseArmError, OutputError, RunError

MANIFEST = "manifest.json"
"""File in a folder of `write_folder`, with the SHA-256 of each of its files."""

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
    remedy = _REMEDIES.get(error.errno or 0, "See that it can be read and written")
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
        _write_synced(beside, content)
        beside.replace(path)
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


def read_json(path: Path, kind: type[MouseArmError] = RunError) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        MouseArmError: of that kind, if the file is not one.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise kind(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise kind(f"{path} cannot be read: it holds no JSON object.")
    return content


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
    """SHA-256 of bytes, or of what a file holds, as hexadecimal text. Raises OSError if the file cannot be read."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
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
    if not isinstance(hashes, dict):
        raise RunError(f"{folder / MANIFEST} is no manifest: it has no hashes (sha256).")
    for name, wanted in hashes.items():
        file = folder / Path(name).name
        if not file.is_file():
            raise RunError(f"{file} is missing.")
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
