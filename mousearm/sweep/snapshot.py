"""A copy of the code, so that jobs that wait for their turn do not change with the checkout."""

import shutil
import subprocess
from pathlib import Path

import mousearm

ROOT = Path(mousearm.__file__).parents[1]
_PARTS = ("mousearm", "conf", "run.py")


def snapshot(sweep: Path) -> Path:
    """Copy the code that is running into a sweep's folder: what is committed and what is not.

    Where there is a git checkout the copy is one too, so that environment.txt of its runs tells commit and changes.

    Returns:
        The copy, ``code`` or ``code-1`` and so on: an earlier one may still be at work.
    """
    copy = sweep / f"code-{len(copies(sweep))}"
    clone = ["git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(copy)]
    if not (ROOT / ".git").exists() or subprocess.run(clone, capture_output=True, check=False).returncode:
        copy.mkdir(parents=True, exist_ok=True)
    for part in _PARTS:
        _replace(ROOT / part, copy / part)
    return copy.resolve()


def copies(sweep: Path) -> list[Path]:
    """The copies in a sweep's folder, from the oldest to the newest."""
    return sorted(sweep.glob("code-*"), key=lambda path: int(path.name.removeprefix("code-")))


def _replace(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy2(source, target)
