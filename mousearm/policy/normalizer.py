"""Observation normalisers: the first layer of the network, saved with it."""

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

# Normalised observations beyond this many standard deviations are cut off.
_CLIP = 10.0


class NormalizedObservation(BaseFeaturesExtractor):
    """Observations minus their running mean, over their running standard deviation.

    Mean and variance are of all observations that were learned from (Chan et al. 1979, merging of moments). They are
    buffers of the network: saved with it, and constant while one rollout is learned from.
    """

    mean: torch.Tensor
    variance: torch.Tensor
    count: torch.Tensor

    def __init__(self, observation_space: spaces.Box):
        super().__init__(observation_space, features_dim=int(np.prod(observation_space.shape)))
        self.register_buffer("mean", torch.zeros(self.features_dim, dtype=torch.float64))
        self.register_buffer("variance", torch.ones(self.features_dim, dtype=torch.float64))
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Normalise (..., n) float32."""
        scale = torch.rsqrt(self.variance + 1e-8).float()
        return ((observations - self.mean.float()) * scale).clamp(-_CLIP, _CLIP)

    def update(self, observations: torch.Tensor) -> None:
        """Merge the mean and variance of (..., n) observations."""
        batch = observations.to(torch.float64).flatten(0, -2)
        total = self.count + len(batch)
        shift = batch.mean(0) - self.mean
        spread = self.variance * self.count + batch.var(0, unbiased=False) * len(batch)
        self.variance.copy_((spread + shift.square() * self.count * len(batch) / total) / total)
        self.mean.add_(shift * len(batch) / total)
        self.count.copy_(total)


class PlainObservation(BaseFeaturesExtractor):
    """Observations as they are."""

    def __init__(self, observation_space: spaces.Box):
        super().__init__(observation_space, features_dim=int(np.prod(observation_space.shape)))

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Pass (..., n) float32 on."""
        return observations

    def update(self, observations: torch.Tensor) -> None:
        """Nothing to learn."""
