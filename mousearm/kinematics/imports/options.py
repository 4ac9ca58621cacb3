"""Options of an import, and the names that its reaches get."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from mousearm.door import check_name
from mousearm.errors import KinematicsError, UnknownNameError
from mousearm.kinematics.checks import RATE_RANGE
from mousearm.kinematics.imports.cleaning import CutRule
from mousearm.kinematics.imports.conversion import SIDES, UNITS
from mousearm.trajectory import LANDMARKS


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of an import: what the files do not say, and how they are processed; values out of range are refused."""

    points: Mapping[str, str] = field(default_factory=dict)  # names of landmarks in the files, where others than here
    unit: str | None = None  # a key of `UNITS`; None where the files say it
    axes: str | None = None  # as `read_axes` reads them; None for OpenSim's files
    rate: float | None = None  # Hz; None where the files have times
    side: str = SIDES[0]
    min_likelihood: float | None = None  # points below it are gaps; None keeps all
    max_gap_ms: float = 30.0  # the longest gap that is filled
    cutoff: float | Literal["auto"] | None = None  # of the low-pass filter, Hz; auto: that of least expected error
    cut: CutRule | None = None  # into reaches; None to keep each file whole
    animal: str = ""  # with the session, the folder of the reaches: animal/session
    session: str = ""

    def __post_init__(self) -> None:
        named = [("landmark (--points)", name, LANDMARKS) for name in self.points]
        for kind, name, valid in (*named, ("unit (--units)", self.unit, UNITS), ("side (--side)", self.side, SIDES)):
            if name is not None and name not in valid:
                raise UnknownNameError(kind, name, valid)
        slowest, fastest = RATE_RANGE
        if self.rate is not None and not slowest <= self.rate <= fastest:
            raise KinematicsError(f"--rate {self.rate:g}: give the frames per second, {slowest:g} to {fastest:g} Hz.")
        if self.min_likelihood is not None and not 0 <= self.min_likelihood <= 1:
            raise KinematicsError(f"--min-likelihood {self.min_likelihood:g}: give a number from 0 to 1.")
        if not 0 <= self.max_gap_ms < np.inf:
            raise KinematicsError(f"--max-gap {self.max_gap_ms:g}: give a number of ms, 0 or more.")
        if self.cutoff not in (None, "auto") and not 0 < float(self.cutoff) < np.inf:
            raise KinematicsError(f"--cutoff {float(self.cutoff):g}: give a frequency above 0 Hz, or auto.")
        for name in filter(None, (self.animal, self.session)):
            check_name(name, KinematicsError)


def output_names(paths: Sequence[Path], options: Sequence[ImportOptions]) -> list[str]:
    """Name every input below the output folder: animal and session, where they are said, and its stem.

    Where files lie in several folders, it is the path below the folder that all have in common.
    """
    resolved = [path.resolve() for path in paths]
    common = os.path.commonpath([path.parent for path in resolved])
    names = [path.relative_to(common).with_suffix("").as_posix() for path in resolved]
    said = [list(filter(None, (of.animal, of.session))) for of in options]
    names = ["/".join([*of, Path(name).name]) if of else name for of, name in zip(said, names, strict=True)]
    for keys, what in (
        (resolved, "is given twice"),
        (names, "has the name of another file but for its suffix, so both would be written to one"),
    ):
        count = Counter(keys)
        for path, key in zip(paths, keys, strict=True):
            if count[key] > 1:
                raise KinematicsError(f"{path}: {what}. Leave one out, or import it to another --out.")
    return names
