"""Speed of training from end to end: rollouts and updates, the stock stack's and ours."""

from collections.abc import Callable

from sb3_contrib import RecurrentPPO

from mousearm.algo import SequencePPO, build_algo, network_threads
from mousearm.benchmark.stock import ORIGINAL, our_environment, stock_algo, stock_environment
from mousearm.benchmark.timing import in_turn
from mousearm.config import compose

_ROUNDS = 2
# Rollouts of a round; with our defaults one takes less than a second.
_ROLLOUTS = {"stock": 1, "ours_same_hyperparameters": 1, "ours_defaults": 4}


def training_speed(threads: int) -> dict[str, float]:
    """Steps/s of the stock stack with the original's hyperparameters, of ours with the same, and of ours by default.

    Args:
        threads: of the network, for all.
    """
    original, defaults = compose(ORIGINAL), compose()
    processes = stock_environment(original)
    algos = {
        "stock": stock_algo(original, processes),
        "ours_same_hyperparameters": build_algo(original, our_environment(original)),
        "ours_defaults": build_algo(defaults, our_environment(defaults)),
    }
    steps = {name: _ROLLOUTS[name] * algo.n_steps * algo.n_envs for name, algo in algos.items()}
    try:
        with network_threads(threads):
            seconds = in_turn({name: _learn(algo, steps[name]) for name, algo in algos.items()}, _ROUNDS)
    finally:
        processes.close()
    return {f"{name}_steps_per_s": steps[name] / seconds[name] for name in algos}


def _learn(algo: SequencePPO | RecurrentPPO, steps: int) -> Callable[[], object]:
    return lambda: algo.learn(steps)
