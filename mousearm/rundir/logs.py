"""Records of a run and the only readers of them: environment.txt, metrics.csv, timing.csv."""

import csv
import importlib.metadata
import platform
import subprocess
from pathlib import Path
from typing import NamedTuple

CODE = Path(__file__).parents[2]
"""Folder of the code that runs: a checkout, or a copy."""

_COMMIT, _DIFF = ("rev-parse", "HEAD"), ("diff", "HEAD")
_NO_CHECKOUT = "(not a git checkout)"


def describe_environment() -> str:
    """Describe the versions of Python and of all packages, and the commit of the code with the changes since."""
    packages = sorted({f"{d.metadata['Name']}=={d.version}" for d in importlib.metadata.distributions()})
    lines = [f"python {platform.python_version()} on {platform.platform()}", "", *packages, ""]
    for words in (_COMMIT, _DIFF):
        answer = git(*words)
        lines += [_asked(words), _NO_CHECKOUT if answer is None else answer, ""]
    return "\n".join(lines)


def git(*words: str) -> str | None:
    """Ask git about the code; None where it refuses, as outside a checkout."""
    result = subprocess.run(["git", *words], cwd=CODE, capture_output=True, text=True, check=False)
    return result.stdout if result.returncode == 0 else None


class Environment(NamedTuple):
    """The code that a run ran, as environment.txt has it."""

    commit: str  # empty where it is not known
    is_changed: bool  # by what is in no commit
    shareable: str  # the text with a note in place of the changes, which can hold anything


def read_environment(file: Path) -> Environment:
    """Read what ``describe_environment`` wrote; a file that does not exist says nothing."""
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    before, mark, changes = text.partition(f"{_asked(_DIFF)}\n")
    commit = before.partition(f"{_asked(_COMMIT)}\n")[2].strip()
    is_changed = changes.strip() not in ("", _NO_CHECKOUT)
    kept = "(there were changes, which are not shared)\n" if is_changed else changes
    return Environment("" if commit == _NO_CHECKOUT else commit, is_changed, before + mark + kept)


def _asked(words: tuple[str, ...]) -> str:
    return f"$ git {' '.join(words)}"


class Rows(NamedTuple):
    """Complete rows of a CSV file of metrics, in the order of ``steps``, and the names of its columns.

    A row that a kill cut short and what follows it are left out.
    """

    columns: list[str]
    rows: list[dict[str, str]]

    def column(self, *names: str) -> dict[int, float]:
        """Numbers by steps: of each row that of the first of these columns that has one."""
        found = {}
        for row in self.rows:
            text = next((row[name] for name in names if row.get(name)), "")
            try:
                found[int(row["steps"])] = float(text)
            except ValueError:
                continue
        return found


def read_metrics(file: Path) -> Rows:
    """Read metrics.csv or timing.csv; a file that does not exist, or is another kind of file, has no rows."""
    if not file.is_file():
        return Rows(["steps"], [])
    rows: list[dict[str, str]] = []
    with file.open(newline="", encoding="utf-8", errors="replace") as lines:
        reader = csv.DictReader(lines)
        columns = list(reader.fieldnames or [])
        if "steps" not in columns:
            return Rows(["steps"], [])
        for row in reader:
            last = int(rows[-1]["steps"]) if rows else -1
            is_complete = len(row) == len(columns) and None not in row.values()
            if not (is_complete and row["steps"].isdigit() and last < int(row["steps"])):
                break
            rows.append(row)
    return Rows(columns, rows)
