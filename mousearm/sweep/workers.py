"""Who works on jobs: processes of this computer, or jobs in SLURM's queue. Whether they live, and how to stop them."""

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterable

from mousearm.errors import RunError
from mousearm.sweep.records import Worker

SLURM, LOCAL = "slurm", "local"
WAITING, RUNNING = "waiting", "running"
_PENDING = ("PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "SUSPENDED")
_TIMEOUT_S = 60


def this_process() -> Worker:
    """The process that asks."""
    return process(os.getpid())


def process(number: int | str) -> Worker:
    """A process of this computer."""
    return Worker(LOCAL, str(number), socket.gethostname())


def slurm(*command: str) -> str:
    """What one of SLURM's programs prints.

    Raises:
        RunError: if it is not there, or refuses.
    """
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RunError(
            f"SLURM does not answer: {error}. Work where sbatch, squeue and scancel are, such as the cluster's login "
            "node; python scripts/sweep.py doctor says what there is. On one computer: hydra/launcher=local."
        ) from error
    if result.returncode:
        raise RunError(f"SLURM refuses '{' '.join(command)}': {result.stderr.strip() or 'no reason given'}")
    return result.stdout


def states(workers: Iterable[Worker]) -> dict[Worker, str]:
    """Those that live: ``waiting`` for their turn, or ``running``.

    A process of another computer cannot be seen and is taken for living.

    Raises:
        RunError: if there are jobs in a queue and SLURM does not answer.
    """
    found = set(workers)
    queued = _queue() if any(worker.cluster == SLURM for worker in found) else {}
    living = {worker: queued[worker.id] for worker in found if worker.cluster == SLURM and worker.id in queued}
    return living | {worker: RUNNING for worker in found if worker.cluster == LOCAL and _lives(worker)}


def cancel(workers: Iterable[Worker]) -> None:
    """Ask them to end; runs that are being trained save themselves first.

    Raises:
        RunError: if SLURM does not answer or refuses; if a process belongs to another computer or user.
    """
    found = sorted(set(workers), key=lambda worker: worker.id)
    in_queue = [worker.id for worker in found if worker.cluster == SLURM]
    if in_queue:
        slurm("scancel", *in_queue)
    for worker in (worker for worker in found if worker.cluster == LOCAL):
        _terminate(worker)


def _terminate(worker: Worker) -> None:
    if worker.host != socket.gethostname():
        raise RunError(f"Process {worker.id} belongs to {worker.host}: cancel the sweep there.")
    try:
        with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
            os.kill(int(worker.id), signal.SIGTERM)
    except PermissionError as error:
        raise RunError(f"Process {worker.id} belongs to another user, who alone can cancel it.") from error


def _queue() -> dict[str, str]:
    """The user's jobs in SLURM's queue, those of arrays one by one."""
    lines = slurm("squeue", "--me", "--noheader", "--array", "--format=%i %T").splitlines()
    return {job: WAITING if state in _PENDING else RUNNING for job, state in (line.split() for line in lines)}


def _lives(worker: Worker) -> bool:
    if worker.host != socket.gethostname():
        return True
    try:
        os.kill(int(worker.id), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # another user's, but there
    return True
