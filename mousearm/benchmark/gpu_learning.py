"""Learning on a GPU with the generated engine: how fast, how soon to how small an error, and whether twice the same."""

import io
import math
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import torch

from mousearm.algo import build_algo
from mousearm.benchmark.learning import error_curve
from mousearm.benchmark.speed import collect
from mousearm.config import compose
from mousearm.door import sha256
from mousearm.experiment import run
from mousearm.rundir.folder import RunFolder
from mousearm.setup import Setup

ON_GPU = ("engine=generated", "video=false")
_REACH = 49  # control steps of the shipped reach
_ARMS, _ROLLOUTS, _BEFORE = 16384, 3, 5  # rollouts that count, after those in which kernels are chosen and recorded


class Goal(NamedTuple):
    """A training on the shipped reach, what its command line would be, and the errors to come below."""

    words: tuple[str, ...]
    limits_mm: tuple[float, ...]
    longest_s: float


_MANY_ARMS = ("algo.learning_rate=3e-3", "algo.eval_freq=100000")
GOALS = {
    "motors": Goal(
        ("env.num_envs=512", f"algo.batch_size={128 * _REACH}", "algo.timesteps=6000000", *_MANY_ARMS),
        (0.2, 0.1),
        20,
    ),
    "muscles": Goal(
        (
            "experiment=muscle_from_scratch",
            "env.num_envs=2048",
            f"algo.batch_size={256 * _REACH}",
            "algo.timesteps=80000000",
            "algo.eval_freq=800000",
        ),
        (1.0, 0.3),
        100,
    ),
    "muscles_warm": Goal(("model=muscle", "pretrain=cmc", "algo.timesteps=175000"), (0.3,), 60),
}


def training_steps_per_s(model: str, device: str = "cuda", arms: int = _ARMS) -> dict[str, float]:
    """Control steps/s of rollouts with an update of one epoch, and of each alone."""
    sizes = (f"env.num_envs={arms}", f"algo.batch_size={arms * _REACH // 8}", f"algo.n_steps={_REACH}")
    config = compose((*ON_GPU, f"model={model}", f"device={device}", *sizes, "algo.n_epochs=1", "algo.target_kl=null"))
    algo = build_algo(config, Setup.build(config).training_env())
    seconds = {"rollout": 0.0, "update": 0.0}
    for rollout in range(_BEFORE + _ROLLOUTS):
        for name, work in (("rollout", lambda: collect(algo)), ("update", algo.train)):
            spent = timed(work)
            seconds[name] += spent if rollout >= _BEFORE else 0.0
    steps = _ROLLOUTS * arms * _REACH
    figures = {f"{name}_steps_per_s": steps / spent for name, spent in seconds.items()}
    return {"steps_per_s": steps / sum(seconds.values()), **figures}


def timed(work: Any) -> float:
    """Seconds of some work, that on the GPU included."""
    begin = time.perf_counter()
    work()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - begin


def seconds_to_goal(name: str, words: Sequence[str] = ("device=cuda",)) -> dict[str, Any]:
    """Seconds of training until the error was below each limit of a `Goal`, and the whole curve."""
    goal = GOALS[name]
    curve = error_curve(compose((*ON_GPU, *goal.words, f"max_minutes={goal.longest_s / 60}", *words)))
    soon = {f"s_to_{limit}_mm": curve.seconds_to(limit) for limit in goal.limits_mm}
    return {**{name: s if s < math.inf else None for name, s in soon.items()}, **curve._asdict()}


def same_twice(model: str, words: Sequence[str] = ("device=cuda",)) -> dict[str, Any]:
    """Whether two trainings with the same seed give the same weights to the bit, and one with another seed others."""
    small = ("env.num_envs=256", f"algo.batch_size={64 * _REACH}", "algo.timesteps=250000", "algo.eval_freq=100000")
    hashes = []
    for seed in (0, 0, 1):
        config = compose((*ON_GPU, f"model={model}", *small, f"seed={seed}", *words))
        with tempfile.TemporaryDirectory() as temporary, redirect_stdout(io.StringIO()):
            folder = RunFolder(Path(temporary) / "run")
            run(config, folder.path)
            hashes.append(sha256((folder.complete_checkpoints()[-1] / "policy.safetensors").read_bytes()))
    return {"same_seed_same_bits": hashes[0] == hashes[1], "other_seed_other_bits": hashes[0] != hashes[2]}
