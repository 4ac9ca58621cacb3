"""The run folder: the names in it, writing that leaves no half files, who works on it, what there is to resume."""

from mousearm.rundir.environment import CODE, git
from mousearm.rundir.files import explained, read_json, sync, to_json, write_bytes, write_json, write_text
from mousearm.rundir.finding import JOBS, SWEEP, find_runs
from mousearm.rundir.folder import RUN, RunFolder
from mousearm.rundir.resume import with_resume
from mousearm.rundir.sealed import check, seal
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
    "check",
    "explained",
    "find_runs",
    "git",
    "read_json",
    "seal",
    "sync",
    "to_json",
    "with_resume",
    "write_bytes",
    "write_json",
    "write_text",
]
