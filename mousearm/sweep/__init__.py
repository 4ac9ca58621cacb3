"""Sweeps: many runs, one after the other, in parallel or in SLURM's queue; written down, and taken up again."""

from mousearm.sweep.commands import cancel, retry, status
from mousearm.sweep.doctor import examine
from mousearm.sweep.job import run_job
from mousearm.sweep.plugins import register, settings
from mousearm.sweep.records import Job, Sweep, planned_jobs
from mousearm.sweep.settings import to_slurm

__all__ = [
    "Job",
    "Sweep",
    "cancel",
    "examine",
    "planned_jobs",
    "register",
    "retry",
    "run_job",
    "settings",
    "status",
    "to_slurm",
]
