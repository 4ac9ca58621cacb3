"""A trained agent, taken from its run folder: the network, its arm, the reaches that it performs, and their films."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mousearm.config import Config
from mousearm.errors import MouseArmError, RunError, UnknownNameError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.evaluate.rollout import Evaluator
from mousearm.files import make_folder
from mousearm.model import Arm, model_hashes
from mousearm.rundir.folder import RunFolder
from mousearm.setup import Setup
from mousearm.trajectory import Trial

if TYPE_CHECKING:
    from mousearm.policy.controller import PolicyController
    from mousearm.policy.network import RecurrentPolicy


@dataclass(frozen=True, slots=True)
class Agent:
    """A network as it was trained, and the reaches that it performs."""

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
    def load(folder: Path, which: str = "best", kinematics: str | None = None, moved_to: str | None = None) -> "Agent":
        """Take an agent from a run folder; MouseArmError if the run, the checkpoint or the reaches cannot be used.

        Args:
            folder: the run folder.
            which: the checkpoint: ``best``, ``latest`` or a number of steps.
            kinematics: other reaches, all of which then count as test reaches; a file or folder. None for the run's.
            moved_to: where the run's reaches were moved to; None for where its configuration says. The split stays.
        """
        run_folder = RunFolder(folder)
        config = run_folder.saved_config()
        run_folder.check_model(model_hashes(config.model))
        if kinematics is not None:
            setup = Setup.to_test(config, kinematics)
        else:
            setup = Setup.build(config if moved_to is None else config.with_reaches(moved_to), run_folder.saved_split())
        evaluator = setup.evaluator()
        source = run_folder.find_checkpoint(which)
        # Slow to import, so that what is refused is refused at once.
        from mousearm import checkpoint
        from mousearm.policy.network import build_policy

        policy = build_policy(config.policy, evaluator.n_observations, setup.arm.nu, config.algo.use_sde)
        checkpoint.load_policy(source, policy)
        return Agent(setup, evaluator, policy, source)

    def controller(self) -> "PolicyController":
        """The network as a deterministic controller."""
        from mousearm.policy.controller import PolicyController

        return PolicyController(self.policy)

    def evaluate(self) -> tuple[Evaluation, list[Trial]]:
        """Errors on all reaches, and the trials they were measured on."""
        return self.evaluator.evaluate(self.controller())


def film_runs(
    folders: Sequence[Path],
    out: Path | None = None,
    *,
    reach: str | None = None,
    slowmo: float = 0.1,
    fps: int | None = None,
    size: tuple[int, int] | None = None,
    camera: str | None = None,
    checkpoint: str = "best",
    kinematics: str | None = None,
) -> Path:
    """Film runs on one reach, each in a panel with its name.

    The file, ``out``, which is returned, ends in .mp4 or .gif; by default it is ``videos/REACH.mp4`` in the run's
    folder, or for several runs ``REACH.mp4`` where one is. The reach is by default the one with the middle error of the
    first run. ``slowmo``: seconds of reach per second of film; 1 is real speed. The others are those of ``film``,
    ``render.view`` and ``Agent.load``. MouseArmError if one cannot be used, or nothing can be drawn here.
    """
    if not 0 < slowmo <= 1:
        raise MouseArmError(f"--slowmo {slowmo:g} is out of range: above 0, up to 1 (real speed).")
    agents = [Agent.load(folder, checkpoint, kinematics) for folder in folders]
    from mousearm.evaluate.film import Shot, film  # slow to import

    shots: list[Shot] = []
    for folder, title, agent in zip(folders, titles(folders), agents, strict=True):
        evaluation, trials = agent.evaluate()
        by_name = {trial.name: trial for trial in trials}
        reach = trials[evaluation.middle].name if reach is None else reach
        if reach not in by_name:
            raise UnknownNameError(f"reach in {folder}", reach, by_name)
        shots.append(Shot(by_name[reach], agent.arm.model, title))
    path = out or (RunFolder(folders[0]).videos if len(folders) == 1 else Path()) / f"{reach}.mp4"
    make_folder(path.parent)
    try:
        film(shots, path, slowdown=1 / slowmo, fps=fps, size=size, camera=camera)
    except ValueError as error:
        raise RunError(f"{path} cannot be filmed: {error}.") from error
    return path


def titles(folders: Sequence[Path]) -> list[str]:
    """Names of runs: each folder, with the folders above that tell it apart and are more than a number."""
    parts = [folder.resolve().parts for folder in folders]

    def title(folder: tuple[str, ...]) -> str:
        for depth in range(1, len(folder)):
            same = {other for other in parts if other[-depth:] == folder[-depth:]}
            if len(same) == 1 and not folder[-depth].isdigit():
                return "/".join(folder[-depth:])
        return str(Path(*folder))

    return [title(folder) for folder in parts]
