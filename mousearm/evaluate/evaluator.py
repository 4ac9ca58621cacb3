"""Evaluation of controllers on the reaches of a run."""

from collections.abc import Mapping, Sequence

from mousearm.config import Config
from mousearm.env import References, Task
from mousearm.evaluate.metrics import Evaluation, Yardstick, evaluate_rollout
from mousearm.evaluate.rollout import Controller, Rollout, roll_out
from mousearm.model import Arm
from mousearm.retarget import Reference


class Evaluator:
    """Lets controllers perform every reach once, all reaches in one batch.

    Attributes:
        yardstick: whose millimetres the errors are.
        task: the simulations, for controllers that look at more than observations.
    """

    def __init__(self, config: Config, arm: Arm, references: Sequence[Reference], split: Mapping[str, Sequence[str]]):
        """Build one simulation per reach of the split.

        Args:
            config: the run's configuration.
            arm: the arm.
            references: the reaches; those that the split does not name are left out.
            split: names of the reaches in each split, ``train`` and ``test``.
        """
        self.yardstick = Yardstick.of(config, arm)
        self._split_of = {name: kind for kind, names in split.items() for name in names}
        own = [reference for reference in references if reference.name in self._split_of]
        self.task = Task(arm, References(own), config, len(own))

    @property
    def n_observations(self) -> int:
        """Columns of the observation that controllers get."""
        return self.task.n_observations

    def evaluate(self, controller: Controller) -> tuple[Evaluation, Rollout]:
        """Errors, and what the arms did."""
        rollout = roll_out(self.task, controller)
        return evaluate_rollout(rollout, self._split_of, self.yardstick), rollout
