"""Delay lines: what N simulations sent some control steps ago arrives now."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mousearm.arrays import compact


class DelayLine:
    """The last rows of N simulations, (N, width) each, of which groups of columns arrive late.

    What is late by k whole steps is the row of k steps ago. What is late by k + f steps is (1 - f) times that row plus
    f times the one before it. Before the first step of an episode there stands what `begin` put there.
    """

    def __init__(self, n: int, late: np.ndarray, dtype: type = np.float64):
        """Prepare for rows whose columns are late by so many steps, (width,), from 0."""
        whole = np.floor(late).astype(int)
        share = late - whole
        depth = int(np.ceil(late).max(initial=0)) + 1
        self._rows = np.zeros((depth, n, len(late)), dtype)
        self._now = 0  # the place of the newest row
        groups = [np.flatnonzero((whole == w) & (share == f)) for w, f in sorted({*zip(whole, share, strict=True)})]
        self._groups = [(compact(columns), int(whole[columns[0]]), float(share[columns[0]])) for columns in groups]

    def begin(self, ids: np.ndarray, rows: np.ndarray) -> None:
        """Begin episodes of simulations (K,): all that they sent before is these rows, (K, width)."""
        self._rows[:, ids] = rows

    def send(self, rows: np.ndarray) -> None:
        """Send the rows, (N, width), of the next step."""
        self._now = (self._now + 1) % len(self._rows)
        self._rows[self._now] = rows

    def arriving(self) -> np.ndarray:
        """What arrives now, (N, width); a copy."""
        arriving = np.empty_like(self._rows[0])
        for columns, whole, share in self._groups:
            rows = self._rows[self._now - whole][:, columns]
            if share:
                rows = (1 - share) * rows + share * self._rows[self._now - whole - 1][:, columns]
            arriving[:, columns] = rows
        return arriving

    def newest(self, k: int) -> list[np.ndarray]:
        """The last k rows that were sent, (N, width) each, the newest last."""
        return [self._rows[self._now - i] for i in reversed(range(k))]

    def state(self) -> dict[str, Any]:
        """All that arrives later; live, to be copied."""
        return {"rows": self._rows, "now": self._now}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self._rows[:], self._now = state["rows"], int(state["now"])
