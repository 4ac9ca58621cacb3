"""Error over wall-clock time: whole runs of ours, and the stock stack with the original's hyperparameters."""

import io
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from statistics import median
from typing import NamedTuple

from sb3_contrib import RecurrentPPO
from stable_baselines3.common.callbacks import BaseCallback

from mousearm.algo import build_algo
from mousearm.benchmark.stock import ORIGINAL, load_stock_weights, our_environment, stock_algo, stock_environment
from mousearm.config import Config, compose
from mousearm.env import prepare
from mousearm.evaluate.rollout import Evaluator
from mousearm.experiment import run
from mousearm.policy import PolicyController
from mousearm.rundir import RunFolder, read_metrics

LIMITS_MM = (1.0, 0.5, 0.2)
ORIGINAL_NAME = "original"
# What the command line of each run would be.
RUNS: Mapping[str, tuple[str, ...]] = {
    "torque": (),
    "torque_warm": ("pretrain=cmc",),
    "muscle": ("experiment=muscle_from_scratch",),
    "muscle_warm": ("model=muscle", "pretrain=cmc"),
    ORIGINAL_NAME: (*ORIGINAL, "reward=original"),
}


class Curve(NamedTuple):
    """Deterministic evaluations of a run, in order.

    Attributes:
        seconds: of training until each of them, warm start and earlier evaluations included.
        paw_mm: mean paw error.
    """

    seconds: list[float]
    paw_mm: list[float]

    def seconds_to(self, limit_mm: float) -> float | None:
        """Seconds until the error was at most a limit for the first time; None if it never was."""
        reached = (seconds for seconds, error in zip(*self, strict=True) if error <= limit_mm)
        return next(reached, None)


def learning_curves(name: str, kinematics: str, seeds: int, budget_s: float) -> list[Curve]:
    """Train one of ``RUNS`` once for every seed; the original, which takes longest, with seed 0 only.

    Args:
        name: key of ``RUNS``.
        kinematics: the reach, as ``kinematics.path``.
        seeds: how many; they are 0, 1, 2, ...
        budget_s: when to end the original's training; it would take hours.
    """
    words = (*RUNS[name], f"kinematics.path={kinematics}", "video=false")
    if name == ORIGINAL_NAME:
        return [_stock_curve(compose(words), budget_s)]
    return [_our_curve(compose((*words, f"seed={seed}"))) for seed in range(seeds)]


def seconds_to_mm(curves: Mapping[str, Sequence[Curve]]) -> dict[str, dict[str, float | None]]:
    """Median over the seeds of the seconds to each of ``LIMITS_MM``; None where too few seeds got there."""
    return {
        name: {str(limit): _median([curve.seconds_to(limit) for curve in runs]) for limit in LIMITS_MM}
        for name, runs in curves.items()
    }


def _median(seconds: Sequence[float | None]) -> float | None:
    """The median, ``None`` counting as infinitely long."""
    value = median(float("inf") if s is None else s for s in seconds)
    return None if value == float("inf") else value


def _our_curve(config: Config) -> Curve:
    with tempfile.TemporaryDirectory() as temporary, redirect_stdout(io.StringIO()):
        folder = RunFolder(Path(temporary) / config.name)
        run(config, folder.path)
        return read_curve(folder)


def read_curve(folder: RunFolder) -> Curve:
    """The curve of a run that has one reach to train on and none to test with."""
    seconds = read_metrics(folder.timing).column("time/training_s")
    errors = read_metrics(folder.metrics).column("eval/train_paw_mm")
    return Curve(list(seconds.values()), list(errors.values()))


class _Evaluations(BaseCallback):
    """Evaluates the stock network before each rollout with our evaluator; ends training when the time is over."""

    def __init__(self, config: Config, budget_s: float):
        super().__init__()
        config, arm, references = prepare(config)
        names = [reference.name for reference in references]
        self._evaluator = Evaluator(config, arm, references, {"train": names, "test": []})
        self._ours = build_algo(config, our_environment(config))
        self._begin = time.perf_counter()
        self._budget_s = budget_s
        self.curve = Curve([], [])

    def _on_rollout_start(self) -> None:
        assert isinstance(self.model, RecurrentPPO)
        load_stock_weights(self._ours, self.model)
        evaluation, _ = self._evaluator.evaluate(PolicyController(self._ours.policy))
        self.curve.seconds.append(time.perf_counter() - self._begin)
        self.curve.paw_mm.append(evaluation.objective)

    def _on_step(self) -> bool:
        return time.perf_counter() - self._begin < self._budget_s


def _stock_curve(config: Config, budget_s: float) -> Curve:
    environments = stock_environment(config)
    try:
        evaluations = _Evaluations(config, budget_s)
        stock_algo(config, environments).learn(config.algo.timesteps, evaluations)
    finally:
        environments.close()
    return evaluations.curve
