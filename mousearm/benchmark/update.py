"""Speed of the update, ours and stock sb3-contrib's, and whether both compute the same gradient."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.callbacks import CallbackList

from mousearm.algo import SequencePPO, build_algo, network_threads
from mousearm.benchmark.stock import ORIGINAL, copy_rollout, copy_weights, our_environment, stock_algo, stock_name
from mousearm.benchmark.timing import in_turn
from mousearm.config import compose

_ROUNDS = 3
# Steps of a minibatch for which devices are compared.
_DEVICE_BATCHES = (256, 1024, 4096, 16384)


def update_speed(threads: int) -> dict[str, float]:
    """Seconds of a whole update with the original's hyperparameters, on one rollout, and how much the gradients differ.

    Args:
        threads: of the network, for both.
    """
    config = compose(ORIGINAL)
    env = our_environment(config)
    ours, stock = build_algo(config, env), stock_algo(config, env)
    copy_weights(ours, stock)
    collect(ours)
    collect(stock)
    copy_rollout(stock, ours)
    with network_threads(threads):
        difference = gradient_difference(ours, stock)
        seconds = in_turn({"stock_s": stock.train, "ours_s": ours.train}, _ROUNDS)
    return {**seconds, "max_relative_gradient_difference": difference}


def device_speed() -> dict[str, float]:
    """Seconds of one epoch over 16 384 steps by minibatch size, on the CPU and, where there is one, on the GPU."""
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    runs = {f"{device}_{size}_s": _epoch(device, size) for size in _DEVICE_BATCHES for device in devices}
    return in_turn(runs, _ROUNDS)


def _epoch(device: str, batch_size: int) -> Callable[[], object]:
    config = compose(
        (*ORIGINAL, f"device={device}", "env.num_envs=64", f"algo.batch_size={batch_size}", "algo.n_epochs=1")
    )
    algo = build_algo(config, our_environment(config))
    collect(algo)

    def epoch() -> None:
        algo.train()
        if device == "cuda":
            torch.cuda.synchronize()

    return epoch


def collect(algo: RecurrentPPO) -> None:
    """Fill the rollout buffer as ``learn`` does; the algorithm is then ready for ``train``."""
    _, callback = algo._setup_learn(10**9, CallbackList([]))
    assert algo.env is not None
    algo.collect_rollouts(algo.env, callback, algo.rollout_buffer, algo.n_steps)


def gradient_difference(ours: SequencePPO, stock: RecurrentPPO) -> float:
    """The largest difference of a gradient, relative to the largest gradient of the same weight matrix.

    Both have the same weights and the same rollout, and take all of it as one minibatch.
    """
    for algo in (ours, stock):
        with _one_minibatch(algo):
            algo.train()
    theirs = dict(stock.policy.named_parameters())
    differences = []
    for name, weight in ours.policy.named_parameters():
        expected = theirs[stock_name(name)].grad
        assert weight.grad is not None
        assert expected is not None
        differences.append(float((weight.grad - expected).abs().max() / expected.abs().max()))
    return max(differences)


@contextmanager
def _one_minibatch(algo: SequencePPO | RecurrentPPO) -> Iterator[None]:
    """One epoch of one minibatch, in which the stock buffer cuts no sequence.

    It turns the order of steps by a random number of them; the seed makes that a whole number of arms.
    """
    batch_size, n_epochs = algo.batch_size, algo.n_epochs
    algo.batch_size, algo.n_epochs = algo.n_steps * algo.n_envs, 1
    seeds = (seed for seed in range(10**6) if _turn(seed, algo.batch_size) % algo.n_steps == 0)
    np.random.seed(next(seeds))  # noqa: NPY002 (that is the generator of the stock buffer)
    try:
        yield
    finally:
        algo.batch_size, algo.n_epochs = batch_size, n_epochs


def _turn(seed: int, n: int) -> int:
    return np.random.RandomState(seed).randint(n)
