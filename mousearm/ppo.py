"""PPO as RecurrentPPO of sb3-contrib has it: its arguments, its names, and the parts of its loss."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, NamedTuple

import torch

from mousearm.buffer import Minibatch
from mousearm.config import AlgoConfig, Config
from mousearm.errors import ConfigError


class Loss(NamedTuple):
    """The loss of a minibatch and its parts, by the names they are logged under (``train/...``)."""

    loss: torch.Tensor
    policy_gradient_loss: torch.Tensor
    value_loss: torch.Tensor
    entropy_loss: torch.Tensor
    approx_kl: torch.Tensor
    clip_fraction: torch.Tensor

    @staticmethod
    def figures(losses: torch.Tensor, last_epoch: torch.Tensor) -> dict[str, float]:
        """Values that RecurrentPPO logs of all minibatches of an update, (B, parts), and of those of the last epoch."""
        figures = Loss(*losses.mean(0).tolist())._asdict()
        return figures | {"approx_kl": Loss(*last_epoch.mean(0).tolist()).approx_kl, "loss": float(losses[-1, 0])}


def parts_of_loss(
    batch: Minibatch,
    values: torch.Tensor,
    log_prob: torch.Tensor,
    entropy: torch.Tensor,
    clip: float,
    clip_vf: float | None,
    normalizes: bool,
) -> tuple[torch.Tensor, ...]:
    """Parts of PPO's loss of a minibatch (Schulman et al. 2017), as `Loss` has them after the first.

    Values, log-probabilities and entropies, (K,), are those of the policy now, ratios of old ones clipped to 1 - clip
    ... 1 + clip, values to ``clip_vf`` around the old ones; ``normalizes`` are advantages of each minibatch.
    """
    advantages = batch.normalized(batch.advantages) if normalizes else batch.advantages
    log_ratio = log_prob - batch.old_log_prob
    ratio = log_ratio.exp()
    policy_loss = -batch.mean(torch.min(advantages * ratio, advantages * ratio.clamp(1 - clip, 1 + clip)))
    if clip_vf is not None:
        values = batch.old_values + (values - batch.old_values).clamp(-clip_vf, clip_vf)
    value_loss = batch.mean((batch.returns - values).square())
    with torch.no_grad():
        approx_kl = batch.mean(ratio - 1 - log_ratio)
        clip_fraction = batch.mean(((ratio - 1).abs() > clip).float())
    return policy_loss, value_loss, -batch.mean(entropy), approx_kl, clip_fraction


@contextmanager
def network_threads(n: int) -> Iterator[None]:
    """Compute networks on n threads of the CPU while active."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def falling(first: float, last: float | None) -> float | Callable[[float], float]:
    """The constant rate ``first``, or the straight line to ``last`` over the budget.

    The last rollout ends after the budget. The line goes on until then, but not below zero, which would unlearn.
    """
    if last is None:
        return first
    return lambda progress_remaining: max(last + (first - last) * progress_remaining, 0.0)


def stock_arguments(config: AlgoConfig) -> dict[str, Any]:
    """The arguments of RecurrentPPO that a configuration stands for."""
    ours = ("timesteps", "eval_freq", "eval_reaches", "learning_rate_final", "rate_penalty", "weight_penalty")
    stock = {name: value for name, value in asdict(config).items() if name not in ours}
    return {**stock, "learning_rate": falling(config.learning_rate, config.learning_rate_final)}


def stock_name(name: str) -> str:
    """The name that sb3-contrib has for a weight of our network, whose backbone is an LSTM."""
    return name.replace("backbone.net.", "lstm_actor.")


def arguments_of(config: Config) -> dict[str, Any]:
    """The arguments of `SequencePPO` but policy and environment; ConfigError if a GPU is asked for that is not there.

    After a warm start it learns at rates of its own, from rollouts and minibatches of sizes of their own.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            "device=cuda: torch finds no GPU here. device=auto takes one where there is one, cpu never; a machine that "
            "has one also needs its driver and a CUDA build of torch."
        )
    arguments = stock_arguments(config.algo)
    if (pretrain := config.pretrain).teacher != "none":
        arguments["learning_rate"] = falling(pretrain.learning_rate_after, 0.0)
        filling = -(-(pretrain.batch_size_after or 1) // config.env.num_envs)
        arguments["n_steps"] = max(config.algo.n_steps, filling)
        arguments["batch_size"] = pretrain.batch_size_after or config.algo.batch_size
        arguments["critic_rate"] = pretrain.critic_learning_rate
        arguments["normalizer_learns"] = False  # if it moved, what the network was taught would no longer fit
    return {**arguments, "seed": config.seed, "device": config.device}
