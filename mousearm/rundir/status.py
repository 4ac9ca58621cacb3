"""Status of a run: status.json, the lock of the process that works on it, and how it ends."""

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from mousearm.door import check_seal, read_json, sha256
from mousearm.errors import RunError, os_errors_as
from mousearm.files import to_json, write_json

RUNNING, FINISHED, FAILED, INTERRUPTED = "running", "finished", "failed", "interrupted"
PRUNED = "pruned"  # ended by the search that it is a trial of, because others were better by then
KILLED = "killed"  # found by readers: it says that it is running, though its process no longer exists
NO_STATUS = "unknown"  # found by readers: it has written none yet
_STATES = (RUNNING, FINISHED, FAILED, INTERRUPTED, PRUNED, NO_STATUS)

_PATIENCE_S = 0.5  # somebody who looks whether a process lives holds the lock for a moment
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
_SILENCE_S = 300.0  # on another machine, a process without a heartbeat for this long is taken for dead


class Pruned(Exception):  # noqa: N818 (nothing went wrong)
    """A run is to end because others are better; the text says why."""


@dataclass(frozen=True, slots=True)
class Status:
    """Content of status.json."""

    state: str = NO_STATUS  # one of the above
    steps: int = 0  # that were done
    reason: str = ""  # why the run ended as it did; empty where nothing is to be said
    key: str | None = None  # the configuration key that is to blame, if there is one
    host: str = ""  # of the process
    pid: int = 0
    heartbeat: str = ""  # its last sign of life, as ISO 8601 with the time zone

    @staticmethod
    def of_error(error: BaseException) -> "Status":
        """The status of a run that this error ends."""
        if isinstance(error, KeyboardInterrupt | Pruned):
            return Status(PRUNED if isinstance(error, Pruned) else INTERRUPTED, 0, str(error))
        return Status(FAILED, 0, f"{type(error).__name__}: {error}", getattr(error, "key", None))

    def write(self, file: Path) -> None:
        """Write status.json, with this process and this instant; OutputError if it cannot be written."""
        now = datetime.now(UTC).isoformat()
        content = asdict(replace(self, host=socket.gethostname(), pid=os.getpid(), heartbeat=now))
        write_json(file, {**content, "sha256": sha256(to_json(content).encode())})

    @staticmethod
    def read(file: Path, lock: Path) -> "Status":
        """Read status.json, with the state ``killed`` where the process no longer exists; RunError if it is damaged."""
        if not file.exists():
            return Status()
        check_seal(file)  # of an agent from elsewhere
        content = read_json(file)
        wanted = content.pop("sha256", None)  # older ones have none
        is_same = wanted in (None, sha256(to_json(content).encode())) and content.keys() <= _KINDS.keys()
        status = Status(**{name: value for name, value in content.items() if name in _KINDS})
        wrong = [name for name, kind in _KINDS.items() if not isinstance(getattr(status, name), kind)]
        if not is_same or wrong or status.state not in _STATES:
            raise RunError(f"{file} has changed since it was written. Remove it: the run then resumes without it.")
        if status.state != RUNNING or status._lives(lock):
            return status
        reason = f"process {status.pid} on {status.host} gave no sign of life since {status.heartbeat}"
        return replace(status, state=KILLED, reason=reason)

    def _lives(self, lock: Path) -> bool:
        """True if the process exists: on the same machine the run's lock tells, on another one the heartbeat."""
        if self.host == socket.gethostname():
            return is_held(lock)
        try:
            silence = datetime.now(UTC) - datetime.fromisoformat(self.heartbeat)
        except (ValueError, TypeError):
            return False
        return silence.total_seconds() < _SILENCE_S


_KINDS = {**{name: type(default) for name, default in asdict(Status()).items()}, "key": str | None}


@contextmanager
def ending(say: Callable[[Status], None]) -> Iterator[None]:
    """Say how what stands within ended (finished, interrupted, pruned or failed), and let its error pass."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        say(Status.of_error(error))
        raise
    say(Status(FINISHED))


def advising_to_resume(path: Path, verb: str = "written") -> AbstractContextManager[None]:
    """Turn what cannot be written in a run folder into a RunError; arguments as of `os_errors_as`."""
    advice = "Then give the same command again: the run resumes from its newest complete checkpoint."
    return os_errors_as(RunError, path, verb, advice)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock of the operating system, which ends with the process; RunError if another process holds it.

    The file tells others who does.
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
    """True if a process of this machine (of any, where the file system shares locks) holds a lock."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK)  # a pipe of that name would be waited for
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
                holder: dict[str, object] = {}
                with suppress(RunError):  # the holder is about to write it
                    holder = read_json(file)
                raise RunError(
                    f"{file.parent} is in use: the process {holder.get('pid', 'unknown')} on "
                    f"{holder.get('host', 'another host')} trains there. Wait until it ends, stop it (kill -INT), or "
                    "choose another name=."
                ) from None
            time.sleep(0.05)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            print(f"The file system of {file.parent} knows no locks: see that only one process at a time trains there.")
            return None
