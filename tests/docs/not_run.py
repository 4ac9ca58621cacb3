"""Commands on the pages that no test of the pages runs, and why."""

_CLUSTER = "needs a cluster; tests/slurm has one"
_INSTALLS = "installs: .ci/run does it from a fresh clone"

# By how the command begins.
NOT_RUN = {
    "git clone": _INSTALLS,
    "make ": _INSTALLS,
    "ssh ": _CLUSTER,
    "scp ": _CLUSTER,
    "module load": _CLUSTER,
    ". .venv/bin/activate": "the environment of the tests is active",
    "python scripts/sweep.py doctor": _CLUSTER,
}


def reason(command: str) -> str | None:
    """Why a command is not run; None if it is."""
    return next((why for beginning, why in NOT_RUN.items() if command.startswith(beginning)), None)
