"""The network: a backbone shared by actor and critic, with the observation's normaliser before it and heads behind."""

import math
from collections.abc import Callable
from inspect import unwrap
from typing import Any, Self

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.distributions import DiagGaussianDistribution, Distribution
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor, FlattenExtractor, MlpExtractor
from stable_baselines3.common.type_aliases import Schedule
from torch import nn

from mousearm.config import Config, PolicyConfig
from mousearm.policy.backbone import Clamp, reset_state
from mousearm.policy.signs import make_signed, project
from mousearm.registry import BACKBONES

_CLIP = 10.0  # normalised observations beyond this many standard deviations are cut off
_LOG_2PI = math.log(2 * math.pi)


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
        return self.fixed()(observations)

    def fixed(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """The same as a function of observations alone, with mean and variance as they are now."""
        mean, scale = self.mean.float(), torch.rsqrt(self.variance + 1e-8).float()
        return lambda observations: ((observations - mean) * scale).clamp(-_CLIP, _CLIP)

    def update(self, observations: torch.Tensor) -> None:
        """Merge the mean and variance of (..., n) observations."""
        batch = observations.to(torch.float64).flatten(0, -2)
        total = self.count + len(batch)
        shift = batch.mean(0) - self.mean
        spread = self.variance * self.count + batch.var(0, unbiased=False) * len(batch)
        self.variance.copy_((spread + shift.square() * self.count * len(batch) / total) / total)
        self.mean.add_(shift * len(batch) / total)
        self.count.copy_(total)


class PlainObservation(FlattenExtractor):
    """Observations as they are."""

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        """Pass (..., n) float32 on."""
        return observations

    def fixed(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """The same."""
        return self.forward

    def update(self, observations: torch.Tensor) -> None:
        """Nothing to learn."""


class Gaussian(DiagGaussianDistribution):
    """SB3's diagonal Gaussian by formula, which takes a third to a sixth of the time."""

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


class Adam(torch.optim.Adam):
    """torch's Adam without what prepares its methods for `torch.compile`, which takes a second to import."""

    add_param_group, zero_grad = unwrap(torch.optim.Adam.add_param_group), unwrap(torch.optim.Adam.zero_grad)
    state_dict, load_state_dict = unwrap(torch.optim.Adam.state_dict), unwrap(torch.optim.Adam.load_state_dict)
    step = torch.no_grad()(unwrap(torch.optim.Adam.step))


class RecurrentPolicy(ActorCriticPolicy):
    """SB3's actor and critic on the outputs of a backbone.

    ``outputs, state = policy(observations, state)`` runs whole sequences; distributions and values are then computed
    from the outputs of all steps at once. It knows nothing of episodes that start within a sequence: the caller
    sets the state of an arm to zero where its episode starts.

    The critic's error does not reach the backbone, as in sb3-contrib's policy with a shared LSTM.
    """

    observation_space: spaces.Box
    action_space: spaces.Box
    features_extractor: NormalizedObservation | PlainObservation  # type: ignore[assignment]  # stock knows no update()

    def __init__(
        self,
        observation_space: spaces.Box,
        action_space: spaces.Box,
        lr_schedule: Schedule,
        config: PolicyConfig,
        control_dt: float,
        use_sde: bool = False,
    ):
        """Build the network for the spaces of one arm, (n_obs,) and (nu,), and its optimiser, as SB3 does.

        ``control_dt`` is the time of a step in s; ``use_sde`` is exploration that depends on the state
        (``algo.use_sde``).
        """
        self.config, self.control_dt = config, control_dt
        self.silenced: dict[str, Clamp] = {}  # units that are held, by layer; see `silence`
        super().__init__(
            observation_space,
            action_space,
            lr_schedule,
            net_arch={"pi": config.net_arch_pi, "vf": config.net_arch_vf},
            use_sde=use_sde,
            log_std_init=config.log_std_init,
            ortho_init=config.ortho_init,
            features_extractor_class=NormalizedObservation if config.normalize_observation else PlainObservation,
            optimizer_class=Adam,
            optimizer_kwargs={"eps": 1e-5, "fused": True},  # SB3's eps; fused: all weights in one call
        )
        if self.backbone.signs is not None:
            make_signed(self._read_out, self.backbone.signs)
        self.keep_signs(self.optimizer)

    def _build_mlp_extractor(self) -> None:
        """Build everything between features and the last layers; the stock constructor does the rest."""
        config = self.config
        if not self.use_sde:
            self.action_dist = Gaussian(self.action_space.shape[0])
        build = BACKBONES[config.backbone]
        self.backbone = build(self.features_dim, config, self.control_dt)
        self.mlp_extractor = MlpExtractor(config.lstm_hidden_size, self.net_arch, self.activation_fn, self.device)

    @property
    def _read_out(self) -> torch.Tensor:
        """Weights (m, hidden) by which the backbone leads to the actions."""
        parts = (*self.mlp_extractor.policy_net, self.action_net)
        return next(part.weight for part in parts if isinstance(part, nn.Linear))

    @property
    def acting_weights(self) -> list[torch.Tensor]:
        """Weights, without biases, of what leads to the actions."""
        parts = (self.backbone, self.mlp_extractor.policy_net, self.action_net)
        return [weight for part in parts for weight in part.parameters() if weight.ndim > 1]

    def keep_signs(self, optimizer: torch.optim.Optimizer) -> None:
        """Let weights that have a sign by Dale's principle keep it through all steps of an optimiser.

        These are the weights that lead from units of the backbone to each other and to the actions. The value head is
        no part of what acts, and is free.
        """

        def restore(*_: object) -> None:
            assert self.backbone.signs is not None
            for weights in (*self.backbone.signed, self._read_out):
                project(weights, self.backbone.signs)

        if self.backbone.signs is not None:
            optimizer.register_step_post_hook(restore)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Become a copy; optimisers do not copy what follows their steps."""
        super().__setstate__(state)
        self.keep_signs(self.optimizer)

    def numbered(self, state: dict[str, Any]) -> dict[str, Any]:
        """A state of the optimiser, its weights numbered as the network has them, whatever groups they are in."""
        place = {id(weight): i for i, weight in enumerate(self.parameters())}
        number = [place[id(weight)] for group in self.optimizer.param_groups for weight in group["params"]]
        groups = [{**group, "params": [number[i] for i in group["params"]]} for group in state["param_groups"]]
        return {"state": {number[i]: memory for i, memory in state["state"].items()}, "param_groups": groups}

    def forward(  # type: ignore[override]  # stock has no state
        self, observations: torch.Tensor, state: torch.Tensor, noise: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs of the backbone (T, N, hidden) for observations (T, N, n_obs), and its state after the last step.

        The state (n_states, N, hidden) that it gets is that before the first step; ``noise`` (T, N, n_noise) is that of
        the units, see `draw_noise`.
        """
        return self.backbone(self.features_extractor(observations), state, noise)

    def step(self, observations: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run one step: outputs of the backbone (N, hidden) for observations (N, n_obs), and its state after it."""
        return self.backbone.step(self.features_extractor(observations), state)

    def draw_noise(self, *shape: int) -> torch.Tensor | None:
        """Draw noise of the units for steps of this shape, (..., n_noise), from torch's generator; None without."""
        n = self.backbone.n_noise
        return torch.randn(*shape, n, device=self.device) if n else None

    def mean_actions(self, outputs: torch.Tensor) -> torch.Tensor:
        """Means (K, nu) of the actions for outputs (K, hidden) of the backbone."""
        return self.action_net(self.mlp_extractor.forward_actor(outputs))

    def get_distribution(self, outputs: torch.Tensor) -> Distribution:  # type: ignore[override]
        """Distribution of the actions for outputs (K, hidden) of the backbone."""
        return self._get_action_dist_from_latent(self.mlp_extractor.forward_actor(outputs))

    def predict_values(self, outputs: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """Values (K,) for outputs (K, hidden) of the backbone."""
        return self.value_net(self.mlp_extractor.forward_critic(outputs.detach())).squeeze(-1)

    def evaluate_actions(  # type: ignore[override]
        self, outputs: torch.Tensor, actions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Values, log-probabilities and entropies, (K,) each, of actions (K, nu) for outputs (K, hidden)."""
        distribution = self.get_distribution(outputs)
        entropy = distribution.entropy()
        assert entropy is not None  # only squashed distributions have none
        return self.predict_values(outputs), distribution.log_prob(actions), entropy

    def predict(  # type: ignore[override]
        self,
        observation: np.ndarray,
        state: tuple[np.ndarray, ...] | None = None,
        episode_start: np.ndarray | None = None,
        deterministic: bool = False,
        noise: np.ndarray | None = None,
    ) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
        """SB3's way to ask for actions (N, nu) within the action space, for observations (N, n_obs).

        The state is what the call before returned, None at the beginning; where an episode starts, (N,), it is
        forgotten. ``deterministic`` is the most likely action instead of a drawn one; ``noise`` (N, n_noise) is that of
        the units, None for none.
        """
        self.set_training_mode(False)
        n = len(observation)
        before = self.backbone.initial_state(n) if state is None else torch.as_tensor(state[0], device=self.device)
        if episode_start is not None:
            before = reset_state(before, torch.as_tensor(episode_start, device=self.device))
        with torch.no_grad():
            seen = torch.as_tensor(observation, dtype=torch.float32, device=self.device)[None]
            drawn = None if noise is None else torch.as_tensor(noise, dtype=torch.float32, device=self.device)[None]
            outputs, after = self(seen, before, drawn)
            actions = self.get_distribution(outputs[0]).get_actions(deterministic=deterministic).cpu().numpy()
        return np.clip(actions, self.action_space.low, self.action_space.high), (after.cpu().numpy(),)

    def layers(self) -> dict[str, nn.Module]:
        """Modules that compute the activations of each layer outside the state, by name, such as ``actor_1``.

        ``actor_1`` and so on lead to the actions, ``critic_1`` to the value; ``backbone_1`` is the first layer of a
        backbone without memory.
        """
        heads = {"actor": self.mlp_extractor.policy_net, "critic": self.mlp_extractor.value_net}
        found = {name: [part for part in head if isinstance(part, self.activation_fn)] for name, head in heads.items()}
        found["backbone"] = self.backbone.layers
        return {f"{name}_{i}": layer for name, layers in found.items() for i, layer in enumerate(layers, 1)}


def build_policy(config: Config, n_observations: int, n_actions: int) -> RecurrentPolicy:
    """The policy of a configuration alone, to load a trained network into."""
    observation_space = spaces.Box(-np.inf, np.inf, (n_observations,), np.float32)
    action_space = spaces.Box(-1.0, 1.0, (n_actions,), np.float32)
    spaces_ = observation_space, action_space
    return RecurrentPolicy(*spaces_, lambda _: 0.0, config.policy, config.env.control_dt, config.algo.use_sde)
