"""Upload what runs kept for Weights & Biases."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mousearm.errors import RunError
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.status import RUNNING
from mousearm.tracking.wandb_start import Part, forget_service, parts_of, wandb_command

_URL = re.compile(r"View run .*?(https?://\S+)")
# W&B's message about a record whose end is missing because the run was killed: the rest was uploaded.
_CUT_SHORT = "ends with an incomplete record"


class SyncResult(NamedTuple):
    """Result of the upload of one run.

    Attributes:
        run: folder of the run.
        good: True if the server has all of it now.
        text: the result in words.
    """

    run: Path
    good: bool
    text: str


def sync_runs(runs: Sequence[Path], again: bool = False) -> list[SyncResult]:
    """Upload what runs kept, the parts of each in their order; they become one run there.

    Args:
        runs: run folders.
        again: upload also what the server is known to have.

    Raises:
        RunError: if there is no login, or the server cannot be reached.
    """
    waiting = {run: _waiting(run, again) for run in runs}
    if any(waiting.values()):
        _check_login()
    return [_upload(run, parts) for run, parts in waiting.items()]


def _waiting(run: Path, again: bool) -> list[Part]:
    if RunFolder(run).status().state == RUNNING:
        return []
    return [part for part in parts_of(run) if not part.is_empty and (again or not part.uploaded)]


def _upload(run: Path, parts: Sequence[Part]) -> SyncResult:
    if RunFolder(run).status().state == RUNNING:
        return SyncResult(run, False, "is being trained; its turn comes when it has ended")
    if not parts:
        return SyncResult(run, True, "is uploaded already" if parts_of(run) else "kept nothing for Weights & Biases")
    errors, url = _sync(parts)
    left = [part for part in parts if not part.uploaded]
    if left:
        problem = "; ".join(errors) or "wandb sync gave no reason"
        return SyncResult(run, False, f"{len(left)} of {len(parts)} parts could not be uploaded: {problem}")
    return SyncResult(run, True, f"{_parts(len(parts))} uploaded{url and f' to {url}'}")


def _sync(parts: Sequence[Part]) -> tuple[list[str], str]:
    """Let W&B upload the parts of one run, one after the other; returns its errors, and the run's address."""
    for part in parts:
        part.mark_uploaded(False)
    command = wandb_command("sync", "--include-online", *(str(part.file) for part in parts))
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    lines = [line.removeprefix("wandb: ") for line in (result.stdout + result.stderr).splitlines()]
    errors = [line.removeprefix("ERROR ") for line in lines if line.startswith(("ERROR ", "Error: "))]
    for part in parts:
        if any(_CUT_SHORT in error and str(part.file.parent) in error for error in errors):
            part.mark_uploaded()
    return errors, next((found[1] for line in lines if (found := _URL.search(line))), "")


def _check_login() -> None:
    import wandb  # slow to import

    wandb.setup(wandb.Settings(silent=True))
    try:
        problem = "" if wandb.login(prompt=False, verify=True) else "nobody is logged in."
    except wandb.Error as error:
        problem = " ".join(str(error).split())
    forget_service()
    if problem:
        raise RunError(
            f"Weights & Biases cannot be used: {problem} Log in with `wandb login`, or set WANDB_API_KEY; the computer "
            "must reach the server."
        )


def _parts(n: int) -> str:
    return "1 part" if n == 1 else f"{n} parts"
