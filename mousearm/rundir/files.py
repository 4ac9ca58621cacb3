"""Writing that leaves no half files, and reading."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mousearm.errors import RunError

_REMEDIES = {
    errno.ENOSPC: "Free some space there",
    errno.EDQUOT: "Free some of your quota there",
    errno.EFBIG: "Raise the limit on the size of files (ulimit -f)",
    errno.EROFS: "Make the file system writable, or move the run folder",
    errno.EACCES: "Make the folder writable, or move it",
    errno.EPERM: "Make the folder writable, or move it",
    errno.ENOENT: "Bring the folder back, if it was moved away",
}


@contextmanager
def explained(path: Path, what: str = "written") -> Iterator[None]:
    """Turn what the operating system refuses into a RunError that says what, where and what to do.

    Args:
        path: what is worked on, named where the system names nothing.
        what: what it cannot be.
    """
    try:
        yield
    except OSError as error:
        where = error.filename or path
        remedy = _REMEDIES.get(error.errno or 0, "See that it can be read and written")
        raise RunError(
            f"{where} cannot be {what}: {error.strerror or error}. {remedy}, and give the same command again: a run "
            "goes on from its newest complete checkpoint, which is as it was."
        ) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file at once: beside it first, synced to the disk, then renamed. A reader never sees half of it.

    Raises:
        RunError: if it cannot be written; what was there is as it was.
    """
    beside = path.with_name(path.name + ".partial")
    with explained(path):
        write_synced(beside, content)
        beside.replace(path)
        sync_folder(path.parent)


def write_synced(path: Path, content: bytes) -> None:
    """Write a file, and wait until the disk has it; a kill on the way leaves half of it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_text(path: Path, text: str) -> None:
    """Write a text file as ``write_bytes`` does."""
    write_bytes(path, text.encode())


def to_json(content: Any) -> str:
    """JSON for people."""
    return json.dumps(content, indent=2) + "\n"


def write_json(path: Path, content: Any) -> None:
    """Write JSON as ``write_bytes`` does."""
    write_text(path, to_json(content))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        RunError: if the file is not one.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise RunError(f"{path} cannot be read: it holds no JSON object.")
    return content


def sync(file: Path) -> None:
    """Wait until the disk has what was written to a file."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def sync_folder(folder: Path) -> None:
    """Let the disk know which names a folder holds, so that a rename outlives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
