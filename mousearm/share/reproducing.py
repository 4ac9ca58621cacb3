"""The evaluation of a shared agent once more, compared with the errors that were stated of it."""

import math
from dataclasses import astuple, dataclass
from pathlib import Path

from mousearm.agent import Agent
from mousearm.errors import RunError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.results import Errors
from mousearm.hub.uri import PREFIX
from mousearm.paths import PACKAGE
from mousearm.rundir.folder import RunFolder
from mousearm.text import columns

TOLERANCE_MM = 0.001
"""Errors that differ by less are the same. On one machine they are equal to the last bit; see docs/sharing.md."""


@dataclass(frozen=True, slots=True)
class ErrorPair:
    """Errors of one reach, or of all reaches of a split: as they were stated, and as they are now."""

    name: str
    split: str
    stated: tuple[Errors, Errors]
    now: tuple[Errors, Errors]
    same_end: bool  # whether it was completed, or diverged, both times

    @property
    def difference_mm(self) -> float:
        """The largest one of mean, rms and largest error, of paw and elbow; infinite if it ended differently."""
        pairs = zip(self.stated, self.now, strict=True)
        differences = [abs(a - b) for one, other in pairs for a, b in zip(astuple(one), astuple(other), strict=True)]
        return max(differences) if self.same_end and all(map(math.isfinite, differences)) else math.inf


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Two evaluations of one agent: as it was shared, and as it is here."""

    stated: Evaluation
    now: Evaluation

    @property
    def rows(self) -> list[ErrorPair]:
        """Reaches by name, then the splits.

        Raises:
            RunError: if the two are not of the same reaches.
        """
        stated, now = ({reach.name: reach for reach in of.reaches} for of in (self.stated, self.now))
        if sorted(now) != sorted(reach.name for reach in self.stated.reaches):
            raise RunError(
                "evaluation.json and split.json of the agent name different reaches. It was put together wrongly."
            )
        rows = []
        for name, one in sorted(stated.items()):
            new = now[name]
            same_end = (one.completed, one.split) == (new.completed, new.split)
            rows.append(ErrorPair(name, one.split, (one.paw_mm, one.elbow_mm), (new.paw_mm, new.elbow_mm), same_end))
        for split, one in self.stated.splits.items():
            new = self.now.splits[split]
            errors = (one["paw_mm"], one["elbow_mm"]), (new["paw_mm"], new["elbow_mm"])
            rows.append(ErrorPair("all", split, *errors, True))
        return rows

    @property
    def largest_mm(self) -> float:
        """The largest difference of any reach."""
        return max(row.difference_mm for row in self.rows)

    def text(self, tolerance_mm: float = TOLERANCE_MM) -> str:
        """Mean errors beside each other, and a verdict."""
        cells = [["reach", "split", "paw mm: stated", "now", "elbow mm: stated", "now", "difference"]]
        for row in self.rows:
            means = [f"{errors[point].mean:.4f}" for point in (0, 1) for errors in (row.stated, row.now)]
            cells.append([row.name, row.split, *means, f"{row.difference_mm:.2g}" if row.difference_mm else "0"])
        largest = self.largest_mm
        if largest == 0:
            verdict = "Reproduced: every error is the same, to the last bit."
        elif largest <= tolerance_mm:
            verdict = f"Reproduced: no error differs by more than {largest:.2g} mm (tolerance {tolerance_mm:g} mm)."
        else:
            verdict = (
                f"NOT reproduced: errors differ by up to {largest:.2g} mm (tolerance {tolerance_mm:g} mm). Versions of "
                "MuJoCo and PyTorch that it was evaluated with: environment.txt."
            )
        return "\n".join([*columns(cells), "", verdict])


def reproduce(run: Path, kinematics: str | None = None) -> Reproduction:
    """Evaluate the best network of a run on the reaches of the run, and compare with its evaluation.json.

    Args:
        run: the run folder, downloaded or not.
        kinematics: where the reaches are, if they are not where the run's configuration says; the same files, by hash.

    Raises:
        RunError: if it is no run with an evaluation, or its reaches are not with it.
        MouseArmError: if model, network or reaches cannot be used, or are not those of the run.
    """
    folder = RunFolder(run)
    if not folder.exists:
        archives = sorted(file.name for file in run.glob("*.zip"))
        hint = f" scripts/import_agent.py makes a run of {archives[0]}." if archives else ""
        raise RunError(f"{run} is no run: it has no {folder.config.name}.{hint}")
    path = kinematics or folder.saved_config().kinematics.path
    if not path.startswith((PACKAGE, PREFIX)) and not Path(path).expanduser().exists():
        names = [*folder.saved_split().train, *folder.saved_split().test]
        raise RunError(
            f"There are no reaches at {path}, and the agent comes without. It was evaluated on {len(names)}: "
            f"{', '.join(names[:5])}{', ...' if len(names) > 5 else ''}. Say where you have them: --kinematics PATH."
        )
    stated = Evaluation.load(folder.evaluation)
    return Reproduction(stated, Agent.load(run, moved_to=kinematics).evaluate()[0])
