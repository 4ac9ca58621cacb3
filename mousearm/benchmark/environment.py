"""Speed of the environment: the bare simulator, ours, and the Gymnasium environment in a process per arm."""

import numpy as np
from mujoco.batch import Batch

from mousearm.benchmark.stock import our_environment, stock_environment
from mousearm.benchmark.timing import in_turn
from mousearm.config import compose

_ROUNDS = 5
_STEPS = 98
_WORKERS = 16


def environment_speed(model: str = "torque") -> dict[str, float]:
    """Control steps/s of ``Batch.step`` alone, of our vectorised environment, and of one process per arm.

    All step the same arm with the same time step, ours and the bare simulator 64 of them, the processes 16. Episodes
    start at random frames, so that resets are spread.

    Args:
        model: ``torque`` or ``muscle``.
    """
    config = compose([f"model={model}", "env.random_start=0.5"])
    ours = our_environment(config)
    processes = stock_environment(compose([f"model={model}", "env.random_start=0.5", f"env.num_envs={_WORKERS}"]))
    bare = Batch(ours.task.simulation.model, nsim=ours.num_envs)
    ctrl = bare.bind("ctrl")
    rng = np.random.default_rng(0)
    actions = rng.uniform(-0.2, 0.2, (_STEPS, ours.num_envs, ours.task.arm.nu)).astype(np.float32)

    def step_bare() -> None:
        bare.reset()
        for action in actions:
            ctrl[:] = action
            bare.step(nstep=config.env.n_substeps)

    def step_ours() -> None:
        for action in actions:
            ours.step(action)

    def step_processes() -> None:
        for action in actions:
            processes.step(action[:_WORKERS])

    try:
        ours.reset()
        processes.reset()
        seconds = in_turn({"bare": step_bare, "ours": step_ours, "gym_subproc": step_processes}, _ROUNDS)
    finally:
        processes.close()
    steps = {"bare": ours.num_envs, "ours": ours.num_envs, "gym_subproc": _WORKERS}
    return {f"{name}_steps_per_s": _STEPS * steps[name] / seconds[name] for name in seconds}
