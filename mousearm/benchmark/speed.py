"""Speed of the environment, of the update and of whole training: ours, and the stock stack's with the same task.

The stock stack is sb3-contrib's RecurrentPPO, with one process per environment.
"""

import copy
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import torch
from mujoco.batch import Batch
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.callbacks import CallbackList
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.common.vec_env import SubprocVecEnv, VecEnv

from mousearm.algo import SequencePPO, build_algo
from mousearm.config import Config, PolicyConfig, compose
from mousearm.env.gym_env import TrackingEnv
from mousearm.env.vec_env import TrackingVecEnv
from mousearm.policy.network import NormalizedObservation
from mousearm.ppo import network_threads, stock_arguments, stock_name
from mousearm.registry import ACTION_MAPS
from mousearm.setup import Setup
from mousearm.text import columns

# What each figure is divided by in the last column, and which way round: more steps, fewer seconds.
_YARDSTICKS = {
    "environment": "gym_subproc_steps_per_s",
    "update": "stock_s",
    "training": "stock_steps_per_s",
    "device": "cpu_256_s",
}
_WORKERS = 16
_ROLLOUTS = {"stock": 1, "ours_same_hyperparameters": 1, "ours_defaults": 4}  # of a round; ours is done in no time
# The hyperparameters of the lab's original program as it is usually run; its network has no normaliser.
ORIGINAL = (
    "engine=mujoco",
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
    env = Setup.build(config).training_env()
    assert isinstance(env, TrackingVecEnv)
    return env


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


def environment_speed(model: str = "torque") -> dict[str, float]:
    """Control steps/s of ``Batch.step`` alone, of our vectorised environment, and of one process per arm.

    All perform the shipped reach with the same time step and controls, so that they have the same physics to compute
    (a joint at its limit costs time): 64 arms, the processes 16. Alone, the whole model is stepped, ours without what
    is only seen (``Arm.physics``). The model is ``torque`` or ``muscle``.
    """
    config = compose([f"model={model}", "engine=mujoco"])
    ours = our_environment(config)
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

    with closing(stock_environment(replace(config, env=replace(config.env, num_envs=_WORKERS)))) as processes:
        runs = {"bare": step_bare, "ours": partial(step_all, ours), "gym_subproc": partial(step_all, processes)}
        ours.reset()
        processes.reset()
        seconds = in_turn(runs, 20)
    steps = {"bare": ours.num_envs, "ours": ours.num_envs, "gym_subproc": _WORKERS}
    return {f"{name}_steps_per_s": n_steps * steps[name] / seconds[name] for name in seconds}


def update_speed(threads: int) -> dict[str, float]:
    """Seconds of an update with the original's hyperparameters on one rollout, and how much the gradients differ."""
    config = compose(ORIGINAL)
    env = our_environment(config)
    ours, stock = build_algo(config, env), stock_algo(config, env)
    copy_weights(ours, stock)
    collect(ours)
    collect(stock)
    copy_rollout(stock, ours)
    with network_threads(threads):
        difference = gradient_difference(ours, stock)
        seconds = in_turn({"stock_s": stock.train, "ours_s": ours.train}, 3)
    return {**seconds, "max_relative_gradient_difference": difference}


def device_speed() -> dict[str, float]:
    """Seconds of one epoch over 16 384 steps by minibatch size, on the CPU and, where there is one, on the GPU."""
    devices = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    runs: dict[str, Callable[[], object]] = {}
    for size in (256, 1024, 4096, 16384):
        for device in devices:
            sizes = ("env.num_envs=64", f"algo.batch_size={size}", "algo.n_epochs=1")
            config = compose((*ORIGINAL, f"device={device}", *sizes))
            algo = build_algo(config, our_environment(config))
            collect(algo)
            runs[f"{device}_{size}_s"] = partial(_epoch, algo)
    return in_turn(runs, 3)


def _epoch(algo: SequencePPO) -> None:
    algo.train()
    if algo.device.type == "cuda":
        torch.cuda.synchronize()


def collect(algo: RecurrentPPO) -> None:
    """Fill the rollout buffer as ``learn`` does; the algorithm is then ready for ``train``."""
    _, callback = algo._setup_learn(10**9, CallbackList([]))
    assert algo.env is not None
    algo.collect_rollouts(algo.env, callback, algo.rollout_buffer, algo.n_steps)


def gradient_difference(ours: SequencePPO, stock: RecurrentPPO) -> float:
    """Largest difference of a gradient, relative to its matrix's largest; all of one rollout as one minibatch."""
    for algo in (ours, stock):
        before: Any = algo.batch_size, algo.n_epochs
        algo.batch_size, algo.n_epochs = algo.n_steps * algo.n_envs, 1
        # The stock buffer turns the order of steps by a random number of them. With this seed that is a whole number
        # of arms, so that no sequence is cut.
        turns = ((seed, np.random.RandomState(seed).randint(algo.batch_size)) for seed in range(10**6))
        np.random.seed(next(seed for seed, turn in turns if turn % algo.n_steps == 0))  # noqa: NPY002
        algo.train()
        algo.batch_size, algo.n_epochs = before
    theirs = dict(stock.policy.named_parameters())
    largest = 0.0
    for name, weight in ours.policy.named_parameters():
        expected = theirs[stock_name(name)].grad
        assert weight.grad is not None
        assert expected is not None
        largest = max(largest, float((weight.grad - expected).abs().max() / expected.abs().max()))
    return largest


def training_speed(threads: int) -> dict[str, float]:
    """Steps/s of the stock stack with the original's hyperparameters, of ours with the same, and of ours by default."""
    original, defaults = compose(ORIGINAL), compose()
    with closing(stock_environment(original)) as processes, network_threads(threads):
        algos = {
            "stock": stock_algo(original, processes),
            "ours_same_hyperparameters": build_algo(original, our_environment(original)),
            "ours_defaults": build_algo(defaults, our_environment(defaults)),
        }
        steps = {name: _ROLLOUTS[name] * algo.n_steps * algo.n_envs for name, algo in algos.items()}
        seconds = in_turn({name: partial(algo.learn, steps[name]) for name, algo in algos.items()}, 2)
    return {f"{name}_steps_per_s": steps[name] / seconds[name] for name in algos}


def speed_table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """One line per figure, by section and name, which ends in its unit; and its speed relative to the stock stack's."""
    lines = []
    for section, values in figures.items():
        yardstick, rows = values.get(_YARDSTICKS.get(section, "")), []
        for name, value in values.items():
            rows.append([f"  {name}", f"{value:.4g}", ""])
            if yardstick is not None and name.endswith("_s"):
                speed = value / yardstick if name.endswith("_per_s") else yardstick / value
                rows[-1][2] = f"{speed:.2f} x"
        lines += [section, *columns(rows, right=(1, 2))]
    return "\n".join(lines)
