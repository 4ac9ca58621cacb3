"""Records of a run and the only readers of them: environment.txt, metrics.csv, timing.csv."""

import csv
import importlib.metadata
import os
import platform
import re
import subprocess
from contextlib import suppress
from functools import cache
from itertools import count, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from mousearm import CHECKOUT, INSTALLED
from mousearm.door import check_seal, read_bytes
from mousearm.errors import RunError
from mousearm.rundir.status import advising_to_resume
from mousearm.text import one_line, printable

CODE = INSTALLED.parent  # the code that runs: a checkout, a copy, or where packages are installed
_MAX_METRICS_BYTES = 500_000_000
_NUMBER = re.compile("[0-9]{1,18}")
_BRING_BACK = "Bring it back as it was, or move it away: the run begins a new one where it resumes."
_COMMIT, _DIFF = "$ git rev-parse HEAD", "$ git diff HEAD"
_NO_CHECKOUT = "(not a git checkout)"
_SHAREABLE = re.compile(r"python \d|[\w.-]+==|\$ git |\(|[0-9a-f]+$|$")  # the lines that `describe_environment` writes


def describe_environment() -> str:
    """Describe the versions of Python and of all packages, and the commit of the code with the changes since."""
    lines = [f"python {platform.python_version()} on {platform.platform()}", "", *_packages(), ""]
    commit = git("rev-parse", "HEAD")
    knows = not commit.startswith("(")
    if not knows and commit != _NO_CHECKOUT:
        print(f"The commit of the code in {CODE} is not written down {commit}.")
    said = commit.replace(str(CODE), "CODE")  # which may name the user
    return "\n".join([*lines, _COMMIT, said, "", _DIFF, git("diff", "HEAD") if knows else said, ""])


@cache
def _packages() -> list[str]:
    """All packages that are installed, with their versions; a process reads them once, for a tenth of a second."""
    return sorted({f"{found.metadata['Name']}=={found.version}" for found in importlib.metadata.distributions()})


def git(*words: str) -> str:
    """Ask git about the code; where it has no answer, as outside a checkout, why, in parentheses."""
    if CHECKOUT is None:  # the repository around it, if there is one, is another's
        return _NO_CHECKOUT
    how: dict[str, Any] = {"capture_output": True, "encoding": "utf-8", "errors": "replace", "check": False}
    try:
        result = subprocess.run(["git", *words], cwd=CODE, env={**os.environ, "LC_ALL": "C"}, **how)
    except OSError as error:
        return f"(git cannot be asked: {error.strerror})"
    if result.returncode == 0:
        return result.stdout
    reason = one_line(result.stderr) or f"it ends with {result.returncode}"
    return _NO_CHECKOUT if "not a git repository" in reason else f"(git says: {reason})"


class Environment(NamedTuple):
    """The code that a run ran, as environment.txt has it."""

    commit: str  # empty where it is not known
    is_changed: bool  # by what is in no commit
    shareable: str  # versions and commit, and a note in place of the changes; of what else stands there nothing


def read_environment(file: Path) -> Environment:
    """Read what ``describe_environment`` wrote; a file that does not exist says nothing."""
    text = read_bytes(file).decode(errors="replace") if file.exists() else ""
    before, mark, changes = text.partition(f"{_DIFF}\n")
    commit = before.partition(f"{_COMMIT}\n")[2].strip()
    is_changed = changes.strip()[:1] not in ("", "(")
    kept = "(there were changes, which are not shared)\n" if is_changed else changes
    shareable = "".join(line for line in (before + mark + kept).splitlines(keepends=True) if _SHAREABLE.match(line))
    return Environment("" if commit.startswith("(") else commit, is_changed, shareable)


class Rows(NamedTuple):
    """Columns and complete rows of a CSV file of metrics, by ``steps``, up to one that a kill cut short."""

    columns: list[str]
    rows: list[dict[str, str]]

    def column(self, *names: str) -> dict[int, float]:
        """Numbers by steps: of each row that of the first of these columns that has one."""
        found = {}
        for row in self.rows:
            with suppress(ValueError):
                found[int(row["steps"])] = float(next((row[name] for name in names if row.get(name)), ""))
        return found


def read_metrics(file: Path) -> Rows:
    """Read metrics.csv or timing.csv; a file that does not exist has no rows.

    RunError if it has changed since its run ended, has no column ``steps``, or rows follow on one that is not whole.
    """
    if not file.exists():
        return Rows(["steps"], [])
    check_seal(file, _BRING_BACK)
    text = read_bytes(file, _MAX_METRICS_BYTES).decode(errors="replace")
    lines = text[: text.rfind("\n") + 1].splitlines()
    try:
        columns, *rows = csv.reader(lines) if lines else [["steps"]]
    except csv.Error as error:
        raise RunError(f"{file} cannot be read as a table ({error}). {_BRING_BACK}") from error
    if "steps" not in columns or len({*columns}) < len(columns):
        raise RunError(
            f"{file} is no table of metrics: its first line names no steps, or a column twice. {_BRING_BACK}"
        )
    at = columns.index("steps")
    steps = [int(row[at]) if len(row) == len(columns) and _NUMBER.fullmatch(row[at]) else -1 for row in rows]
    good = next((i for i, (last, now) in enumerate(pairwise([-1, *steps])) if now <= last), len(steps))
    if any(step > max([-1, *steps[:good]]) for step in steps[good:]):
        raise RunError(f"{file}, line {good + 2}, is not whole, or out of order, though rows follow it. {_BRING_BACK}")
    return Rows(columns, [dict(zip(columns, row, strict=True)) for row in rows[:good]])


def set_aside_damaged(file: Path) -> None:
    """Move metrics.csv or timing.csv to another name if it cannot be read, and say so: the run begins a new one."""
    try:
        read_metrics(file)
    except RunError as error:
        kept = next(path for i in count(1) if not (path := file.with_name(f"{file.name}.damaged_{i}")).exists())
        with advising_to_resume(file, "moved"):
            file.rename(kept)
        print(printable(f"A new {file.name} begins, and {kept.name} is what was there: {error}"))
