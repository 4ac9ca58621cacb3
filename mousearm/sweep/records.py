"""Records of a sweep's jobs, by which any process can look up their state, end them and run them again.

In the sweep's folder: ``sweep.json`` says how it was launched, ``jobs/<number>/plan.json`` the job's overrides and its
worker, ``jobs/<number>/end.json`` why it ended without a result. The run folder of a job is ``<number>/``.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mousearm.door import read_json
from mousearm.errors import RunError
from mousearm.files import make_folder, write_json
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.runs import JOBS
from mousearm.rundir.status import RUNNING

SLURM, LOCAL = "slurm", "local"
CANCELLED = "cancelled"
WAITING = "waiting"
_PENDING = ("PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "SUSPENDED")
# What may be signalled and cancelled: one process, or one job of the queue.
_WORKER = re.compile(rf"{LOCAL} [1-9]\d*|{SLURM} \d+([_+]\d+)?")


@dataclass(frozen=True)
class Worker:
    """A process of a computer (``host``), or a job in SLURM's queue submitted there, that works on a job or will."""

    cluster: str
    id: str  # of the process, or such as ``12_3`` in the queue
    host: str


def local_process(number: int | str = "") -> Worker:
    """The worker that a process of this computer is; without a number this process."""
    return Worker(LOCAL, str(number or os.getpid()), socket.gethostname())


def slurm(*command: str) -> str:
    """Run one of SLURM's programs and return what it prints; RunError if it is not there, or refuses."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RunError(
            f"SLURM does not answer: {error}. Work where sbatch, squeue and scancel are, such as the cluster's login "
            "node; python scripts/sweep.py doctor says what there is. On one computer: hydra/launcher=local."
        ) from error
    if result.returncode:
        raise RunError(f"SLURM refuses '{' '.join(command)}': {result.stderr.strip() or 'no reason given'}")
    return result.stdout


def states(workers: Iterable[Worker]) -> dict[Worker, str]:
    """States of the workers that live: ``waiting`` for their turn, or ``running``.

    A process of another computer cannot be seen and is taken to live; RunError if SLURM has jobs and does not answer.
    """
    found = set(workers)
    living = {worker: RUNNING for worker in found if worker.cluster == LOCAL and _lives(worker)}
    in_queue = [worker for worker in found if worker.cluster == SLURM]
    if in_queue:
        lines = slurm("squeue", "--me", "--noheader", "--array", "--format=%i %T").splitlines()  # of arrays one by one
        queue = {job: WAITING if state in _PENDING else RUNNING for job, state in map(str.split, lines)}
        living |= {worker: queue[worker.id] for worker in in_queue if worker.id in queue}
    return living


def stop(workers: Iterable[Worker]) -> None:
    """Ask workers to end; runs save themselves first. RunError for another computer's, or where that is refused."""
    found = sorted(set(workers), key=lambda worker: worker.id)
    in_queue = [worker.id for worker in found if worker.cluster == SLURM]
    if in_queue:
        slurm("scancel", *in_queue)
    for worker in found:
        if worker.cluster == LOCAL and worker.host != socket.gethostname():
            raise RunError(f"Process {worker.id} belongs to {worker.host}: cancel the sweep there.")
        try:
            if worker.cluster == LOCAL:
                os.kill(int(worker.id), signal.SIGTERM)
        except ProcessLookupError:
            continue  # it ended meanwhile
        except PermissionError as error:
            raise RunError(f"Process {worker.id} belongs to another user, who alone can cancel it.") from error


