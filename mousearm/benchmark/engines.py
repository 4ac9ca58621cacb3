"""Speed of simulation alone: MuJoCo against the engine that is generated from the model, side by side."""

from collections.abc import Callable
from functools import partial

import numpy as np

from mousearm.benchmark.speed import in_turn
from mousearm.config import compose
from mousearm.registry import ACTION_MAPS
from mousearm.setup import Setup
from mousearm.simulation import GENERATED, MUJOCO, Simulation, build_simulation

_SIZES = (16, 64)
_ROUNDS = 10


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
