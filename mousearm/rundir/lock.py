"""One process per run folder: a lock of the operating system, which ends with the process however that ends."""

import contextlib
import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mousearm.errors import RunError
from mousearm.files import os_errors_as

# Somebody who looks whether a process lives holds the lock for a moment.
_PATIENCE_S = 0.5
_UNKNOWN = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock meanwhile; the file tells others who holds it.

    Raises:
        RunError: if another process holds it, naming its host and pid; or if the file cannot be written.
    """
    with os_errors_as(RunError, file):
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        with os_errors_as(RunError, file, "locked"):
            _take(descriptor, file)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps({"host": socket.gethostname(), "pid": os.getpid()}).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_held(file: Path) -> bool:
    """Whether a process of this machine (of any, where the file system shares locks) holds a lock."""
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True  # or this file system knows no locks, and nothing can be said against it
    finally:
        os.close(descriptor)
    return False


def _take(descriptor: int, file: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise RunError(_in_use(file)) from None
            time.sleep(0.05)
        except OSError as error:
            if error.errno not in _UNKNOWN:
                raise
            print(f"The file system of {file.parent} knows no locks: see that only one process at a time trains there.")
            return None


def _in_use(file: Path) -> str:
    holder: dict[str, object] = {}
    with contextlib.suppress(OSError, ValueError):  # the holder is about to write it
        holder = json.loads(file.read_text())
    return (
        f"{file.parent} is in use: the process {holder.get('pid', 'unknown')} on {holder.get('host', 'another host')} "
        "trains there. Wait until it ends, stop it (kill -INT), or choose another name=."
    )
