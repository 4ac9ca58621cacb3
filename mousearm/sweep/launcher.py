"""Hydra's launchers ``slurm`` and ``local``: submitit's settings, with jobs that are recorded and can be run again.

The launchers of hydra-submitit-launcher end at the first job that fails or is killed, start all processes of a
computer at once, and run whatever the checkout holds when a job's turn comes.
``examine`` checks that jobs can go to SLURM from here: scheduler, partition, shared folder, the same Python on a node.
"""

import math
import platform
import shutil
import socket
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from hydra_plugins.hydra_submitit_launcher.config import LocalQueueConf, SlurmQueueConf
from omegaconf import DictConfig, OmegaConf

import mousearm
from mousearm import cli
from mousearm.config import CONF
from mousearm.errors import ConfigError, MouseArmError, RunError
from mousearm.files import make_folder, write_text
from mousearm.rundir.logs import CODE
from mousearm.rundir.status import FINISHED
from mousearm.sweep import executor
from mousearm.sweep.progress import begin, progress, state_line
from mousearm.sweep.records import LOCAL, SLURM, WAITING, Job, Sweep, Worker, slurm, states, stop
from mousearm.text import shell

# Hydra takes plugins only from the package hydra_plugins, where the module `plugins` has this name.
PLUGINS = "hydra_plugins.mousearm"

_POLL_S = 2.0
_MOST_LOG = 2000


def n_trials(config: DictConfig) -> int | None:
    """Number of trials of a search, which draws its jobs as it runs; None for a sweep whose jobs are known."""
    return config.hydra.sweeper.get("n_trials")


@dataclass
class SlurmConf(SlurmQueueConf):
    """Settings of ``hydra/launcher=slurm``: submitit's, and ``wait`` for the jobs."""

    _target_: str = f"{PLUGINS}.QueueLauncher"
    cluster: str = SLURM
    wait: bool = True


@dataclass
class LocalConf(LocalQueueConf):
    """Settings of ``hydra/launcher=local``: submitit's, and the number of processes at a time."""

    _target_: str = f"{PLUGINS}.QueueLauncher"
    cluster: str = LOCAL
    timeout_min: int = 7 * 24 * 60
    parallel: int | None = None


def to_slurm(overrides: Sequence[str]) -> list[str]:
    """Add ``hydra/launcher=slurm``, unless overrides choose one like it; ConfigError if theirs does not queue."""
    chosen = [override for override in overrides if override.startswith("hydra/launcher=")]
    if any(not override.startswith("hydra/launcher=slurm") for override in chosen):
        raise ConfigError(
            f"{' '.join(chosen)} does not queue jobs in SLURM. Use hydra/launcher=slurm or slurm_gpu here, or, to wait "
            "for jobs on this computer: python run.py -m hydra/launcher=local ..."
        )
    return list(overrides) if chosen else ["hydra/launcher=slurm", *overrides]


