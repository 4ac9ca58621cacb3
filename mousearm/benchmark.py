"""Speed, as ratios measured in one process: the environment against the bare simulator, the update against stock."""

import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from mujoco.batch import Batch
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.callbacks import BaseCallback

from mousearm.algo import SequencePPO, build_algo
from mousearm.config import Config, compose
from mousearm.env import References, Task, TrackingVecEnv, prepare

_ROUNDS = 9
_STEPS = 98


def environment_speed(model: str) -> dict[str, float]:
    """Control steps/s of the vectorised environment, 64 simulations of 16 substeps, and of ``Batch.step`` alone.

    Both run the same arm at the same time step, in turn; medians over rounds. The environment's share includes
    actions, resets, observations, rewards and statistics; episodes start at random frames, so that resets are spread.

    Args:
        model: ``torque`` or ``muscle``.
    """
    config = compose([f"model={model}", "env.num_envs=64", "env.n_substeps=16", "env.random_start=0.5"])
    env = _environment(config)
    bare = Batch(env.task.simulation.model, nsim=env.num_envs)
    ctrl = bare.bind("ctrl")
    rng = np.random.default_rng(0)
    actions = rng.uniform(-0.2, 0.2, (_STEPS, env.num_envs, env.task.arm.nu)).astype(np.float32)
    env.reset()

    def step_environment() -> None:
        for action in actions:
            env.step(action)

    def step_bare() -> None:
        bare.reset()
        for action in actions:
            ctrl[:] = action
            bare.step(nstep=16)

    seconds = _in_turn(step_environment, step_bare)
    steps = _STEPS * env.num_envs
    speeds = {"environment_steps_per_s": steps / seconds[0], "bare_steps_per_s": steps / seconds[1]}
    return {**speeds, "ratio": seconds[1] / seconds[0]}


def update_speed() -> dict[str, float]:
    """Samples/s of one epoch of the recurrent update, ours and stock sb3-contrib's, at the same network and batch size.

    The rollout is the default one; the minibatches hold the same number of steps; the network has one thread.
    """
    config = compose(["algo.n_epochs=1"])
    torch.set_num_threads(config.network_threads)
    env = _environment(config)
    ours = build_algo(config, env)
    stock = RecurrentPPO(
        "MlpLstmPolicy",
        env,
        n_steps=ours.n_steps,
        batch_size=ours.batch_size,
        n_epochs=1,
        policy_kwargs={**ours.policy_kwargs},
        seed=0,
        device="cpu",
    )
    for algo in (ours, stock):
        _collect(algo)
    samples = ours.n_steps * ours.n_envs
    seconds = _in_turn(ours.train, stock.train)
    speeds = {"ours_samples_per_s": samples / seconds[0], "stock_samples_per_s": samples / seconds[1]}
    return {**speeds, "ratio": seconds[1] / seconds[0]}


def _environment(config: Config) -> TrackingVecEnv:
    config, arm, references = prepare(config)
    task = Task(arm, References(references), config, config.env.num_envs)
    return TrackingVecEnv(task, config.env.random_start, config.seed)


class _Nothing(BaseCallback):
    def _on_step(self) -> bool:
        return True


def _collect(algo: SequencePPO | RecurrentPPO) -> None:
    """Fill the rollout buffer, and give the algorithm the logger that ``train`` writes to."""
    _, callback = algo._setup_learn(10**9, _Nothing())
    assert algo.env is not None
    algo.collect_rollouts(algo.env, callback, algo.rollout_buffer, algo.n_steps)


def _in_turn(*runs: Callable[[], object]) -> list[float]:
    """Median seconds of each run, after one round that does not count; in turn, so that drift hits all alike."""
    seconds: list[list[float]] = [[] for _ in runs]
    for _ in range(_ROUNDS + 1):
        for run, times in zip(runs, seconds, strict=True):
            begin = time.perf_counter()
            run()
            times.append(time.perf_counter() - begin)
    return [median(times[1:]) for times in seconds]
