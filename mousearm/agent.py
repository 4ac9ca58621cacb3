"""A trained agent, loaded from its run folder: its reaches, and a repeated evaluation."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mousearm.condition import Conditions
from mousearm.config import ConditionConfig, Config
from mousearm.env.task import has_noise
from mousearm.errors import RunError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.results import Errors
from mousearm.evaluate.rollout import Evaluator
from mousearm.hub.repository import PREFIX
from mousearm.model import Arm, model_hashes
from mousearm.paths import PACKAGE
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.runs import run_path
from mousearm.setup import Setup
from mousearm.text import columns, listed
from mousearm.trajectory import Trial

if TYPE_CHECKING:
    from mousearm.policy.controller import PolicyController
    from mousearm.policy.network import RecurrentPolicy

_Errors = tuple[Errors, Errors, bool]  # of paw and elbow; whether the reaches were completed


@dataclass(frozen=True, slots=True)
class Agent:
    """A trained network and the reaches that it performs."""

    setup: Setup  # the run's arm and the reaches
    evaluator: Evaluator  # lets controllers perform all of these reaches
    policy: "RecurrentPolicy"
    checkpoint: Path  # the folder that it was taken from

    @property
    def config(self) -> Config:
        """The run's configuration."""
        return self.setup.config

    @property
    def arm(self) -> Arm:
        """The arm."""
        return self.setup.arm

    @staticmethod
    def load(
        folder: Path,
        which: str = "best",
        kinematics: str | None = None,
        moved_to: str | None = None,
        repeats: int | None = None,
    ) -> "Agent":
        """Load an agent from a run folder; MouseArmError if the run, the checkpoint or the reaches cannot be used.

        Args:
            folder: the run folder, or ``package:NAME``, an example agent that ships.
            which: the checkpoint: ``best``, ``latest`` or a number of steps.
            kinematics: a file or folder of other reaches, which all count as test reaches. None: the run's own.
            moved_to: the new place of the run's reaches; None: where its configuration says. The split stays the same.
            repeats: of each reach in an evaluation, as of `Evaluator`.
        """
        run_folder = RunFolder(run_path(folder))
        config = run_folder.saved_config()
        run_folder.check_model(model_hashes(config.model))
        if kinematics is not None:
            setup = Setup.to_test(config, kinematics)
        else:
            _check_reaches(run_folder, moved_to or config.kinematics.path)
            setup = Setup.build(config if moved_to is None else config.with_reaches(moved_to), run_folder.saved_split())
        return Agent._of(setup, run_folder.find_checkpoint(which), repeats)

    @staticmethod
    def _of(setup: Setup, source: Path, repeats: int | None) -> "Agent":
        evaluator = setup.evaluator(repeats=repeats)
        # Slow to import, so that what is refused is refused at once.
        from mousearm import checkpoint
        from mousearm.policy.network import build_policy

        config = setup.config
        policy = build_policy(config, evaluator.task.n_observations, setup.arm.nu)
        checkpoint.load_policy(source, policy)
        Conditions(config.condition).policy(policy)
        return Agent(setup, evaluator, policy, source)

    def under(self, condition: ConditionConfig, repeats: int) -> "Agent":
        """The agent as it was trained, under other conditions; ``repeats`` of each reach, where chance plays a part."""
        config = replace(self.config, condition=condition)
        setup = replace(self.setup, config=config)
        return Agent._of(setup, self.checkpoint, repeats if has_noise(config) else 1)

    def controller(self) -> "PolicyController":
        """The network as a deterministic controller."""
        from mousearm.policy.controller import PolicyController

        return PolicyController(self.policy)

    def evaluate(self) -> tuple[Evaluation, list[Trial]]:
        """Errors on all reaches, and the trials they were measured on, of the first repeat."""
        return self.evaluator.evaluate(self.controller())


def _check_reaches(folder: RunFolder, path: str) -> None:
    """Check that the reaches of a run are there, which a shared agent may come without; RunError if they are not."""
    if not path.startswith((PACKAGE, PREFIX)) and not Path(path).expanduser().exists():
        names = [*folder.saved_split().train, *folder.saved_split().test]
        raise RunError(
            f"There are no reaches at {path}, and the agent comes without. It was evaluated on {len(names)}: "
            f"{listed(names, most=5)}. Say where you have them: --kinematics PATH."
        )


def titles(folders: Sequence[Path]) -> list[str]:
    """Names of runs: the last folders of each path that make it unique and are not just a number."""
    parts = [folder.resolve().parts for folder in folders]

    def title(folder: tuple[str, ...]) -> str:
        for depth in range(1, len(folder)):
            same = {other for other in parts if other[-depth:] == folder[-depth:]}
            if len(same) == 1 and not folder[-depth].isdigit():
                return "/".join(folder[-depth:])
        return str(Path(*folder))

    return [title(folder) for folder in parts]


@dataclass(frozen=True, slots=True)
class Reproduction:
    """Two evaluations of one agent: as stated, and as repeated here."""

    stated: Evaluation
    now: Evaluation

    @property
    def rows(self) -> Iterator[tuple[str, str, _Errors, _Errors]]:
        """Name, split, stated and present errors: first of each reach, by name, then of each split.

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
        """The largest difference over all reaches; infinite if a reach was completed only once."""
        return max(_difference_mm(stated, now) for *_, stated, now in self.rows)

    def text(self, tolerance_mm: float = 0.001) -> str:
        """Both mean errors side by side, and a verdict: errors that differ by less than the tolerance agree.

        On one machine they are equal to the last bit; see docs/sharing.md.
        """
        cells = [["reach", "split", "paw mm", "now", "elbow mm", "now", "difference"]]
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
        return "\n".join(["Mean errors as stated, and as they are now:", "", *columns(cells), "", verdict])


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

    If the reaches have moved, ``kinematics`` is their new place; they must be the same files, by hash. MouseArmError if
    there is no run with an evaluation, or if model, network or reaches cannot be used or are not the run's own.
    """
    folder = RunFolder(run_path(run))
    if not folder.exists:
        archives = sorted(file.name for file in run.glob("*.zip"))
        hint = f" scripts/import_agent.py makes a run of {archives[0]}." if archives else ""
        raise RunError(f"{run} is no run: it has no {folder.config.name}.{hint}")
    stated = Evaluation.load(folder.evaluation)
    return Reproduction(stated, Agent.load(run, moved_to=kinematics).evaluate()[0])
