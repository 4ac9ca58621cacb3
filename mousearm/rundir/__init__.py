"""The run folder: the names in it, who works on it, what there is to resume."""

from mousearm.rundir.environment import CODE, git
from mousearm.rundir.finding import JOBS, SWEEP, find_runs
from mousearm.rundir.folder import RUN, RunFolder, advising_to_resume
from mousearm.rundir.resume import with_resume
from mousearm.rundir.status import FAILED, FINISHED, INTERRUPTED, KILLED, PRUNED, RUNNING, Pruned

__all__ = [
    "CODE",
    "FAILED",
    "FINISHED",
    "INTERRUPTED",
    "JOBS",
    "KILLED",
    "PRUNED",
    "RUN",
    "RUNNING",
    "SWEEP",
    "Pruned",
    "RunFolder",
    "advising_to_resume",
    "find_runs",
    "git",
    "with_resume",
]
