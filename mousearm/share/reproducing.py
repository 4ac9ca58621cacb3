"""The evaluation of a shared agent once more, compared with the errors that were stated of it."""

import math
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

from mousearm.agent import Agent
from mousearm.errors import RunError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.results import Errors
from mousearm.hub.repository import PREFIX
from mousearm.paths import PACKAGE
from mousearm.rundir.folder import RunFolder
from mousearm.text import columns, listed

_Errors = tuple[Errors, Errors, bool]  # of paw and elbow; whether the reaches were completed


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Two evaluations of one agent: as it was shared, and as it is here."""

    stated: Evaluation
    now: Evaluation

    @property
    def rows(self) -> Iterator[tuple[str, str, _Errors, _Errors]]:
        """Name, split, errors as they were stated and as they are now: of reaches by name, then of all of each split.

        RunError if the two are not of the same reaches.
        """
        stated, now = _errors(self.stated), _errors(self.now)
        if not stated.keys() == now.keys() or len(self.stated.reaches) != len(self.now.reaches):
            raise RunError(
                "evaluation.json and split.json of the agent name different reaches. It was put together wrongly."
            )
        return ((name or "all", split, errors, now[name, split]) for (name, split), errors in stated.items())

    @property
    def largest_mm(self) -> float:
        """The largest difference of any reach; infinite if one ended differently."""
        return max(_difference_mm(stated, now) for *_, stated, now in self.rows)

    def text(self, tolerance_mm: float = 0.001) -> str:
        """Mean errors beside each other, and a verdict: errors that differ by less than the tolerance are the same.

        On one machine they are equal to the last bit; see docs/sharing.md.
        """
        cells = [["reach", "split", "paw mm: stated", "now", "elbow mm: stated", "now", "difference"]]
        for name, split, stated, now in self.rows:
            means = [f"{errors.mean:.4f}" for pair in zip(stated[:2], now[:2], strict=True) for errors in pair]
            difference = _difference_mm(stated, now)
            cells.append([name, split, *means, f"{difference:.2g}" if difference else "0"])
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


def _errors(of: Evaluation) -> dict[tuple[str, str], _Errors]:
    """Errors by name and split; of all reaches of a split without a name."""
    reaches = sorted(of.reaches, key=lambda reach: reach.name)
    splits = {("", split): (both["paw_mm"], both["elbow_mm"], True) for split, both in of.splits.items()}
    return {(reach.name, reach.split): (reach.paw_mm, reach.elbow_mm, reach.completed) for reach in reaches} | splits


def _difference_mm(stated: _Errors, now: _Errors) -> float:
    """The largest one of mean, rms and largest error, of paw and elbow; infinite if only one was completed."""
    pairs = zip(stated[:2], now[:2], strict=True)
    differences = [abs(a - b) for one, other in pairs for a, b in zip(astuple(one), astuple(other), strict=True)]
    return max(differences) if stated[2] == now[2] and all(map(math.isfinite, differences)) else math.inf


def reproduce(run: Path, kinematics: str | None = None) -> Reproduction:
    """Evaluate the best network of a run folder on the reaches of the run, and compare with its evaluation.json.

    The reaches may be elsewhere than its configuration says, in ``kinematics``, but must be the same files, by hash.
    MouseArmError if it is no run with an evaluation, or model, network or reaches cannot be used, or are not its own.
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
            f"{listed(names, most=5)}. Say where you have them: --kinematics PATH."
        )
    stated = Evaluation.load(folder.evaluation)
    return Reproduction(stated, Agent.load(run, moved_to=kinematics).evaluate()[0])