def _lives(worker: Worker) -> bool:
    if worker.host == socket.gethostname():
        try:
            os.kill(int(worker.id), 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass  # another user's, but there
    return True


class Job:
    """One job of a sweep."""

    def __init__(self, sweep: Path, number: int):
        self.number = number
        self.sweep = sweep
        self.run = RunFolder(sweep / str(number))
        self._plan = sweep / JOBS / str(number) / "plan.json"
        self._end = self._plan.with_name("end.json")

    def plan(self, overrides: Sequence[str], worker: Worker) -> None:
        """Record that a worker will run the job, for the first time or again."""
        make_folder(self._plan.parent)
        self._end.unlink(missing_ok=True)
        write_json(self._plan, {"overrides": list(overrides), "worker": asdict(worker)})

    def assign(self, worker: Worker) -> None:
        """Record which worker has it."""
        write_json(self._plan, {**read_json(self._plan), "worker": asdict(worker)})

    def end(self, state: str, reason: str) -> None:
        """Record why the job ended without a result, unless that was done already."""
        if not self._end.is_file():
            write_json(self._end, {"state": state, "reason": reason})

    @property
    def overrides(self) -> list[str]:
        """The job's overrides of the configuration; RunError if its record is damaged."""
        return [str(override) for override in read_record(self._plan, overrides=list)["overrides"]]

    @property
    def worker(self) -> Worker:
        """The worker that has it; RunError if its record is damaged, or names no worker of ours."""
        found = read_record(self._plan, worker=dict)["worker"]
        if not (set(found) == {"cluster", "id", "host"} and _WORKER.fullmatch(f"{found['cluster']} {found['id']}")):
            raise RunError(f"{self._plan} names no worker. Bring it back, or choose another name=.")
        return Worker(**found)

    @property
    def ended(self) -> tuple[str, str] | None:
        """State and reason with which it ended without a result; None where it did not."""
        if not self._end.is_file():
            return None
        content = read_record(self._end, state=str, reason=str)
        return content["state"], content["reason"]


class Sweep:
    """A folder of jobs."""

    def __init__(self, path: Path):
        self.path = path
        self._record = path / "sweep.json"

    def create(self, name: str, cluster: str, settings: dict[str, Any], keep_jobs: bool = False) -> None:
        """Record how it is launched; of an earlier launch the runs stay, and with ``keep_jobs`` the jobs' records."""
        self.check_free()
        if not keep_jobs:
            shutil.rmtree(self.path / JOBS, ignore_errors=True)
        write_json(make_folder(self.path) / self._record.name, {"name": name, "cluster": cluster, "settings": settings})

    def check_free(self) -> None:
        """Check that its folder is not that of a run, or raise RunError."""
        if RunFolder(self.path).exists:
            raise RunError(f"{self.path} is the folder of a run, so no sweep can begin there. Choose another name=.")

    def launch(self) -> dict[str, Any]:
        """The launch: ``name``, ``cluster``, ``settings`` of the launcher; RunError if it never was."""
        if not self._record.is_file():
            raise RunError(
                f"There is no sweep in {self.path}: it has no {self._record.name}. Give the folder that run.py -m or "
                "scripts/sweep.py submit named, such as outputs/NAME."
            )
        return read_record(self._record, name=str, cluster=str, settings=dict)

    def job(self, number: int) -> Job:
        """One of its jobs, whether planned or not."""
        return Job(self.path, number)

    def jobs(self) -> list[Job]:
        """All planned jobs, by number; errors as of `launch`."""
        self.launch()
        return planned_jobs(self.path)


def planned_jobs(folder: Path) -> list[Job]:
    """The recorded jobs of a folder, by number; none where no sweep was launched."""
    names = [plan.parent.name for plan in folder.glob(f"{JOBS}/*/plan.json")]
    return [Job(folder, number) for number in sorted(int(name) for name in names if name.isdecimal())]


def read_record(path: Path, **kinds: type | tuple[type, ...]) -> dict[str, Any]:
    """Read a record whose values, by name, are of these kinds; RunError if it is none."""
    content = read_json(path)
    wrong = [name for name, kind in kinds.items() if not isinstance(content.get(name), kind)]
    if wrong:
        raise RunError(f"{path} has no {wrong[0]} that can be used. Bring it back, or choose another name=.")
    return content
