"""Speed of the environment with senses, noise and delays, relative to that without, by both engines."""

from dataclasses import replace
from functools import partial

import numpy as np

from mousearm.benchmark.speed import in_turn, our_environment
from mousearm.config import compose
from mousearm.env.vec_env import TrackingVecEnv
from mousearm.setup import Setup
from mousearm.simulation import MUJOCO

_SIZES = (16, 64)
_ROUNDS = 10
_SENSES = ["env=proprioceptive", *(f"env.delay_ms.{way}=0" for way in ("proprioception", "vision", "motor"))]
_MOTOR_NOISE = ["env.noise.motor_share=0.1"]
_NOISE = [*_MOTOR_NOISE, *(f"env.noise.sd_{name}=5" for name in ("spindle_ia", "spindle_ii", "tendon_organ"))]
_TASKS = {
    "plain": [],
    "senses": _SENSES,
    "senses_motor_noise": [*_SENSES, *_MOTOR_NOISE],
    "senses_all_noise": [*_SENSES, *_NOISE],
    "senses_all_noise_delays": ["env=proprioceptive", *_NOISE],
}


def senses_speed(threads: int) -> dict[str, float]:
    """Control steps/s of the muscle arm's environment, and how fast it is with senses, noise, delays relative to that.

    Plain, the network sees joint angles, velocities and activations; with senses, spindles and tendon organs, paw and
    target. The noise is on controls, or on these and the organs. 16 and 64 arms perform the shipped reach with the same
    small random actions, by both engines; where the generated one cannot be, by MuJoCo alone.
    """
    chosen = Setup.build(compose(["model=muscle"])).with_engine().config.engine
    return {
        name: figure
        for engine in dict.fromkeys((MUJOCO, chosen))
        for n in _SIZES
        for name, figure in _figures(engine, n, threads).items()
    }


def _figures(engine: str, n: int, threads: int) -> dict[str, float]:
    envs = {}
    for name, words in _TASKS.items():
        config = compose(["model=muscle", f"threads={threads}", f"env.num_envs={n}", *words])
        envs[name] = our_environment(replace(config, engine=engine))
    plain = envs["plain"].task
    n_steps = int(plain.last_frame[0])
    actions = np.random.default_rng(0).uniform(-0.2, 0.2, (n_steps, n, plain.arm.nu)).astype(np.float32)

    def perform(env: TrackingVecEnv) -> None:
        for action in actions:
            env.step(action)

    for env in envs.values():
        env.reset()
    seconds = in_turn({name: partial(perform, env) for name, env in envs.items()}, _ROUNDS)
    figures = {f"{engine}_{n}_plain_steps_per_s": n * n_steps / seconds.pop("plain")}
    for name, s in seconds.items():
        figures[f"{engine}_{n}_{name}_ratio"] = n * n_steps / s / figures[f"{engine}_{n}_plain_steps_per_s"]
    return figures
