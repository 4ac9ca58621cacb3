"""Means over the steps since the last log line, kept without a Python loop over simulations."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mousearm.env.task import Outcome


class Statistics:
    """Running sums over steps and simulations of what is logged."""

    def __init__(self, weights: dict[str, float]):
        self._weights = weights
        self.diverged = 0
        self._clear()

    def add(self, outcome: Outcome) -> None:
        """Count one step of all simulations."""
        self._steps += len(outcome.reward)
        self._add("reward", outcome.reward)
        for name, value in outcome.terms.items():
            self._add(f"reward_raw/{name}", value)
        self._add("rollout/elbow_mm", outcome.elbow_mm)
        self._add("rollout/paw_mm", outcome.paw_mm)
        self.diverged += int(outcome.terminated.sum())

    def pop(self) -> dict[str, float]:
        """Means since the last call, by log key, and ``rollout/diverged``, the count since the start."""
        means = {key: total / max(self._steps, 1) for key, total in self._sums.items()}
        for name, weight in self._weights.items():
            if (raw := f"reward_raw/{name}") in means:
                means[f"reward/{name}"] = weight * means[raw]
        self._clear()
        return {**means, "rollout/diverged": float(self.diverged)}

    def state(self) -> dict[str, Any]:
        """What was counted so far; live, to be copied."""
        return {"steps": self._steps, "sums": self._sums, "diverged": self.diverged}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to what ``state`` was."""
        self._steps, self._sums, self.diverged = state["steps"], dict(state["sums"]), state["diverged"]

    def _clear(self) -> None:
        self._steps = 0
        self._sums: dict[str, float] = {}

    def _add(self, key: str, values: np.ndarray) -> None:
        self._sums[key] = self._sums.get(key, 0.0) + float(values.sum())
