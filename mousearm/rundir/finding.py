"""Which runs there are in folders."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from mousearm.errors import RunError
from mousearm.rundir.folder import RunFolder

SWEEP = "multirun.yaml"
"""What Hydra writes into the folder of a sweep."""

JOBS = "jobs"
"""Where a sweep writes down its jobs, in a folder by number each; their runs are beside it, by the same numbers."""


def find_runs(folders: Sequence[Path]) -> list[Path]:
    """The run folders among these and below them, in the order of their numbers and names, each once.

    Also those that a sweep has made for a job that never began.

    Raises:
        RunError: if a folder does not exist or holds no run.
    """
    found: list[Path] = []
    for folder in folders:
        if not folder.is_dir():
            raise RunError(f"There is no folder {folder}. Give run folders or sweeps, such as outputs/NAME.")
        below = list(_below(folder.resolve()))
        if not below:
            raise RunError(f"There is no run in {folder} or below it: no config.yaml. Runs are in outputs/.")
        found += below
    return list(dict.fromkeys(found))


def _below(folder: Path) -> Iterator[Path]:
    is_job = folder.name.isdigit() and (folder.parent / SWEEP).is_file()
    if RunFolder(folder).exists or is_job:
        yield folder
    elif (folder / SWEEP).is_file():
        yield from _jobs(folder)
    else:
        inner = (path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        for path in sorted(inner, key=lambda path: (not path.name.isdigit(), path.name.zfill(9))):
            yield from _below(path)


def _jobs(sweep: Path) -> list[Path]:
    """The run folders of a sweep, also of jobs that made none; a copy of the code lies there, too, which is no run."""
    numbers = {int(path.name) for path in (*sweep.glob("*/"), *sweep.glob(f"{JOBS}/*/")) if path.name.isdigit()}
    return [sweep / str(number) for number in sorted(numbers)]
