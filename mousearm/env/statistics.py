"""Statistics of the steps of a rollout for the log: sums on the host, or on the device, and the means of both."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from mousearm.env.rules import Score
from mousearm.env.task import Outcome
from mousearm.errors import NonFiniteError

_COUNTS = ("steps", "diverged", "ended", "observation")
_ADDED_AT_ONCE = 64  # steps
_ASK_ELSEWHERE = "Train with device=cpu engine=mujoco, which stops at the first one and keeps what the arms did."


class RolloutStatistics:
    """Running sums, over steps and simulations, of what is logged."""

    def __init__(self, weights: dict[str, float]):
        self._weights = weights
        self._sums: dict[str, float] = {}
        self._steps = 0
        self._diverged = 0
        self._waiting: list[Outcome] = []  # not yet in the sums: to add 64 at once takes a third of the time

    @property
    def diverged(self) -> int:
        """Simulations that diverged since the start."""
        self._add_waiting()
        return self._diverged

    def add(self, outcome: Outcome) -> None:
        """Count one step of all simulations."""
        self._waiting.append(outcome)
        if len(self._waiting) == _ADDED_AT_ONCE:
            self._add_waiting()

    def _add_waiting(self) -> None:
        if not self._waiting:
            return
        rows = [_logged(outcome) for outcome in self._waiting]
        self._diverged += sum(int(outcome.diverged.sum()) for outcome in self._waiting)
        for key in rows[0]:
            for total in np.stack([row[key] for row in rows]).sum(axis=1).tolist():
                self._sums[key] = self._sums.get(key, 0.0) + total
        self._steps += sum(len(outcome.reward) for outcome in self._waiting)
        self._waiting.clear()

    def pop(self) -> dict[str, float]:
        """Means since the last call, by log key, and ``rollout/diverged``, the count since the start."""
        self._add_waiting()
        means = {key: total / max(self._steps, 1) for key, total in self._sums.items()}
        self._sums, self._steps = {}, 0
        return {**means, **_weighted(means, self._weights), "rollout/diverged": float(self._diverged)}

    def state(self) -> dict[str, Any]:
        """Sums and counts so far; live, to be copied."""
        self._add_waiting()
        return {"steps": self._steps, "sums": self._sums, "diverged": self._diverged}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self._waiting.clear()
        self._steps, self._diverged = state["steps"], state["diverged"]
        self._sums = {key: float(total) for key, total in state["sums"].items()}


def _logged(outcome: Outcome | Score) -> dict[str, Any]:
    """Values of a step that are logged as means, (N,), by log key."""
    terms = {f"reward_raw/{name}": value for name, value in outcome.terms.items()}
    return {"reward": outcome.reward, **terms, "rollout/elbow_mm": outcome.elbow_mm, "rollout/paw_mm": outcome.paw_mm}


def _weighted(means: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """The terms with their weights."""
    raw = {name: means.get(f"reward_raw/{name}") for name in weights}
    return {f"reward/{name}": weights[name] * mean for name, mean in raw.items() if mean is not None}


class DeviceStatistics:
    """Sums of what is logged, on a device: `add` asks the host nothing, `pop` fetches them once.

    The log keys are those of `RolloutStatistics`, and ``rollout/ep_rew_mean`` and ``rollout/ep_len_mean``: return and
    length in steps, means over the episodes that ended since the last call.
    """

    def __init__(self, weights: dict[str, float], returns: torch.Tensor, lengths: torch.Tensor):
        """Count steps of N simulations, whose episodes under way have returns and lengths that stand in tensors, (N,).

        What they grow by less than the rewards and the steps is what the episodes that ended had.
        """
        self._weights, self._under_way = weights, (returns, lengths)
        means = ("reward", *(f"reward_raw/{name}" for name in weights), "rollout/elbow_mm", "rollout/paw_mm")
        self._keys = (*means, *_COUNTS)
        self._n_means = len(means)
        self._sums = torch.zeros(len(self._keys), dtype=torch.float64, device=returns.device)
        self._before = [0.0, 0.0]  # sums of what was under way at the last call
        self.diverged = 0

    def add(self, score: Score, diverged: torch.Tensor, ended: torch.Tensor, sight: torch.Tensor) -> None:
        """Count T steps, tensors (T, N), with sums of what the network saw after each, (T,), finite if all of it is."""
        rows = {**_logged(score), "steps": torch.ones_like(ended), "diverged": diverged, "ended": ended}
        rows["observation"] = sight
        self._sums += torch.stack([rows[key].sum(dtype=torch.float64) for key in self._keys])

    def clear(self) -> None:
        """Forget the steps since the last call of `pop`, and that anything was under way."""
        self._sums.zero_()
        self._before = [0.0, 0.0]

    def pop(self) -> dict[str, float]:
        """Means since the last call, by log key, and ``rollout/diverged``, the count since the start.

        NonFiniteError if an observation or a reward was not finite.
        """
        under_way = torch.stack([part.sum(dtype=torch.float64) for part in self._under_way])
        *sums, returns, lengths = torch.cat([self._sums, under_way]).tolist()
        total = dict(zip(self._keys, sums, strict=True))
        for what, key in (("observation", "env.observation"), ("reward", "reward")):
            if not math.isfinite(total[what]):
                raise NonFiniteError(f"The {what} of a step was not finite. {_ASK_ELSEWHERE}", key, {})
        self._sums.zero_()
        (returns_before, lengths_before), self._before = self._before, [returns, lengths]
        self.diverged += int(total["diverged"])
        if not (steps := total["steps"]):
            return {"rollout/diverged": float(self.diverged)}
        means = {key: total[key] / steps for key in self._keys[: self._n_means]}
        if n := total["ended"]:
            means["rollout/ep_rew_mean"] = (total["reward"] + returns_before - returns) / n
            means["rollout/ep_len_mean"] = (steps + lengths_before - lengths) / n
        return {**means, **_weighted(means, self._weights), "rollout/diverged": float(self.diverged)}

    def state(self) -> dict[str, Any]:
        """Sums and counts so far; live, to be copied."""
        return {"sums": self._sums, "before": self._before, "diverged": self.diverged}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self._sums.copy_(state["sums"])
        self._before, self.diverged = list(state["before"]), state["diverged"]
