"""The stock stack with the same task and the same numbers: sb3-contrib's RecurrentPPO, one process per environment."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.common.vec_env import SubprocVecEnv, VecEnv

from mousearm.algo import SequencePPO, stock_arguments, stock_name
from mousearm.config import Config, PolicyConfig
from mousearm.env.gym_env import TrackingEnv
from mousearm.env.vec_env import TrackingVecEnv
from mousearm.policy.network import NormalizedObservation
from mousearm.setup import Setup

# The hyperparameters of the lab's original program as it is usually run; its network has no normaliser.
ORIGINAL = (
    "algo=original",
    "algo.n_steps=256",
    "algo.batch_size=256",
    "policy=lstm_large",
    "policy.lstm_hidden_size=256",
    "policy.normalize_observation=false",
    "env.num_envs=16",
)


def our_environment(config: Config) -> TrackingVecEnv:
    """All arms of a configuration in one process."""
    return Setup.build(config).training_env()


def stock_environment(config: Config) -> SubprocVecEnv:
    """One process per arm, each with the Gymnasium environment on one thread; to be closed."""
    return SubprocVecEnv([partial(TrackingEnv, config=replace(config, threads=1))] * config.env.num_envs)


def stock_policy_arguments(config: PolicyConfig) -> dict[str, Any]:
    """``policy_kwargs`` of sb3-contrib's RecurrentPPO for the same network; its backbone is always an LSTM."""
    return {
        "lstm_hidden_size": config.lstm_hidden_size,
        "n_lstm_layers": config.n_lstm_layers,
        "shared_lstm": True,
        "enable_critic_lstm": False,
        "net_arch": {"pi": config.net_arch_pi, "vf": config.net_arch_vf},
        "log_std_init": config.log_std_init,
        "ortho_init": config.ortho_init,
        "features_extractor_class": NormalizedObservation if config.normalize_observation else FlattenExtractor,
    }


def stock_algo(config: Config, env: VecEnv) -> RecurrentPPO:
    """sb3-contrib's algorithm, network and buffer with the numbers of a configuration."""
    return RecurrentPPO(
        "MlpLstmPolicy",
        env,
        **stock_arguments(config.algo),
        policy_kwargs=stock_policy_arguments(config.policy),
        seed=config.seed,
        device=config.device,
    )


def copy_weights(ours: SequencePPO, stock: RecurrentPPO) -> None:
    """Put our weights into the stock network."""
    stock.policy.load_state_dict({stock_name(name): weight for name, weight in ours.policy.state_dict().items()})


def load_stock_weights(ours: SequencePPO, stock: RecurrentPPO) -> None:
    """Put the stock network's weights into ours."""
    weights = stock.policy.state_dict()
    ours.policy.load_state_dict({name: weights[stock_name(name)] for name in ours.policy.state_dict()})


def copy_rollout(stock: RecurrentPPO, ours: SequencePPO) -> None:
    """Put a rollout that stock collected into our buffer, before stock has learned from it."""
    theirs, mine = stock.rollout_buffer, ours.rollout_buffer
    for name in ("observations", "actions", "rewards", "values", "log_probs", "advantages", "returns"):
        getattr(mine, name).copy_(torch.from_numpy(getattr(theirs, name)))
    mine.starts.copy_(torch.from_numpy(theirs.episode_starts > 0))
    hidden, cell = (torch.from_numpy(getattr(theirs, name)[0]) for name in ("hidden_states_pi", "cell_states_pi"))
    mine.begin(torch.cat([hidden, cell]))


def in_turn(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each run over some rounds, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds + 1):
        for name, run in runs.items():
            begin = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - begin)
    return {name: median(times[1:]) for name, times in seconds.items()}
