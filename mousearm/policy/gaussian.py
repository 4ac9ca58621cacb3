"""The distribution of actions."""

import math
from typing import Self

import torch
from stable_baselines3.common.distributions import DiagGaussianDistribution

_LOG_2PI = math.log(2 * math.pi)


class Gaussian(DiagGaussianDistribution):
    """SB3's diagonal Gaussian by formula; the checks of torch.distributions cost more than the arithmetic."""

    def proba_distribution(self, mean_actions: torch.Tensor, log_std: torch.Tensor) -> Self:
        """Set mean (K, nu) and logarithm of the standard deviation (nu,)."""
        self.mean, self.log_std = mean_actions, log_std
        return self

    def log_prob(self, actions: torch.Tensor) -> torch.Tensor:
        """Logarithm of the density at actions (K, nu), (K,)."""
        distance = (actions - self.mean) * torch.exp(-self.log_std)
        return -0.5 * distance.square().sum(1) - (self.log_std + 0.5 * _LOG_2PI).sum()

    def entropy(self) -> torch.Tensor:
        """Entropy, (K,); it does not depend on the mean."""
        return (self.log_std + 0.5 * (1 + _LOG_2PI)).sum().expand(len(self.mean))

    def sample(self) -> torch.Tensor:
        """Draw actions (K, nu)."""
        return self.mean + self.log_std.exp() * torch.randn_like(self.mean)

    def mode(self) -> torch.Tensor:
        """The most likely actions (K, nu)."""
        return self.mean
