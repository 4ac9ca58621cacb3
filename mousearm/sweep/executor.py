"""submitit's executors, which start a process on this computer or put a job into SLURM's queue."""

import io
import os
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import fields
from pathlib import Path
from typing import Any

import submitit
from hydra_plugins.hydra_submitit_launcher.config import BaseQueueConf
from submitit.core.utils import FailedJobError

from mousearm.errors import RunError

# Settings that submitit's update_parameters does not take.
_OTHERS = ("_target_", "submitit_folder", "max_num_timeout", "wait", "parallel")
# Words of sbatch when it refuses, and which setting of hydra.launcher they are about.
_COMPLAINTS = {
    "memory": "mem_gb (null where a cluster does not count memory)",
    "partition": "partition",
    "account": "account",
    "qos": "qos",
    "feature": "constraint",
    "generic resource": "gpus_per_node",
    "time limit": "timeout_min",
    "cpu": "cpus_per_task",
    "processors": "cpus_per_task",
}
_LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def build_executor(cluster: str, sweep: Path, settings: Mapping[str, Any]) -> submitit.AutoExecutor:
    """What submits: submitit's, with the settings of the launcher.

    Raises:
        RunError: if SLURM is not there, or a setting is not one.
    """
    common = {field.name for field in fields(BaseQueueConf)}
    given = {name: value for name, value in settings.items() if name not in _OTHERS and value is not None}
    own = {name if name in common else f"{cluster}_{name}": value for name, value in given.items()}
    first = {f"{cluster}_max_num_timeout": settings.get("max_num_timeout", 0)}
    try:
        executor = submitit.AutoExecutor(folder=sweep.resolve() / ".submitit" / "%j", cluster=cluster, **first)
        executor.update_parameters(**own)
    except (RuntimeError, AssertionError, NameError, ValueError) as error:  # submitit's kinds
        raise RunError(f"hydra/launcher={cluster} cannot be used: {error}") from error
    return executor


def give(executor: submitit.AutoExecutor, calls: Sequence[Callable[[], Any]]) -> list[submitit.Job[Any]]:
    """Submit calls together.

    Raises:
        RunError: if SLURM refuses them.
    """
    try:
        with redirect_stderr(io.StringIO()), executor.batch():  # submitit prints there what the error says
            return [executor.submit(call) for call in calls]
    except FailedJobError as error:  # of sbatch
        text = " ".join(str(error).split())
        raise RunError(f"SLURM refuses the jobs: {text}{remedy(text)}") from error


def remedy(complaint: str) -> str:
    """Which settings to try after words of sbatch, as a sentence that follows these; empty where nothing is known."""
    settings = [setting for word, setting in _COMPLAINTS.items() if word in complaint.lower()]
    listed = ", ".join(f"hydra.launcher.{setting}" for setting in settings)
    return f". To be changed: {listed}" if settings else ""


def with_environment(settings: Mapping[str, Any], code: Path, threads: int | None) -> dict[str, Any]:
    """Settings for SLURM whose jobs run a snapshot of the code, even where a cluster passes on no environment."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment(code, threads).items()]
    return {**settings, "setup": [*(settings.get("setup") or []), *exports]}


def environment(code: Path, threads: int | None) -> dict[str, str]:
    """What makes a process run the snapshot, whatever the working directory holds, with its share of threads."""
    path = os.pathsep.join(filter(None, (str(code), os.environ.get("PYTHONPATH"))))
    share = dict.fromkeys(_LIBRARIES, str(threads)) if threads else {}
    return {"PYTHONPATH": path, "PYTHONSAFEPATH": "1", **share}
