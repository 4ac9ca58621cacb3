"""The run folder: the names in it, who works on it, what there is to resume; the only readers of most of its files."""

from mousearm.rundir.folder import RUN, RunFolder, advising_to_resume
from mousearm.rundir.logs import CODE, git, read_environment, read_metrics
from mousearm.rundir.runs import JOBS, SWEEP, find_runs, resumed, with_resume
from mousearm.rundir.status import (
    FAILED,
    FINISHED,
    INTERRUPTED,
    KILLED,
    NO_STATUS,
    PRUNED,
    RUNNING,
    Pruned,
    Status,
    ending,
)

__all__ = [
    "CODE",
    "FAILED",
    "FINISHED",
    "INTERRUPTED",
    "JOBS",
    "KILLED",
    "NO_STATUS",
    "PRUNED",
    "RUN",
    "RUNNING",
    "SWEEP",
    "Pruned",
    "RunFolder",
    "Status",
    "advising_to_resume",
    "ending",
    "find_runs",
    "git",
    "read_environment",
    "read_metrics",
    "resumed",
    "with_resume",
]
