"""Speed of the environment: the bare simulator, ours, and the Gymnasium environment in a process per arm."""

import copy

import numpy as np
from mujoco.batch import Batch

from mousearm.benchmark.stock import our_environment, stock_environment
from mousearm.benchmark.timing import in_turn
from mousearm.config import compose
from mousearm.registry import ACTION_MAPS

_ROUNDS = 20
_WORKERS = 16


def environment_speed(model: str = "torque") -> dict[str, float]:
    """Control steps/s of ``Batch.step`` alone, of our vectorised environment, and of one process per arm.

    All perform the shipped reach's episode with the same time step, ours and the bare simulator 64 at once, the
    processes 16. The bare simulator is given the same start and the same controls, so that it has the same physics to
    compute: a joint that touches its limit costs time. It steps the model as it is in the file; ours leaves out what is
    only seen (``Arm.physics``).

    Args:
        model: ``torque`` or ``muscle``.
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
    return {f"{name}_steps_per_s": n_steps * steps[name] / seconds[name] for name in seconds}
