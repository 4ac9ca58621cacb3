"""Speed of the environment, of the update and of training from end to end, ours and the stock stack's."""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from mujoco.batch import Batch
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.callbacks import CallbackList
from stable_baselines3.common.vec_env import VecEnv

from mousearm.algo import SequencePPO, build_algo, network_threads, stock_name
from mousearm.benchmark.stock import (
    ORIGINAL,
    copy_rollout,
    copy_weights,
    in_turn,
    our_environment,
    stock_algo,
    stock_environment,
)
from mousearm.config import compose
from mousearm.registry import ACTION_MAPS

# What each figure is divided by in the last column, and which way round: more steps, fewer seconds.
_YARDSTICKS = {
    "environment": "gym_subproc_steps_per_s",
    "update": "stock_s",
    "training": "stock_steps_per_s",
    "device": "cpu_256_s",
}
_STEP_ROUNDS, _UPDATE_ROUNDS, _TRAINING_ROUNDS = 20, 3, 2  # of the environment, of an update, of whole training
_WORKERS = 16


def environment_speed(model: str = "torque") -> dict[str, float]:
    """Control steps/s of ``Batch.step`` alone, of our vectorised environment, and of one process per arm.

    All perform the shipped reach's episode with the same time step, ours and the bare simulator 64 at once, the
    processes 16. The bare simulator is given the same start and the same controls, so that it has the same physics to
    compute: a joint that touches its limit costs time. It steps the model as it is in the file; ours leaves out what is
    only seen (``Arm.physics``). The model is ``torque`` or ``muscle``.
    """
    config = compose([f"model={model}"])
    ours = our_environment(config)
    processes = stock_environment(compose([f"model={model}", f"env.num_envs={_WORKERS}"]))
    task = ours.task
    n_steps = int(task.last_frame[0])
    rng = np.random.default_rng(0)
    actions = rng.uniform(-0.2, 0.2, (n_steps, ours.num_envs, task.arm.nu)).astype(np.float32)
    controls = [ACTION_MAPS[config.model.action_map](action, task.arm.ctrl_range) for action in actions]
    whole = copy.copy(task.arm.model)
    whole.opt.timestep = task.simulation.model.opt.timestep
    bare = Batch(whole, nsim=ours.num_envs)
    qpos, qvel, ctrl = bare.bind("qpos"), bare.bind("qvel"), bare.bind("ctrl")

    def step_bare() -> None:
        bare.reset()
        qpos[:], qvel[:] = task.references.qpos[0, 0], task.references.qvel[0, 0]
        for control in controls:
            ctrl[:] = control
            bare.step(nstep=config.env.n_substeps)

    def step_all(env: VecEnv) -> None:
        for action in actions:
            env.step(action[: env.num_envs])

    runs = {"bare": step_bare, "ours": partial(step_all, ours), "gym_subproc": partial(step_all, processes)}
    try:
        ours.reset()
        processes.reset()
        seconds = in_turn(runs, _STEP_ROUNDS)
    finally:
        processes.close()
    steps = {"bare": ours.num_envs, "ours": ours.num_envs, "gym_subproc": _WORKERS}
    return {f"{name}_steps_per_s": n_steps * steps[name] / seconds[name] for name in seconds}


_DEVICE_BATCHES = (256, 1024, 4096, 16384)  # steps of a minibatch for which devices are compared


def update_speed(threads: int) -> dict[str, float]:
    """Seconds of a whole update with the original's hyperparameters, on one rollout, and how much the gradients differ.

    Both networks have these threads.
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
        seconds = in_turn({"stock_s": stock.train, "ours_s": ours.train}, _UPDATE_ROUNDS)
    return {**seconds, "max_relative_gradient_difference": difference}


def device_speed() -> dict[str, float]:
    """Seconds of one epoch over 16 384 steps by minibatch size, on the CPU and, where there is one, on the GPU."""
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    runs = {f"{device}_{size}_s": _epoch(device, size) for size in _DEVICE_BATCHES for device in devices}
    return in_turn(runs, _UPDATE_ROUNDS)


def _epoch(device: str, batch_size: int) -> Callable[[], object]:
    sizes = ("env.num_envs=64", f"algo.batch_size={batch_size}", "algo.n_epochs=1")
    config = compose((*ORIGINAL, f"device={device}", *sizes))
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
    turns = ((seed, np.random.RandomState(seed).randint(algo.batch_size)) for seed in range(10**6))
    np.random.seed(next(seed for seed, turn in turns if turn % algo.n_steps == 0))  # noqa: NPY002 (the stock buffer's)
    try:
        yield
    finally:
        algo.batch_size, algo.n_epochs = batch_size, n_epochs  # type: ignore[assignment]


_ROLLOUTS = {"stock": 1, "ours_same_hyperparameters": 1, "ours_defaults": 4}  # of a round; ours is done in no time


def training_speed(threads: int) -> dict[str, float]:
    """Steps/s of the stock stack with the original's hyperparameters, of ours with the same, and of ours by default.

    All networks have these threads.
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
            runs = {name: partial(algo.learn, steps[name]) for name, algo in algos.items()}
            seconds = in_turn(runs, _TRAINING_ROUNDS)
    finally:
        processes.close()
    return {f"{name}_steps_per_s": steps[name] / seconds[name] for name in algos}


def speed_table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """One line per figure, by section and name, with its speed relative to the stock stack's.

    Names end in their unit, ``steps_per_s`` or ``s``, or have none.
    """
    lines = []
    for section, values in figures.items():
        lines.append(section)
        yardstick = values[_YARDSTICKS[section]]
        for name, value in values.items():
            line = f"  {name:<40} {value:>12.4g}"
            if name.endswith("_s"):
                speed = value / yardstick if name.endswith("_per_s") else yardstick / value
                line += f" {speed:>8.2f} x"
            lines.append(line)
    return "\n".join(lines)
