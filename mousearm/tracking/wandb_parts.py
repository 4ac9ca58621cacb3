"""Runs in Weights & Biases, in parts: begun or resumed online, or kept in the run folder and uploaded later."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from omegaconf import OmegaConf

from mousearm.config import Config
from mousearm.errors import ConfigError, RunError
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.logs import CODE, git
from mousearm.rundir.status import RUNNING
from mousearm.text import one_line, plural, shell, shortened

if TYPE_CHECKING:
    from wandb import Run

_STEPS = "steps"  # the key of the environment steps, over which all metrics are drawn
_OFFLINE = "offline-"  # how folders of parts begin that were kept for a later upload
_MODES = ("disabled", "offline", "online")
_LONGEST = 128  # name or group
_PATIENCE_S = 30.0  # for W&B's process to end
_URL = re.compile(r"View run .*?(https?://\S+)")


@dataclass(frozen=True, slots=True)
class Part:
    """The record of W&B from one start of a run to its end."""

    file: Path  # W&B's, ``run-ID.wandb``

    @property
    def mark(self) -> Path:
        """The file that W&B itself makes when the server has all of it."""
        return self.file.with_name(self.file.name + ".synced")

    @property
    def is_offline(self) -> bool:
        """True if it was kept for a later upload."""
        return self.file.parent.name.startswith(_OFFLINE)

    @property
    def is_empty(self) -> bool:
        """True if nothing was written."""
        return self.file.stat().st_size == 0

    def last_step(self) -> int:
        """W&B's step of its last row; -1 where there is none, or where it cannot be read."""
        if self.is_empty:
            return -1
        command = (*wandb_command("leet", "inspect"), "--json", str(self.file.parent))
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        rows = [line for line in result.stdout.splitlines() if '"type":"history"' in line]
        try:
            return int(json.loads(rows[-1])["history"]["item"]["_step"])
        except (IndexError, ValueError, KeyError, TypeError):
            return -1


def parts_of(run: Path) -> list[Part]:
    """The parts in a run folder, from the oldest to the newest."""
    files = (run / "wandb").glob("*run-*/run-*.wandb")
    return [Part(file) for file in sorted(files, key=lambda file: file.parent.name.removeprefix(_OFFLINE))]


def wandb_command(*words: str) -> tuple[str, ...]:
    """A command of W&B's program, in this Python."""
    return (sys.executable, "-m", "wandb", *words)


def start_wandb(config: Config, folder: RunFolder) -> "tuple[Run, int, Part]":
    """Begin or resume a run, and print where it is: in its folder without a login or a server, or after such a part.

    Returns W&B's run, the steps of the last row that it has (-1: none), and what is kept of it in the run folder.
    """
    import wandb  # slow to import, and most runs do without it

    earlier, begin, run = parts_of(folder.path), _beginning(config, folder), None
    if wandb_mode(config) == "online" and _can_go_online(earlier):
        try:
            run = begin(mode="online")
        except wandb.Error as error:
            print(f"Weights & Biases: {one_line(error)}. Going on offline.")
            for part in (part for part in parts_of(folder.path) if part not in earlier):
                shutil.rmtree(part.file.parent)
    run = run or begin(mode="offline")
    (part,) = (part for part in parts_of(folder.path) if part not in earlier)
    if run.offline:
        print(f"Weights & Biases: kept in {part.file.parent}. To upload it: {shell('scripts/sync.py', folder.path)}")
        sent = max((part.last_step() for part in earlier), default=-1)
    else:
        print(f"Weights & Biases: {run.url}")
        sent = run.starting_step - 1
        for lost in earlier:  # what a killed part did not upload is sent again
            lost.mark.touch()
    run.define_metric(_STEPS, hidden=True)
    run.define_metric("*", step_metric=_STEPS)
    run.save(str(folder.environment), base_path=str(folder.path), policy="now")
    return run, sent, part


def wandb_mode(config: Config) -> str:
    """Mode of tracking in W&B; WANDB_MODE, which clusters without a network set, can only make it less."""
    asked = config.tracking.wandb
    variable = os.environ.get("WANDB_MODE", "").replace("dryrun", "offline")
    return min(asked, variable if variable in _MODES else asked, key=_MODES.index)


def check_wandb(config: Config) -> None:
    """Check, before anything is written, that W&B takes what configuration and environment say; ConfigError if not."""
    if wandb_mode(config) == "disabled":
        return
    import wandb  # slow to import, and most runs do without it

    tracking = config.tracking
    what = f"tracking.project={tracking.project} or tracking.tags={tracking.tags}"
    try:
        settings = wandb.Settings(project=tracking.project, run_tags=tracking.tags)  # type: ignore[arg-type]
        what = "an environment variable WANDB_..."
        settings.update_from_env_vars(dict(os.environ))
    except (wandb.Error, ValueError) as error:
        listed = getattr(error, "errors", list)()  # of pydantic
        why = "; ".join(f"{one['loc'][0]}: {one['msg']}" for one in listed) or str(error)
        raise ConfigError(f"Weights & Biases refuses {what}: {why}. Correct it.") from error


