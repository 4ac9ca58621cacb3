"""Names of the files that are written."""

import os
from collections import Counter
from collections.abc import Sequence
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


def _refuse_repeats(names: Sequence[str], paths: Sequence[Path], what: str) -> None:
    count = Counter(names)
    for name, path in zip(names, paths, strict=True):
        if count[name] > 1:
            raise KinematicsError(f"{path}: {what}. Leave one out, or import it to another --out.")
