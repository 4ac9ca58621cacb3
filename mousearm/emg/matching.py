"""Which reach a file of EMG belongs to: as it is said, by its name, or by the times of a session."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mousearm.errors import EmgError, UnknownNameError
from mousearm.kinematics.folder import ReachFile
from mousearm.text import listed

_MOST = 20
_MARK = re.compile(r"(?:[_.-]emg)$|^(?:emg[_.-])", re.IGNORECASE)


def read_pairs(words: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Reaches by file, of words FILE=REACH; EmgError if one is malformed, UnknownNameError where there is no reach."""
    pairs: dict[str, str] = {}
    for word in words:
        file, is_pair, reach = word.partition("=")
        if not is_pair or not file:
            raise EmgError(
                f"--match {word}: write FILE=REACH, the name of a file and that of its reach.", fault="reach"
            )
        if reach not in names:
            raise UnknownNameError("reach (--match)", reach, names)
        pairs[file] = reach
    return pairs


def reach_of(path: Path, reaches: Sequence[ReachFile], pairs: Mapping[str, str]) -> tuple[ReachFile | None, str]:
    """The reach of a file, and how it was found; None if its name is that of none.

    ``NAME_emg.csv`` belongs to the reach ``NAME`` and, if there is none, to the only one that ends with ``_NAME``. In
    folders of animals and sessions the path counts as far as it tells reaches of one name apart.
    """
    for file in (str(path), path.name, path.stem):
        if file in pairs:
            return next(reach for reach in reaches if reach.name == pairs[file]), "--match"
    stem = _MARK.sub("", path.stem)
    own = [*path.resolve().parent.parts, stem]
    same = [reach for reach in reaches if reach.name.rpartition("/")[2] == stem]
    deepest = [_shared(reach.name.split("/"), own) for reach in same]
    best = [reach for reach, n in zip(same, deepest, strict=True) if n == max(deepest)]
    if len(best) == 1:
        return best[0], "its name"
    ends = [reach for reach in reaches if reach.name.endswith(f"_{stem}")] if not same else []
    if len(ends) == 1:
        return ends[0], f"the end of its name, {stem}"
    if candidates := best or ends:
        what = f"may belong to {listed([reach.name for reach in candidates], _MOST)}"
        raise EmgError(f"{what}. Say which, by --match {path.name}=REACH.", path, fault="reach")
    return None, ""


def reaches_within(reaches: Sequence[ReachFile], first: float, last: float) -> list[ReachFile]:
    """Reaches whose times lie within those of a recording, s on the clock of both."""
    found = []
    for reach in reaches:
        time = np.asarray(reach.read().time)
        if first <= time[0] and time[-1] <= last:
            found.append(reach)
    return found


def no_reach(path: Path, reaches: Sequence[ReachFile], is_clock: bool) -> EmgError:
    """The error of a file that belongs to no reach."""
    names = listed([reach.name for reach in reaches], _MOST)
    what = f"belongs to no reach: none is called so; there are {names}"
    hint = "Correct --offset-s or --time-unit" if is_clock else "Call it REACH_emg"
    if is_clock:
        what = f"{what}, and none lies within its times"
    return EmgError(f"{what}. {hint}, or say --match {path.name}=REACH.", path, fault="reach")


def _shared(name: Sequence[str], path: Sequence[str]) -> int:
    """How many parts at the ends of two paths are the same."""
    n = 0
    for a, b in zip(reversed(name), reversed(path), strict=False):
        if a != b:
            break
        n += 1
    return n