def _beginning(config: Config, folder: RunFolder) -> "Callable[..., Run]":
    """A function that begins the run, given the mode."""
    import wandb  # slow to import, and most runs do without it

    # The run of a sweep's job is in <sweep>/<number>.
    tracking, path, parts = config.tracking, folder.path.absolute(), Path(config.name).parts
    job = path.name if path.name.isdigit() and path.parent.parts[-len(parts) :] == parts else ""
    settings = wandb.Settings(
        silent=True,
        console="off",
        init_timeout=20.0,  # s, for a server to answer
        finish_timeout=30.0,  # s, for what is left to be uploaded; SLURM kills so long after SIGTERM
        finish_timeout_raises=True,
        symlink=False,  # so that the folder can be copied to where there is a network
        x_transaction_log_flush_interval=1.0,  # s: what is lost at most of the record when a run is killed
        git_root=str(CODE),
        git_commit=_git("rev-parse", "HEAD") or None,
        git_remote_url=without_credentials(_git("config", "--get", "remote.origin.url")) or None,
    )
    wandb.setup(settings)  # silent from now on
    return partial(
        wandb.init,
        dir=str(folder.path),
        id=folder.id or None,
        resume="allow",
        reinit="create_new",  # jobs of a sweep may share a process
        project=tracking.project,
        entity=tracking.entity,
        group=shortened(tracking.group or (config.name if job else ""), _LONGEST) or None,
        name=shortened(f"{config.name}/{job}" if job else config.name, _LONGEST),
        job_type="train",
        tags=tracking.tags,
        notes=" ".join(folder.saved_overrides()),
        config=OmegaConf.to_container(OmegaConf.structured(config)),  # type: ignore[arg-type]
        settings=settings,
    )


def _can_go_online(earlier: Sequence[Part]) -> bool:
    """Check that there is a login, and that W&B has all earlier parts; print what is missing."""
    if any(part.is_offline and not part.mark.is_file() and not part.is_empty for part in earlier):
        print("Weights & Biases: an earlier part of the run is not uploaded yet, so this one is kept offline after it.")
        return False
    if problem := _login_problem(verify=False):
        print(f"Weights & Biases: {problem} Going on offline; `wandb login` lets the next run go online.")
    return not problem


def _login_problem(verify: bool) -> str:
    """A sentence, if nobody is logged in, or the server (where it is to verify that) cannot be reached; else empty."""
    import wandb

    try:
        return "" if wandb.login(prompt=False, verify=verify) else "nobody is logged in."
    except wandb.Error as error:
        return f"{one_line(error).rstrip('.')}."


def forget_service() -> None:
    """Release W&B's process, which may be gone or deaf: the next run, or program, starts another."""
    # W&B waits for its process without limit, and was seen to wait where a server was out of reach.
    ending = threading.Thread(target=_tear_down, daemon=True)
    ending.start()
    ending.join(_PATIENCE_S)
    os.environ.pop("WANDB_SERVICE", None)


def _tear_down() -> None:
    import wandb

    with contextlib.suppress(Exception, SystemExit):  # of many kinds, where nobody answers
        wandb.teardown()


def _git(*words: str) -> str:
    answer = git(*words).strip()
    return "" if answer.startswith("(") else answer


def without_credentials(url: str) -> str:
    """An address without the user's name, password or token in it, and without a query."""
    split = urlsplit(url)
    return split._replace(netloc=split.netloc.rpartition("@")[2], query="", fragment="").geturl()


def sync_runs(runs: Sequence[Path], again: bool = False) -> dict[Path, tuple[bool, str]]:
    """Upload what runs kept, the parts of each in their order, as one run; ``again`` also what the server has.

    Returns by run whether the server has all of it now, and the result in words. RunError without login or server.
    """
    results: dict[Path, tuple[bool, str]] = {}
    is_reachable = False
    for run in runs:
        parts = parts_of(run)
        waiting = [part for part in parts if not part.is_empty and (again or not part.mark.is_file())]
        if RunFolder(run).status().state == RUNNING:
            results[run] = False, "is being trained; its turn comes when it has ended"
        elif waiting:
            is_reachable = is_reachable or _check_login()
            results[run] = _upload(waiting)
        else:
            results[run] = True, "is uploaded already" if parts else "kept nothing for Weights & Biases"
    return results


def _upload(parts: Sequence[Part]) -> tuple[bool, str]:
    """Let W&B upload the parts of one run, one after the other."""
    for part in parts:
        part.mark.unlink(missing_ok=True)
    command = wandb_command("sync", "--include-online", *(str(part.file) for part in parts))
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    lines = [line.removeprefix("wandb: ") for line in (result.stdout + result.stderr).splitlines()]
    errors = [line.removeprefix("ERROR ") for line in lines if line.startswith(("ERROR ", "Error: "))]
    for part in parts:  # of a record whose end is missing, the rest was uploaded
        if any("ends with an incomplete record" in error and str(part.file.parent) in error for error in errors):
            part.mark.touch()
    if left := sum(not part.mark.is_file() for part in parts):
        problem = "; ".join(errors) or "wandb sync gave no reason"
        return False, f"{left} of {len(parts)} parts could not be uploaded: {problem}"
    url = next((found[1] for line in lines if (found := _URL.search(line))), "")
    return True, f"{plural(len(parts), 'part')} uploaded{url and f' to {url}'}"


def _check_login() -> bool:
    """True; RunError if nobody is logged in, or the server cannot be reached."""
    import wandb  # slow to import

    wandb.setup(wandb.Settings(silent=True))
    problem = _login_problem(verify=True)
    forget_service()
    if problem:
        raise RunError(
            f"Weights & Biases cannot be used: {problem} Log in with `wandb login`, or set WANDB_API_KEY; the computer "
            "must reach the server."
        )
    return True
