"""Delay lines: what N simulations sent some control steps ago arrives now."""

from collections.abc import Iterator, Mapping
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
        # A ring of what arrives in a step, whole steps late: rows are put where they arrive, which is read every time.
        self._due = np.zeros((depth, n, len(late)), dtype)
        self._now = 0  # the place of what arrives now
        self._whole = [(compact(np.flatnonzero(whole == steps)), int(steps)) for steps in np.unique(whole)]
        self._parts = [(compact(np.flatnonzero(share == part)), float(part)) for part in np.unique(share[share > 0])]

    def begin(self, ids: np.ndarray, rows: np.ndarray) -> None:
        """Begin episodes of simulations (K,): all that they sent before is these rows, (K, width)."""
        self._due[:, ids] = rows

    def send(self, rows: np.ndarray) -> None:
        """Send the rows, (N, width), of the next step."""
        self._now = (self._now + 1) % len(self._due)
        for columns, place in self._places(0):
            self._due[place][:, columns] = rows[:, columns]

    def arriving(self) -> np.ndarray:
        """Values that arrive now, (N, width); a copy."""
        arriving, before = self._due[self._now].copy(), self._due[self._now - 1]
        for columns, share in self._parts:
            arriving[:, columns] = (1 - share) * arriving[:, columns] + share * before[:, columns]
        return arriving

    def newest(self, k: int) -> list[np.ndarray]:
        """The last k rows that were sent, (N, width) each, the newest last; not more than there are kept."""
        return [self._sent(i) for i in reversed(range(k))]

    def _sent(self, ago: int) -> np.ndarray:
        row = np.empty_like(self._due[0])
        for columns, place in self._places(ago):
            row[:, columns] = self._due[place][:, columns]
        return row

    def _places(self, ago: int) -> Iterator[tuple[np.ndarray | slice, int]]:
        """Groups of columns, and where in the ring there is what was sent of them so many steps ago."""
        for columns, whole in self._whole:
            yield columns, (self._now + whole - ago) % len(self._due)

    def state(self) -> dict[str, Any]:
        """All that arrives later: the rows in a ring in which the newest is the one at ``now``."""
        depth = len(self._due)
        return {"rows": np.stack([self._sent((self._now - i) % depth) for i in range(depth)]), "now": self._now}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self._now = int(state["now"])
        for columns, whole in self._whole:
            self._due[..., columns] = np.roll(state["rows"], whole, axis=0)[..., columns]
