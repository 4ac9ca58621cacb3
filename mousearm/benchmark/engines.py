"""Speed by engine, MuJoCo's and the one that is generated from the model: of simulation alone, and with senses."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from mousearm.benchmark.speed import in_turn, our_environment
from mousearm.config import compose
from mousearm.env.vec_env import TrackingVecEnv
from mousearm.registry import ACTION_MAPS
from mousearm.setup import Setup
from mousearm.simulation import GENERATED, MUJOCO, Simulation, build_simulation

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


def simulation_speed(threads: int) -> dict[str, float]:
    """Control steps/s of both engines with motors and muscles, 16 and 64 arms, and how many times as fast ours is.

    All perform the shipped reach from its beginning with the same small random controls, on as many threads. Where the
    generated engine cannot be, there are the figures of MuJoCo alone.
    """
    figures = {}
    for model in ("torque", "muscle"):
        setup = Setup.build(compose([f"model={model}"])).with_engine()
        for n in _SIZES:
            speeds = _speeds(setup, n, threads)
            figures |= {f"{model}_{n}_{engine}_steps_per_s": speed for engine, speed in speeds.items()}
            if GENERATED in speeds:
                figures[f"{model}_{n}_ratio"] = speeds[GENERATED] / speeds[MUJOCO]
    return figures


def _speeds(setup: Setup, n: int, threads: int) -> dict[str, float]:
    """Control steps/s by engine, those that can be."""
    env, reach, runs = setup.config.env, setup.references[0], dict[str, Callable[[], object]]()
    actions = np.random.default_rng(0).uniform(-0.2, 0.2, (len(reach.qpos) - 1, n, setup.arm.nu))
    controls = ACTION_MAPS[setup.config.model.action_map](actions, setup.arm.ctrl_range)
    start = np.tile(reach.qpos[0], (n, 1)), np.tile(reach.qvel[0], (n, 1))

    def perform(simulation: Simulation) -> None:
        simulation.reset(np.arange(n), *start)
        for control in controls:
            simulation.step(control)
            simulation.snapshot()

    for engine in (MUJOCO, setup.config.engine):
        simulation = build_simulation(setup.arm, n, env.control_dt, env.n_substeps, threads, engine)
        runs[engine] = partial(perform, simulation)
    return {engine: len(controls) * n / s for engine, s in in_turn(runs, _ROUNDS).items()}


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
        for name, figure in _senses_figures(engine, n, threads).items()
    }


def _senses_figures(engine: str, n: int, threads: int) -> dict[str, float]:
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
