"""The reaches that a task follows: their arrays, where episodes start, and which reach comes next."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mousearm.retarget import Reference
from mousearm.trajectory import hold

# Share of the episodes that are drawn uniformly, so that a reach that went well once is not forgotten.
_UNIFORM_SHARE = 0.2
# Weight of the newest episode in the running mean of a reach's error: it forgets as fast as the network learns.
_NEWEST = 0.2


class References:
    """References of different lengths, the last frame of each repeated up to the longest.

    Attributes:
        names: one per reach.
        n_frames: (R,) frames of each reach.
        targets: (R, T, 2, 3) elbow and paw, metres.
        qpos: (R, T, nq) rad.
        qvel: (R, T, nq) rad/s.
    """

    def __init__(self, references: Sequence[Reference]):
        self.names = [reference.name for reference in references]
        self.n_frames = np.array([reference.n_frames for reference in references])
        longest = int(self.n_frames.max())
        self.targets = np.stack([hold(np.stack([r.elbow, r.paw], axis=1), longest) for r in references])
        self.qpos = np.stack([hold(r.qpos, longest) for r in references])
        self.qvel = np.stack([hold(r.qvel, longest) for r in references])

    def __len__(self) -> int:
        return len(self.names)


class Start(NamedTuple):
    """Where in their reaches K simulations are or start.

    Attributes:
        reach: (K,) index of the reach.
        frame: (K,) frame of it; an episode starts at most at the last but one.
    """

    reach: np.ndarray
    frame: np.ndarray


def draw_start(
    rng: np.random.Generator,
    references: References,
    n: int,
    random_start: float,
    probabilities: np.ndarray | None = None,
) -> Start:
    """Draw n starts: a reach at random, from frame 0 or, with the probability ``random_start``, from a random frame.

    Args:
        rng: what is random.
        references: the reaches.
        n: how many.
        random_start: probability of a random frame, 0 to 1.
        probabilities: (R,) of the reaches; None for all the same.
    """
    if probabilities is None:
        reach = rng.integers(len(references), size=n)
    else:
        reach = rng.choice(len(references), size=n, p=probabilities)
    random = rng.random(n) < random_start
    frame = rng.integers(0, references.n_frames[reach] - 1)
    return Start(reach, np.where(random, frame, 0))


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

    def add(self, reach: np.ndarray, paw_mm: np.ndarray, terminated: np.ndarray, truncated: np.ndarray) -> None:
        """Count one step of all N simulations, before those whose episode is over are reset.

        Args:
            reach: (N,) index of the reach that each follows.
            paw_mm: (N,) distance of the paw from its target.
            terminated: (N,) the simulation diverged.
            truncated: (N,) the reach is over.
        """
        self._sum_mm += paw_mm
        self._steps += 1
        for i in np.flatnonzero(terminated | truncated):
            error = self._sum_mm[i] / self._steps[i]
            if terminated[i]:
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
        """Restore what ``state`` returned."""
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
