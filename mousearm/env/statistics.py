"""What is logged of the steps of a rollout: sums on the host, or on the device, and the means of both."""

from collections.abc import Mapping
from typing import Any, Protocol

import torch

from mousearm.env.task import Outcome
from mousearm.errors import NonFiniteError

_COUNTS = ("steps", "diverged", "episodes", "returns", "lengths", "bad observations", "bad rewards")
_ASK_ELSEWHERE = "Train with device=cpu engine=mujoco, which stops at the first one and keeps what the arms did."


class RolloutStatistics:
    """Running sums, over steps and simulations, of what is logged."""

    def __init__(self, weights: dict[str, float]):
        self._weights = weights
        self._sums: dict[str, float] = {}
        self._steps = 0
        self.diverged = 0

    def add(self, outcome: Outcome) -> None:
        """Count one step of all simulations."""
        self._steps += len(outcome.reward)
        self.diverged += int(outcome.terminated.sum())
        for key, values in _logged(outcome).items():
            self._sums[key] = self._sums.get(key, 0.0) + float(values.sum())

    def pop(self) -> dict[str, float]:
        """Means since the last call, by log key, and ``rollout/diverged``, the count since the start."""
        means = {key: total / max(self._steps, 1) for key, total in self._sums.items()}
        self._sums, self._steps = {}, 0
        return {**means, **_weighted(means, self._weights), "rollout/diverged": float(self.diverged)}

    def state(self) -> dict[str, Any]:
        """Sums and counts so far; live, to be copied."""
        return {"steps": self._steps, "sums": self._sums, "diverged": self.diverged}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self._steps, self.diverged = state["steps"], state["diverged"]
        self._sums = {key: float(total) for key, total in state["sums"].items()}


def _logged(outcome: "Outcome | _Stepped") -> dict[str, Any]:
    """Values of a step that are logged as means, (N,), by log key."""
    terms = {f"reward_raw/{name}": value for name, value in outcome.terms.items()}
    return {"reward": outcome.reward, **terms, "rollout/elbow_mm": outcome.elbow_mm, "rollout/paw_mm": outcome.paw_mm}


def _weighted(means: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """The terms with their weights."""
    raw = {name: means.get(f"reward_raw/{name}") for name in weights}
    return {f"reward/{name}": weights[name] * mean for name, mean in raw.items() if mean is not None}


class _Stepped(Protocol):
    """What is counted of an outcome on a device, (N,) and (N, n_obs)."""

    @property
    def terminal_observation(self) -> torch.Tensor: ...
    @property
    def reward(self) -> torch.Tensor: ...
    @property
    def terms(self) -> dict[str, torch.Tensor]: ...
    @property
    def terminated(self) -> torch.Tensor: ...
    @property
    def truncated(self) -> torch.Tensor: ...
    @property
    def elbow_mm(self) -> torch.Tensor: ...
    @property
    def paw_mm(self) -> torch.Tensor: ...


class DeviceStatistics:
    """Sums of what is logged, on a device: `add` asks the host nothing, `pop` fetches them once.

    The log keys are those of `RolloutStatistics`, and ``rollout/ep_rew_mean`` and ``rollout/ep_len_mean``: return and
    length in steps, means over the episodes that ended since the last call.
    """

    def __init__(self, weights: dict[str, float], n: int, device: torch.device):
        self._weights = weights
        self._means = ["reward", *(f"reward_raw/{name}" for name in weights), "rollout/elbow_mm", "rollout/paw_mm"]
        self._one = torch.ones(n, dtype=torch.float64, device=device)
        self._sums = torch.zeros(len(self._means) + len(_COUNTS), dtype=torch.float64, device=device)
        self.diverged = 0

    def add(self, outcome: _Stepped, returned: torch.Tensor, length: torch.Tensor) -> None:
        """Count one step of N simulations, whose episodes so far had these returns and lengths in steps, (N,)."""
        logged = _logged(outcome)
        ended = outcome.terminated | outcome.truncated
        bad_observation = ~outcome.terminal_observation.isfinite().all(dim=1)
        counts = [self._one, outcome.terminated, ended, torch.where(ended, returned, 0), torch.where(ended, length, 0)]
        rows = [*(logged[key] for key in self._means), *counts, bad_observation, ~outcome.reward.isfinite()]
        self._sums += torch.stack([row.to(torch.float64) for row in rows]).sum(dim=1)

    def pop(self) -> dict[str, float]:
        """Means since the last call, by log key, and ``rollout/diverged``, the count since the start.

        NonFiniteError if an observation or a reward was not finite.
        """
        sums = self._sums.tolist()
        self._sums.zero_()
        found: dict[str, float] = dict(zip(_COUNTS, sums[len(self._means) :], strict=True))
        for what, key in (("observation", "env.observation"), ("reward", "reward")):
            if n := int(found[f"bad {what}s"]):
                raise NonFiniteError(f"The {what} was not finite in {n} steps of a rollout. {_ASK_ELSEWHERE}", key, {})
        self.diverged += int(found["diverged"])
        if not found["steps"]:
            return {"rollout/diverged": float(self.diverged)}
        means = {key: total / found["steps"] for key, total in zip(self._means, sums, strict=False)}
        if n := found["episodes"]:
            means |= {"rollout/ep_rew_mean": found["returns"] / n, "rollout/ep_len_mean": found["lengths"] / n}
        return {**means, **_weighted(means, self._weights), "rollout/diverged": float(self.diverged)}

    def state(self) -> dict[str, Any]:
        """Sums and counts so far; live, to be copied."""
        return {"sums": self._sums, "diverged": self.diverged}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self._sums.copy_(state["sums"])
        self.diverged = state["diverged"]
