"""Processor time of whole runs of ``run.py`` until their error is below a value: today's settings beside older ones.

Each run is a process of its own, and all that it does counts: starting Python, loading libraries, loading or compiling
the engine, imitation, learning, evaluations. Other work on the machine slows it less than it slows the clock.
"""

import io
import multiprocessing
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mousearm.benchmark.learning import ErrorCurve

PROCESSOR_LIMITS_MM = (1.0, 0.5, 0.3)
_WARM, _BY_MUJOCO = ("model=muscle", "pretrain=cmc"), ("engine=mujoco",)
_ROLLOUTS = ("algo.n_steps=98",)
_ACTIONS = ("pretrain.loss=action", "pretrain.learning_rate=0.001", "pretrain.noise_spread=false")
PROCESSOR_RUNS: Mapping[str, tuple[str, ...]] = {  # what the command line of each would be
    "torque": (),
    "torque_mujoco": _BY_MUJOCO,
    "torque_mujoco_before": (*_BY_MUJOCO, *_ROLLOUTS),
    "muscle_warm": _WARM,
    "muscle_warm_mujoco": (*_WARM, *_BY_MUJOCO),
    "muscle_warm_mujoco_before": (*_WARM, *_BY_MUJOCO, *_ACTIONS),
}
_ALWAYS = ("video=false", "threads=1", "algo.eval_freq=3136")  # one round of imitation, four rollouts


def processor_curves(name: str, kinematics: str, seeds: int) -> "list[ErrorCurve]":
    """Errors over processor seconds of one of ``PROCESSOR_RUNS`` on a reach, per seed 0, 1, ...: `processor_curve`."""
    from mousearm.benchmark.learning import ErrorCurve  # what it loads is no part of a run

    curves = []
    for seed in range(seeds):
        words = (*PROCESSOR_RUNS[name], *_ALWAYS, f"kinematics.path={kinematics}", f"seed={seed}")
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
            curves.append(ErrorCurve(*fresh.submit(processor_curve, words).result()))
    return curves


def processor_curve(words: Sequence[str]) -> tuple[list[float], list[float]]:
    """Processor seconds of this process, and mean paw error in mm, at each evaluation of a run in it.

    The run ends when the error is at most the last of ``PROCESSOR_LIMITS_MM``.
    """
    from mousearm.config import compose  # what is loaded counts
    from mousearm.errors import Interrupted
    from mousearm.evaluate.evaluation import Evaluation
    from mousearm.experiment import run
    from mousearm.rundir.status import Pruned

    seconds: list[float] = []
    paw_mm: list[float] = []

    def note(steps: int, share: float, evaluation: Evaluation) -> None:
        seconds.append(time.process_time())
        paw_mm.append(evaluation.objective)
        if evaluation.objective <= PROCESSOR_LIMITS_MM[-1]:
            raise Pruned("all errors are met")

    said, ended = io.StringIO(), suppress(Interrupted, Pruned)
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(said), redirect_stderr(said), ended:
        run(compose(words), Path(folder) / "run", pruner=note)
    return seconds, paw_mm
