"""A run at every point from which it can be resumed exactly: remembered in memory, and saved when it matters."""

from mousearm import checkpoint
from mousearm.algo import SequencePPO
from mousearm.checkpoint import RandomState, Stateful, TrainingState
from mousearm.rundir.folder import RunFolder
from mousearm.tracking.logger import RunLogger


class Checkpointer:
    """Remembers the parts of a run, and writes them.

    Such points are the beginnings of rollouts and the ends of rounds of imitation. What is remembered there is copied,
    so that a run that is interrupted later, wherever that is, can still be saved as it was.

    Attributes:
        parts: everything that changes but the network, by name.
    """

    def __init__(self, folder: RunFolder, algo: SequencePPO, logger: RunLogger):
        self._folder, self._algo, self._logger = folder, algo, logger
        self.parts: dict[str, Stateful] = {"algo": algo, "logger": logger, "random": RandomState()}
        self._state: TrainingState | None = None
        self._saved = False

    def remember(self) -> None:
        """Copy the run as it is: it can be resumed from here."""
        self._state, self._saved = TrainingState.of(self._algo.num_timesteps, self._algo.policy, self.parts), False

    def restore(self, state: TrainingState) -> None:
        """Go back to a state that was saved.

        Raises:
            RunError: if it does not fit.
        """
        state.restore(self._algo.policy, self.parts)
        self._state, self._saved = state, True

    def save(self, best_mm: float, is_best: bool = False) -> None:
        """Write what is remembered, unless that was done; then drop older checkpoints.

        Args:
            best_mm: lowest error on the train split so far.
            is_best: whether what is remembered has it, and is to be kept as the best.

        Raises:
            RunError: if it cannot be written.
        """
        if self._state is None or self._saved:
            return
        self._logger.sync()  # what comes before this state is on disk, what comes after will be written again
        if is_best:  # first: the checkpoint, once it is there, says that the best is
            checkpoint.save_best(self._folder, self._state, best_mm=best_mm)
        checkpoint.save(self._folder, self._state, best_mm=best_mm)
        self._saved = True
        self._folder.drop_superseded()
