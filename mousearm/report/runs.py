"""What a comparison needs of a run, and why some have to stay out."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mousearm.errors import RunError
from mousearm.evaluate import Evaluation
from mousearm.rundir import RunFolder

UNKNOWN = "unknown"
"""The commit of code that was in no git checkout."""

PLACE = ("name",)
"""Overrides that say where a run goes, not what it is."""


@dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        folder: its folder.
        name: by which a report calls it: the folder, without what all runs have in common.
        settings: every key of its configuration, with its path, and the value.
        overrides: what its command line said, by key.
        evaluation: of its best network.
        commit: of the code; ``unknown`` outside a git checkout, with a plus if the code was changed since.
        host: where it ran.
    """

    folder: RunFolder
    name: str
    settings: Mapping[str, Any]
    overrides: Mapping[str, str]
    evaluation: Evaluation
    commit: str
    host: str

    @property
    def seed(self) -> int:
        """Its seed."""
        return self.settings["seed"]

    def error_mm(self, split: str, point: str) -> float:
        """Mean error of ``paw`` or ``elbow`` over all steps of a split, mm; NaN without such reaches."""
        both = self.evaluation.splits.get(split)
        return float("nan") if both is None else both[f"{point}_mm"].mean

    def effort(self, split: str) -> float:
        """Mean effort over all steps of a split; NaN without such reaches."""
        own = [reach for reach in self.evaluation.reaches if reach.split == split]
        return float(np.average([r.effort for r in own], weights=[r.steps for r in own])) if own else float("nan")

    @cached_property
    def files(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """By split the names of its reaches, each with the hash of its file where the run has saved one."""
        try:
            hashes = self.folder.saved_split().sha256
        except RunError:
            hashes = {}
        names = {s: sorted(r.name for r in self.evaluation.reaches if r.split == s) for s in self.evaluation.splits}
        return {split: tuple((name, hashes.get(name, "")) for name in own) for split, own in names.items()}

    @property
    def command(self) -> str:
        """What makes it again, in a folder of its own."""
        words = [f"{key}={value}" for key, value in self.overrides.items() if key.lstrip("+") not in PLACE]
        words.append(f"name=again/{self.name}")
        if "experiment" in self.overrides:
            words.append("hydra.mode=RUN")  # the experiment may be a sweep, of which this is one run
        return shlex.join(["python", "run.py", *words])


@dataclass(frozen=True)
class LeftOut:
    """A run that is not compared.

    Attributes:
        name: as of a ``Run``.
        state: of status.json; ``unreadable`` where the run is finished but cannot be read.
        steps: that it has done, or empty.
        reason: why it is left out.
        overrides: what its command line said.
    """

    name: str
    state: str
    steps: str
    reason: str
    overrides: str