class QueueLauncher(Launcher):
    """Gives jobs of a sweep to SLURM's queue, or to other processes of this computer, and waits."""

    def __init__(self, cluster: str, **settings: Any):
        self.cluster = cluster
        self._settings: Any = OmegaConf.to_container(OmegaConf.create(settings), resolve=True)
        self._code: Path | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take the sweep's configuration; RunError if it is for a SLURM that does not answer."""
        if self.cluster == SLURM:
            slurm("sbatch", "--version")
        self._config, self._sweep = config, Sweep(Path(config.hydra.sweep.dir))
        given = [one.path for one in config.hydra.runtime.config_sources if "command-line" in one.provider]
        if given:
            raise ConfigError(
                f"Jobs of hydra/launcher={self.cluster} compose their configuration themselves, from a copy of conf/. "
                f"Copy the files of {', '.join(given)} into {CONF}, and leave --config-dir out."
            )

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run jobs; those without a result return NaN. Where none can begin the program ends and says why."""
        jobs = dict(enumerate(job_overrides, initial_job_idx))
        print(f"{len(jobs)} jobs in {self._sweep.path}", flush=True)
        with cli.handled():
            try:
                if self._code is None:  # what a sweeper launches in several parts runs the same
                    name = str(self._config.name)
                    begin(self._sweep, name, self.cluster, self._settings, n_trials(self._config) is not None)
                    self._code = executor.snapshot(self._sweep.path)
                if self.cluster == LOCAL:
                    ended: Iterable[Job] = executor.run_here(self._sweep, jobs, self._code)
                else:
                    planned = executor.submit(self._sweep, jobs, self._code)
                    ended = executor.await_queue(planned) if self._settings["wait"] else ()
                for job in ended:
                    print(state_line(job, n_trials(self._config)), flush=True)
            except KeyboardInterrupt:
                look = shell("scripts/sweep.py", "status", self._sweep.path)
                now = "stay in the queue" if self.cluster == SLURM else "were ended, and can be taken up again"
                print(f"\nThe jobs {now}: {look}", file=sys.stderr)
                raise
        results = []
        for now in progress([self._sweep.job(number) for number in jobs]):
            results.append(JobReturn(overrides=now.job.overrides, status=JobStatus.COMPLETED))
            results[-1].return_value = now.paw_mm if now.state == FINISHED else math.nan
        return results


def examine(settings: Mapping[str, Any], folder: Path, patience_s: float) -> Iterator[tuple[str, bool, str]]:
    """Check settings of ``hydra/launcher=slurm`` from the simplest to the whole, a test job; end at the first failure.

    Yields what is checked, whether it is as it must be, and what was found, with what to do where it is not.
    """
    questions = {
        "scheduler": lambda: slurm("scontrol", "ping").strip().splitlines()[0],
        "partition": lambda: _partition(settings.get("partition")),
        "shared folder": lambda: _writable(folder),
        "test job": lambda: _test_job(settings, folder, patience_s),
    }
    for question, look in questions.items():
        try:
            yield question, True, look()
        except (MouseArmError, OSError) as error:
            yield question, False, str(error)
            return


def _partition(wanted: str | None) -> str:
    found = dict(line.split("|", 1) for line in slurm("sinfo", "-h", "-o", "%P|%a, limit %l, %D nodes").splitlines())
    listed = "; ".join(f"{name.rstrip('*')}: {text}" for name, text in found.items())
    name = wanted or next((name for name in found if name.endswith("*")), None)
    if name is None:
        raise RunError(f"There is no default partition: give hydra.launcher.partition=NAME. There are {listed}.")
    if name.rstrip("*") not in {name.rstrip("*") for name in found}:
        raise RunError(f"There is no partition '{name}' (hydra.launcher.partition). There are {listed}.")
    return f"{name.rstrip('*')} of {listed}"


def _writable(folder: Path) -> str:
    probe = make_folder(folder) / f".doctor-{uuid.uuid4().hex}"
    write_text(probe, "")
    probe.unlink()
    return f"{folder.resolve()} can be written here"


def _here() -> dict[str, str]:
    """Python, package and folder, which must be the same on a node."""
    python = f"{platform.python_version()} {sys.executable}"
    return {"python": python, "mousearm": f"{mousearm.__version__} {mousearm.__file__}", "folder": str(Path.cwd())}


def _test_job(settings: Mapping[str, Any], folder: Path, patience_s: float) -> str:
    place = (folder / f".doctor-{uuid.uuid4().hex[:8]}").resolve()
    short = {**settings, "timeout_min": 1, "signal_delay_s": 10}
    queue = executor.build_executor(SLURM, place, executor.with_environment(short, CODE, None))
    try:
        (job,) = executor.submit_calls(queue, [_here])
        _await(Worker(SLURM, job.job_id, socket.gethostname()), patience_s)
        until = time.monotonic() + 30  # s, until a shared file system shows what another computer wrote
        while not job.paths.result_pickle.exists():
            if time.monotonic() > until:
                log = job.stderr() or "no log either: is the folder shared with the nodes?"
                raise RunError(f"The test job left no result in {place}. {log[-_MOST_LOG:]}")
            time.sleep(_POLL_S)
        if (error := job.exception()) is not None:
            raise RunError(f"The test job failed. {str(error)[-_MOST_LOG:]}")
        there, here = job.result(), _here()
    finally:
        shutil.rmtree(place, ignore_errors=True)
    different = [f"{name}: {value} there, {here[name]} here" for name, value in there.items() if here[name] != value]
    if different:
        raise RunError(f"The node runs something else: {'; '.join(different)}. Put .venv where all nodes see it.")
    return f"job {job.job_id} ran on a node with the same Python ({here['python']}) and the same mousearm"


def _await(worker: Worker, patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while life := states([worker]).get(worker):
        if life == WAITING and time.monotonic() > until:
            reason = slurm("squeue", "--noheader", f"--job={worker.id}", "--format=%r").strip()
            stop([worker])
            raise RunError(
                f"It still waited for its turn after {patience_s:g} s, and was cancelled; SLURM's reason: {reason}. "
                "Try again with --patience 3600, or with another hydra.launcher.partition."
            )
        time.sleep(_POLL_S)
