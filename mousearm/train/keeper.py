"""A run at every point from which it can go on exactly: remembered in memory, and saved when it matters."""

from mousearm import checkpoint
from mousearm.algo import SequencePPO
from mousearm.checkpoint import RandomState, Stateful, TrainingState
from mousearm.rundir import RunFolder
from mousearm.tracking.logger import RunLogger


class Keeper:
    """Remembers what a run is made of, and writes it.

    Such points are the beginnings of rollouts and the ends of rounds of imitation. What is remembered there is copied,
    so that a run that is broken off later, wherever that is, can still be saved as it was.

    Attributes:
        parts: everything that changes but the network, by name.
    """

    def __init__(self, folder: RunFolder, algo: SequencePPO, logger: RunLogger):
        self._folder, self._algo, self._logger = folder, algo, logger
        self.parts: dict[str, Stateful] = {"algo": algo, "logger": logger, "random": RandomState()}
        self._moment: TrainingState | None = None
        self._saved = False

    def remember(self) -> None:
        """The run can go on from here."""
        self._moment, self._saved = TrainingState.of(self._algo.num_timesteps, self._algo.policy, self.parts), False

    def restore(self, moment: TrainingState) -> None:
        """Go back to a moment that was saved.

        Raises:
            RunError: if it does not fit.
        """
        moment.restore(self._algo.policy, self.parts)
        self._moment, self._saved = moment, True

    def save(self, best_mm: float, is_best: bool = False) -> None:
        """Write what is remembered, if that was not done yet; older checkpoints are dropped.

        Args:
            best_mm: lowest error on the train split so far.
            is_best: whether what is remembered has it, and is to be kept as the best.

        Raises:
            RunError: if it cannot be written.
        """
        if self._moment is None or self._saved:
            return
        self._logger.sync()  # what comes before the moment is on disk, what comes after will be written again
        if is_best:  # first: the checkpoint, once it is there, says that the best is
            checkpoint.save_best(self._folder, self._moment, best_mm=best_mm)
        checkpoint.save(self._folder, self._moment, best_mm=best_mm)
        self._saved = True
        self._folder.drop_superseded()
