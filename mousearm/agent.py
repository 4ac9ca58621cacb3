"""A trained agent, taken from its run folder: the network, the arm that it moves, the reaches that it performs."""

from dataclasses import dataclass, replace
from pathlib import Path

from mousearm import checkpoint
from mousearm.config import Config
from mousearm.env import prepare, reach_files
from mousearm.evaluate import Evaluation, Evaluator, Rollout
from mousearm.model import Arm, model_hashes
from mousearm.policy import PolicyController, RecurrentPolicy, build_policy
from mousearm.retarget import Reference
from mousearm.rundir import RunFolder


@dataclass(frozen=True, slots=True)
class Agent:
    """A network as it was trained, and what it is to do.

    Attributes:
        config: the run's configuration.
        arm: the arm.
        references: the reaches, sorted by name.
        sides: names of the reaches that count as ``train`` and as ``test``.
        evaluator: lets controllers perform all of these reaches.
        policy: the network.
        checkpoint: the folder that it was taken from.
    """

    config: Config
    arm: Arm
    references: list[Reference]
    sides: dict[str, list[str]]
    evaluator: Evaluator
    policy: RecurrentPolicy
    checkpoint: Path

    @staticmethod
    def load(folder: Path, which: str = "best", kinematics: str | None = None, moved_to: str | None = None) -> "Agent":
        """Take an agent from a run folder.

        Args:
            folder: the run folder.
            which: the checkpoint: ``best``, ``latest`` or a number of steps.
            kinematics: other reaches, all of which then count as test reaches; a file or folder. None for the run's.
            moved_to: where the run's own reaches are now; None for where its configuration says. The split stays.

        Raises:
            MouseArmError: if the run, the checkpoint or the reaches cannot be used.
        """
        run_folder = RunFolder(folder)
        config = run_folder.saved_config()
        run_folder.check_model(model_hashes(config.model))
        if kinematics is not None:
            config, arm, references = prepare(with_path(config, kinematics))
            sides = {"test": [reference.name for reference in references]}
        else:
            split = run_folder.saved_split()
            config = config if moved_to is None else with_path(config, moved_to)
            config, arm, references = prepare(config, split.find(reach_files(config)))
            sides = split.sides
        evaluator = Evaluator(config, arm, references, sides)
        policy = build_policy(config.policy, evaluator.n_observations, arm.nu, config.algo.use_sde)
        source = run_folder.find_checkpoint(which)
        checkpoint.load_policy(source, policy)
        return Agent(config, arm, references, sides, evaluator, policy, source)

    def controller(self) -> PolicyController:
        """The network as a deterministic controller."""
        return PolicyController(self.policy)

    def evaluate(self) -> tuple[Evaluation, Rollout]:
        """Errors on all reaches, and what the arms did."""
        return self.evaluator.evaluate(self.controller())


def with_path(config: Config, kinematics: str) -> Config:
    """The configuration with other reaches: a file or folder."""
    return replace(config, kinematics=replace(config.kinematics, path=kinematics))
