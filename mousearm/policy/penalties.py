"""Costs of a network's activity and weights in the loss, by which they stay small."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from mousearm.config import AlgoConfig
from mousearm.policy.network import RecurrentPolicy


@dataclass(frozen=True)
class Penalties:
    """Weights of the mean squares of rates and of weights, as in Sussillo et al. 2015 and Yang et al. 2019."""

    rate: float = 0.0
    weight: float = 0.0

    @staticmethod
    def of(config: AlgoConfig) -> "Penalties":
        """Those of a configuration."""
        return Penalties(config.rate_penalty, config.weight_penalty)

    def __bool__(self) -> bool:
        """True if anything costs."""
        return self.rate > 0 or self.weight > 0

    def __call__(
        self, policy: RecurrentPolicy, outputs: torch.Tensor, mean: Callable[[torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        """Addition to the loss, for outputs (K, hidden) of the backbone and what takes the mean over (K,) steps."""
        total = self.rate * mean(outputs.square().mean(1))
        if self.weight > 0:
            weights = policy.acting_weights
            total = total + self.weight * sum(w.square().sum() for w in weights) / sum(w.numel() for w in weights)
        return total


NO_PENALTIES = Penalties()
