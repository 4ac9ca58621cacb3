"""Which runs there are in folders."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from mousearm.errors import RunError
from mousearm.rundir.folder import RunFolder

SWEEP = "multirun.yaml"
"""What Hydra writes into the folder of a sweep."""


def made_jobs(sweep: Path) -> list[Path]:
    """The folders that the jobs of a sweep have made; a copy of the code lies beside them, which is no run."""
    return [path for path in sweep.iterdir() if path.is_dir() and path.name.isdigit()]


def find_runs(folders: Sequence[Path], jobs_of: Callable[[Path], Iterable[Path]] = made_jobs) -> list[Path]:
    """The run folders among these and below them, in the order of their numbers and names, each once.

    Also those that a sweep has made for a job that never began.

    Args:
        folders: runs, sweeps and folders of these.
        jobs_of: the folders of the jobs of a sweep.

    Raises:
        RunError: if a folder does not exist or holds no run.
    """
    found: list[Path] = []
    for folder in folders:
        if not folder.is_dir():
            raise RunError(f"There is no folder {folder}. Give run folders or sweeps, such as outputs/NAME.")
        below = list(_below(folder.resolve(), jobs_of))
        if not below:
            raise RunError(f"There is no run in {folder} or below it: no config.yaml. Runs are in outputs/.")
        found += below
    return list(dict.fromkeys(found))


def _below(folder: Path, jobs_of: Callable[[Path], Iterable[Path]]) -> Iterator[Path]:
    is_job = folder.name.isdigit() and (folder.parent / SWEEP).is_file()
    if RunFolder(folder).exists or is_job:
        yield folder
    elif (folder / SWEEP).is_file():
        yield from sorted(jobs_of(folder), key=_order)
    else:
        inner = (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        for path in sorted(inner, key=_order):
            yield from _below(path, jobs_of)


def _order(path: Path) -> tuple[bool, str]:
    return not path.name.isdigit(), path.name.zfill(9)
