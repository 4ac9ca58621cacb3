"""RecurrentPPO of sb3-contrib, made fast: whole sequences through the LSTM, minibatches of whole sequences."""

from collections.abc import Callable
from dataclasses import asdict

from sb3_contrib import RecurrentPPO
from stable_baselines3.common.vec_env import VecEnv

from mousearm.buffer import SequenceBuffer
from mousearm.config import AlgoConfig, Config
from mousearm.policy import RecurrentPolicy, policy_arguments

# Keys of the group algo that are not arguments of RecurrentPPO.
_OWN = ("timesteps", "eval_freq", "learning_rate_final")


class SequencePPO(RecurrentPPO):
    """RecurrentPPO over a ``SequenceBuffer``, with an observation normaliser that learns between rollouts."""

    policy: RecurrentPolicy

    def _setup_model(self) -> None:
        super()._setup_model()
        stock = self.rollout_buffer
        self.rollout_buffer = SequenceBuffer(
            self.n_steps,
            self.observation_space,
            self.action_space,
            stock.hidden_state_shape,  # type: ignore[attr-defined]
            self.device,
            gamma=self.gamma,
            gae_lambda=self.gae_lambda,
            n_envs=self.n_envs,
        )

    def train(self) -> None:
        """Learn from the rollout, then let the normaliser see it: old and new log-probabilities share one scale."""
        super().train()
        self.policy.learn_normalization(self.rollout_buffer.observations)


def learning_rate(config: AlgoConfig) -> float | Callable[[float], float]:
    """The constant rate, or the straight line from ``learning_rate`` to ``learning_rate_final`` over the budget."""
    first, last = config.learning_rate, config.learning_rate_final
    if last is None:
        return first
    return lambda progress_remaining: last + (first - last) * progress_remaining


def build_algo(config: Config, env: VecEnv) -> SequencePPO:
    """The algorithm of a configuration, with a fresh network."""
    stock = {name: value for name, value in asdict(config.algo).items() if name not in _OWN}
    return SequencePPO(
        RecurrentPolicy,
        env,
        **{**stock, "learning_rate": learning_rate(config.algo)},
        policy_kwargs=policy_arguments(config.policy),
        seed=config.seed,
        device=config.device,
    )
