"""status.json: how a run fares, true at every moment."""

import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mousearm.files import read_json, write_json
from mousearm.rundir.lock import is_held

RUNNING, FINISHED, FAILED, INTERRUPTED = "running", "finished", "failed", "interrupted"
PRUNED = "pruned"
"""Ended by the search that it is a trial of, because others were better by then."""
KILLED = "killed"
"""What a reader finds who meets a run that says that it is running, though its process is no more."""


class Pruned(Exception):  # noqa: N818 (nothing went wrong)
    """A run is to end because it is not worth going on; the text says why."""


# On another machine, after so long without a heartbeat, a process is taken for dead.
_SILENCE_S = 300.0


def write_status(file: Path, state: str, steps: int, reason: str = "", key: str | None = None) -> None:
    """Write status.json.

    Args:
        file: which.
        state: one of the above but ``killed``, which nobody can write any more.
        steps: that were done.
        reason: why it ended so.
        key: the configuration key that is to blame, if there is one.
    """
    who = {"host": socket.gethostname(), "pid": os.getpid(), "heartbeat": datetime.now(UTC).isoformat()}
    write_json(file, {"state": state, "steps": steps, "reason": reason, "key": key, **who})


def read_status(file: Path, lock: Path) -> dict[str, Any]:
    """What status.json holds, with the state ``killed`` where the process is no more; empty where there is none.

    On the same machine the run's lock tells, on another one the heartbeat.

    Raises:
        RunError: if it cannot be read.
    """
    if not file.is_file():
        return {}
    status = read_json(file)
    if status.get("state") != RUNNING or _lives(status, lock):
        return status
    reason = f"process {status.get('pid')} on {status.get('host')} gave no sign of life since {status.get('heartbeat')}"
    return {**status, "state": KILLED, "reason": reason}


def _lives(status: dict[str, Any], lock: Path) -> bool:
    if status.get("host") == socket.gethostname():
        return is_held(lock)
    try:
        silence = datetime.now(UTC) - datetime.fromisoformat(str(status.get("heartbeat")))
    except (ValueError, TypeError):
        return False
    return silence.total_seconds() < _SILENCE_S
