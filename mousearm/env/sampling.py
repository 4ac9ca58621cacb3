"""Which reach comes next: hard ones more often."""

from collections.abc import Mapping

import numpy as np

from mousearm.env.task import Outcome

# Share of the episodes that are drawn uniformly, so that a reach that went well once is not forgotten.
_UNIFORM_SHARE = 0.2
# Weight of the newest episode in the running mean of a reach's error: it forgets as fast as the network learns.
_NEWEST = 0.2


class HardReaches:
    """Probabilities of R reaches in proportion to a running mean of each one's paw error, and a share that is uniform.

    An episode's error is the mean over its steps. A diverged episode counts as no better than the worst reach, however
    well it went before. A reach without a finished episode counts as the mean of the others.

    Attributes:
        errors_mm: (R,) running means; NaN where no episode is finished.
    """

    def __init__(self, n_reaches: int, n_simulations: int):
        self.errors_mm = np.full(n_reaches, np.nan)
        self._sum_mm = np.zeros(n_simulations)
        self._steps = np.zeros(n_simulations, dtype=int)

    def add(self, reach: np.ndarray, outcome: Outcome) -> None:
        """Count one step of all N simulations, before those whose episode is over are reset.

        Args:
            reach: (N,) which reach each follows.
            outcome: what the step gave.
        """
        self._sum_mm += outcome.paw_mm
        self._steps += 1
        for i in np.flatnonzero(outcome.terminated | outcome.truncated):
            error = self._sum_mm[i] / self._steps[i]
            if outcome.terminated[i]:
                error = np.nanmax([error, *self.errors_mm])
            before = self.errors_mm[reach[i]]
            self.errors_mm[reach[i]] = error if np.isnan(before) else before + _NEWEST * (error - before)

    def begin(self, ids: np.ndarray) -> np.ndarray:
        """Simulations (K,) start an episode; returns the probabilities (R,) from which its reach is to be drawn."""
        self._sum_mm[ids] = self._steps[ids] = 0
        return self.probabilities

    def state(self) -> dict[str, np.ndarray]:
        """The means, and the episodes under way; live views, to be copied."""
        return {"errors_mm": self.errors_mm, "sum_mm": self._sum_mm, "steps": self._steps}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Go back to what ``state`` was."""
        self.errors_mm[:], self._sum_mm[:], self._steps[:] = state["errors_mm"], state["sum_mm"], state["steps"]

    @property
    def probabilities(self) -> np.ndarray:
        """(R,) of the reaches; uniform until something is known of them, or if none has an error."""
        n = len(self.errors_mm)
        known = ~np.isnan(self.errors_mm)
        errors = np.where(known, self.errors_mm, self.errors_mm[known].mean() if known.any() else 0)
        total = errors.sum()
        shares = errors / total if total > 0 else np.full(n, 1 / n)
        return _UNIFORM_SHARE / n + (1 - _UNIFORM_SHARE) * shares
