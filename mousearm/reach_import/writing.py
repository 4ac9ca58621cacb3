"""Names of the files that are written, and a folder that appears whole or not at all."""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mousearm.errors import KinematicsError


def output_names(paths: Sequence[Path]) -> list[str]:
    """A name for every input: its stem or, where stems repeat, its path below the folder that all have in common.

    Raises:
        KinematicsError: a file is given twice, or two differ only in their suffix.
    """
    resolved = [path.resolve() for path in paths]
    _refuse_repeats([str(path) for path in resolved], paths, "is given twice")
    if len({path.stem for path in paths}) == len(paths):
        return [path.stem for path in paths]
    common = Path(os.path.commonpath([path.parent for path in resolved]))
    names = [path.relative_to(common).with_suffix("").as_posix() for path in resolved]
    _refuse_repeats(names, paths, "has the name of another file but for its suffix, so both would be written to one")
    return names


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to write into that takes its name only when all went well.

    Args:
        path: must not exist, or be an empty folder.

    Raises:
        KinematicsError: there is something already, or nothing can be written there.
    """
    if path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise KinematicsError(
            f"{path} (--out) exists already, and nothing in it is to be overwritten or mixed with other reaches. Give "
            "another folder, such as one per session, or remove it."
        )
    path = path.resolve()  # the name of "." is empty
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        hidden = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise KinematicsError(f"{path} (--out) cannot be written ({error.strerror}). Give another folder.") from error
    try:
        inner = hidden / path.name
        inner.mkdir()
        yield inner
        if path.is_dir():
            path.rmdir()
        inner.rename(path)
    finally:
        shutil.rmtree(hidden)


def _refuse_repeats(names: Sequence[str], paths: Sequence[Path], what: str) -> None:
    count = Counter(names)
    for name, path in zip(names, paths, strict=True):
        if count[name] > 1:
            raise KinematicsError(f"{path}: {what}. Leave one out, or import it to another --out.")
