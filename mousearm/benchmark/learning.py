"""Error over wall-clock time: whole runs of ours, and the stock stack with the original's hyperparameters."""

import io
import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, redirect_stdout, suppress
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.callbacks import BaseCallback

from mousearm.algo import build_algo
from mousearm.benchmark.speed import ORIGINAL, stock_algo, stock_environment
from mousearm.config import Config, compose
from mousearm.errors import Interrupted
from mousearm.experiment import run
from mousearm.plots import BLUE, GREY, ORANGE, SKY, VERMILION, log_axis, page, write_figure
from mousearm.policy.controller import PolicyController
from mousearm.ppo import stock_name
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.logs import read_metrics
from mousearm.setup import Setup
from mousearm.text import columns

LIMITS_MM = (1.0, 0.5, 0.2)
LEARNING_RUNS: Mapping[str, tuple[str, ...]] = {  # what the command line of each would be
    "torque": (),
    "torque_warm": ("pretrain=cmc", "algo.timesteps=175000"),
    "muscle": ("experiment=muscle_from_scratch",),
    "muscle_warm": ("model=muscle", "pretrain=cmc", "algo.timesteps=175000"),
    "original": (*ORIGINAL, "reward=original"),
}
_LINES = {  # label and colour of each run
    "torque": ("motors", BLUE),
    "torque_warm": ("motors, warm start", SKY),
    "muscle": ("muscles", VERMILION),
    "muscle_warm": ("muscles, warm start", ORANGE),
    "original": ("motors, stock RecurrentPPO with the original's hyperparameters", GREY),
}


class ErrorCurve(NamedTuple):
    """Deterministic evaluations of a run, in order."""

    seconds: list[float]  # of training until each of them, warm start and earlier evaluations included
    paw_mm: list[float]  # mean paw error

    def seconds_to(self, limit_mm: float) -> float:
        """Seconds until the error was at most a limit for the first time; infinite if it never was."""
        return next((seconds for seconds, error in zip(*self, strict=True) if error <= limit_mm), math.inf)


def learning_curves(name: str, kinematics: str, seeds: int, budget_s: float) -> list[ErrorCurve]:
    """Train one of ``LEARNING_RUNS`` on a reach per seed 0, 1, ...; the slow original with seed 0, for ``budget_s``."""
    words = (*LEARNING_RUNS[name], f"kinematics.path={kinematics}", "video=false")
    if name == "original":
        config = compose(words)
        evaluations = _Evaluations(config, budget_s)
        with closing(stock_environment(config)) as environments:
            stock_algo(config, environments).learn(config.algo.timesteps, evaluations)
        return [evaluations.curve]
    return [error_curve(compose((*words, f"seed={seed}"))) for seed in range(seeds)]


def seconds_to_mm(
    curves: Mapping[str, Sequence[ErrorCurve]], limits_mm: Sequence[float] = LIMITS_MM
) -> dict[str, dict[str, float | None]]:
    """Median over the seeds of the seconds to each limit; None where too few seeds got there."""
    medians = {
        name: {str(limit): median(curve.seconds_to(limit) for curve in runs) for limit in limits_mm}
        for name, runs in curves.items()
    }
    return {name: {limit: s if s < math.inf else None for limit, s in of.items()} for name, of in medians.items()}


def error_curve(config: Config) -> ErrorCurve:
    """The curve of a run that has one reach to train on and none to test with, up to its ``max_minutes``."""
    with tempfile.TemporaryDirectory() as temporary, redirect_stdout(io.StringIO()):
        folder = RunFolder(Path(temporary) / config.name)
        with suppress(Interrupted):
            run(config, folder.path)
        seconds = read_metrics(folder.timing).column("time/training_s")
        errors = read_metrics(folder.metrics).column("eval/train_paw_mm")
    return ErrorCurve(list(seconds.values()), list(errors.values()))


class _Evaluations(BaseCallback):
    """Evaluates the stock network before each rollout with our evaluator; ends training when the time is over."""

    def __init__(self, config: Config, budget_s: float):
        super().__init__()
        setup = Setup.build(config)
        self._evaluator = setup.evaluator()
        self._ours = build_algo(setup.config, setup.training_env())
        self._begin = time.perf_counter()
        self._budget_s = budget_s
        self.curve = ErrorCurve([], [])

    def _on_rollout_start(self) -> None:
        assert isinstance(self.model, RecurrentPPO)
        stock, policy = self.model.policy.state_dict(), self._ours.policy
        policy.load_state_dict({name: stock[stock_name(name)] for name in policy.state_dict()})
        evaluation, _ = self._evaluator.evaluate(PolicyController(policy))
        self.curve.seconds.append(time.perf_counter() - self._begin)
        self.curve.paw_mm.append(evaluation.objective)

    def _on_step(self) -> bool:
        return time.perf_counter() - self._begin < self._budget_s


def limits_table(
    title: str, seconds: Mapping[str, Mapping[str, float | None]], curves: Mapping[str, Sequence[ErrorCurve]]
) -> str:
    """One line per run: seconds by run and error, and the best error of each seed's curve."""
    limits = [*next(iter(seconds.values()))]
    rows = [["  run", *(f"{limit} mm" for limit in limits), "best mm of each seed"]]
    for name, values in seconds.items():
        cells = ("never" if value is None else f"{value:.1f} s" for value in values.values())
        rows.append([f"  {name}", *cells, " ".join(f"{min(curve.paw_mm):.3f}" for curve in curves[name])])
    return "\n".join([title, *columns(rows, right=range(1, 1 + len(limits)))])


def draw_curves(curves: Mapping[str, Sequence[ErrorCurve]], path: Path) -> tuple[Path, Path]:
    """Draw the error of the best network so far over seconds, from 1 s on, as PNG and PDF; the path has no suffix."""
    with page(80) as figure:
        axes = figure.subplots()
        axes.set(xlabel="seconds of training, two cores", ylabel="mean paw error, mm")
        log_axis(axes, "x")
        log_axis(axes, "y")
        for limit in LIMITS_MM:
            axes.axhline(limit, color="#dddddd", linewidth=0.6, zorder=0)
        for name, runs in curves.items():
            label, colour = _LINES[name]
            for i, curve in enumerate(runs):
                best = np.minimum.accumulate(curve.paw_mm)
                axes.step(curve.seconds, best, where="post", color=colour, label=label if i == 0 else None)
        axes.set_xlim(left=1.0)
        axes.legend(loc="lower left")
        return write_figure(figure, path)
