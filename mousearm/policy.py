"""The network: an LSTM shared by actor and critic, with the observation's normaliser inside it."""

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from mousearm.config import PolicyConfig

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
        """Normalise (B, n) float32."""
        scale = torch.rsqrt(self.variance + 1e-8).float()
        return ((observations - self.mean.float()) * scale).clamp(-_CLIP, _CLIP)

    def update(self, observations: np.ndarray) -> None:
        """Merge the mean and variance of (..., n) observations."""
        batch = torch.as_tensor(observations, dtype=torch.float64, device=self.mean.device).flatten(0, -2)
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
        """Pass (B, n) float32 on."""
        return observations

    def update(self, observations: np.ndarray) -> None:
        """Nothing to learn."""


class RecurrentPolicy(RecurrentActorCriticPolicy):
    """sb3-contrib's recurrent policy with whole sequences run through the LSTM in one call."""

    @staticmethod
    def _process_sequence(  # type: ignore[override]  # stock annotates the states as one tensor
        features: torch.Tensor,
        lstm_states: tuple[torch.Tensor, torch.Tensor],
        episode_starts: torch.Tensor,
        lstm: nn.LSTM,
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """Run n_seq sequences of equal (padded) length.

        An episode can start only at the first step of a sequence, both in a rollout (one step) and in a minibatch
        (buffers cut sequences at episode starts). So setting the initial state of those sequences to zero and calling
        the LSTM once is the same arithmetic as sb3-contrib's loop over time.

        Args:
            features: (n_seq * length, n) sequence after sequence.
            lstm_states: hidden and cell state before each sequence, (n_layers, n_seq, hidden) each.
            episode_starts: (n_seq * length,) 1 where an episode starts.
            lstm: the network.

        Returns:
            Outputs (n_seq * length, hidden), and the states after the last step.
        """
        n_seq = lstm_states[0].shape[1]
        sequences = features.reshape(n_seq, -1, lstm.input_size).swapaxes(0, 1)
        goes_on = 1.0 - episode_starts.reshape(n_seq, -1)[:, 0].view(1, n_seq, 1)
        output, states = lstm(sequences, (goes_on * lstm_states[0], goes_on * lstm_states[1]))
        return output.transpose(0, 1).flatten(0, 1), states

    def learn_normalization(self, observations: np.ndarray) -> None:
        """Take observations (..., n) into the normaliser."""
        self.features_extractor.update(observations)  # type: ignore[union-attr,operator]


def policy_arguments(config: PolicyConfig) -> dict[str, Any]:
    """``policy_kwargs`` of RecurrentPPO for a configuration."""
    return {
        "lstm_hidden_size": config.lstm_hidden_size,
        "n_lstm_layers": config.n_lstm_layers,
        "shared_lstm": True,
        "enable_critic_lstm": False,
        "net_arch": {"pi": config.net_arch_pi, "vf": config.net_arch_vf},
        "log_std_init": config.log_std_init,
        "ortho_init": config.ortho_init,
        "features_extractor_class": NormalizedObservation if config.normalize_observation else PlainObservation,
    }


def build_policy(config: PolicyConfig, n_observations: int, n_actions: int, use_sde: bool = False) -> RecurrentPolicy:
    """A policy on its own, to load a trained network into; ``use_sde`` is ``algo.use_sde`` of its training."""
    observation_space = spaces.Box(-np.inf, np.inf, (n_observations,), np.float32)
    action_space = spaces.Box(-1.0, 1.0, (n_actions,), np.float32)
    arguments = policy_arguments(config)
    return RecurrentPolicy(observation_space, action_space, lambda _: 0.0, use_sde=use_sde, **arguments)


class PolicyController:
    """A policy as a deterministic controller of N arms, which carries their LSTM states from step to step."""

    def __init__(self, policy: RecurrentActorCriticPolicy):
        self.policy = policy
        self.reset(0)

    def reset(self, n: int) -> None:
        """Forget the past; n arms follow."""
        self._state: tuple[np.ndarray, ...] | None = None
        self._start = np.ones(n, dtype=bool)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (N, nu) in [-1, 1] for observations (N, n_obs) float32."""
        action, self._state = self.policy.predict(observation, self._state, self._start, deterministic=True)
        self._start = np.zeros(len(observation), dtype=bool)
        return action
