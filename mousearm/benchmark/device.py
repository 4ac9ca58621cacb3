"""Training where the simulations are tensors, on a GPU: steps per second with all that belongs to it, and learning.

All figures are for JSON; times are of one machine with nothing else to do.
"""

import io
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch
from stable_baselines3.common.logger import Logger

from mousearm.algo import build_algo
from mousearm.benchmark.learning import ErrorCurve
from mousearm.checkpoint import RandomState
from mousearm.config import compose
from mousearm.device.graph import own_queue
from mousearm.device.ppo import DevicePPO
from mousearm.door import sha256
from mousearm.env.device_env import DeviceEnv, build_device_env
from mousearm.env.references import References
from mousearm.errors import Interrupted
from mousearm.experiment import run
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.logs import read_metrics
from mousearm.setup import Setup
from mousearm.turns import Turns, others_go_on

_LIMITS_MM = (1.0, 0.5, 0.3, 0.2, 0.1)
# Command lines of whole runs, and their budgets in control steps, about twice what the limits take.
DEVICE_RUNS: dict[str, tuple[str, ...]] = {
    "torque": ("experiment=many_arms", "algo.timesteps=3000000"),
    "muscle": ("experiment=many_arms_muscle", "algo.timesteps=7526400"),
    "muscle_warm": ("experiment=many_arms_muscle", "pretrain=cmc", "algo.timesteps=1000000", "algo.eval_freq=12500"),
}
_LONGEST = "max_minutes=1.5"  # of each: a GPU is not lent for longer
_STEPS = 49  # of a recorded reach
_SETTLED, _MEASURED = 6, 5  # rollouts: before all graphs are there, and then


def tensor_training_speed(model: str, n: int, n_epochs: int = 1) -> dict[str, float]:
    """Control steps/s of training n arms on the shipped reach, four minibatches an epoch; ms and GiB that it takes."""
    sizes = (f"env.num_envs={n}", f"algo.n_steps={_STEPS}", f"algo.batch_size={n * _STEPS // 4}")
    algo, env = _begun([f"model={model}", "device=auto", *sizes, f"algo.n_epochs={n_epochs}"])
    seconds = [0.0, 0.0]
    for i in range(_SETTLED + _MEASURED):
        times = [_now(), *(_after(work) for work in (algo.rollout, algo.update))]
        env.statistics.pop()
        if i >= _SETTLED:
            seconds = [total + after - before for total, before, after in zip(seconds, times, times[1:], strict=False)]
    memory = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else 0.0
    ms = [1e3 * total / _MEASURED for total in seconds]
    return {"steps_per_s": n * _STEPS / (1e-3 * sum(ms)), "rollout_ms": ms[0], "update_ms": ms[1], "gib": memory}


def seeds_speed(n: int, words: Sequence[str] = (), settled: int = _SETTLED) -> dict[str, float]:
    """Control steps/s of n trainings of ``experiment=many_arms`` together, side by side, with whole updates.

    And seconds of the processor for the same. Other ``words`` of their command line; so many rollouts come first.
    """
    begun = threading.Barrier(n)

    def train(seed: int) -> tuple[float, float, int]:
        with own_queue():
            algo, env = _begun(["experiment=many_arms", f"seed={seed}", *words])

            def go(rollouts: int) -> None:
                for _ in range(rollouts):
                    algo.rollout()
                    env.statistics.pop()
                    algo.update()

            go(settled)
            with others_go_on():
                begun.wait()
            begin = _now()
            go(_MEASURED)
            return begin, _now(), _MEASURED * env.num_envs * algo.n_steps

    before = time.process_time()
    begins, ends, steps = zip(*Turns([RandomState()]).run([partial(train, seed) for seed in range(n)], n), strict=True)
    return {"steps_per_s": sum(steps) / (max(ends) - min(begins)), "processor_s": time.process_time() - before}


def _begun(words: Sequence[str]) -> tuple[DevicePPO, DeviceEnv]:
    """What is ready to learn from the shipped reach by a command line, without a limit on an update."""
    setup = Setup.build(compose([*words, "engine=generated", "algo.target_kl=null"]))
    env = build_device_env(setup.config, setup.arm, References(setup.references))
    algo = build_algo(setup.config, env, DevicePPO)
    algo.set_logger(Logger(None, []))
    algo.begin(10**12)
    return algo, env


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def _after(work: Any) -> float:
    work()
    return _now()


def learning(name: str, seed: int = 0, words: Sequence[str] = ()) -> dict[str, Any]:
    """A whole run of `DEVICE_RUNS`: seconds of training to each limit, as MuJoCo judges; the best error and network.

    It ends after a minute and a half, whatever its budget. Seconds count from the first evaluation, after what is
    compiled and checked once per model; a warm start counts.
    """
    with tempfile.TemporaryDirectory() as temporary, redirect_stdout(io.StringIO()):
        folder = RunFolder(Path(temporary) / "run")
        with suppress(Interrupted):
            run(compose([*DEVICE_RUNS[name], "video=false", _LONGEST, f"seed={seed}", *words]), folder.path)
        seconds = read_metrics(folder.timing).column("time/training_s")
        errors = read_metrics(folder.metrics).column("eval/train_paw_mm")
        digest = sha256(folder.best / "policy.safetensors")
    curve = ErrorCurve(list(seconds.values()), list(errors.values()))
    reached = {str(limit): curve.seconds_to(limit) for limit in _LIMITS_MM}
    return {
        "seconds_to_mm": {limit: s if s < float("inf") else None for limit, s in reached.items()},
        "best_mm": min(curve.paw_mm),
        "seconds": curve.seconds[-1],
        "steps": int(max(errors)),
        "best_sha256": digest,
    }
