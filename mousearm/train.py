"""Learning: the loop is SB3's; here is what happens beside it: evaluation, checkpoints, the progress bar, stopping."""

import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import mujoco
import numpy as np
from stable_baselines3.common.callbacks import BaseCallback, CallbackList
from tqdm import tqdm

from mousearm import checkpoint
from mousearm.algo import SequencePPO
from mousearm.config import PretrainConfig
from mousearm.env import Task, TrackingVecEnv
from mousearm.evaluate import Evaluation
from mousearm.pretrain import Imitation, Progress, Teacher
from mousearm.rundir import RUNNING, RunFolder
from mousearm.simulation import Snapshot

Evaluate = Callable[[], Evaluation]
# Teaches the algorithm's policy; asks a function now and then, which evaluates, whether to go on.
WarmStart = Callable[[SequencePPO, Callable[[], bool]], None]
# More dumps of diverged simulations than this tell nothing new.
_MAX_DUMPS = 10


class LogStatistics(BaseCallback):
    """Logs what the environment counted, after every rollout."""

    def __init__(self, env: TrackingVecEnv):
        super().__init__()
        self._env = env

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        for key, value in self._env.statistics.pop().items():
            self.logger.record(key, value)


class EvaluateAndSave(BaseCallback):
    """Evaluates every so many steps, and at the end; keeps a checkpoint of each evaluation, and the best.

    The best is the one with the lowest error on the train split; the test split is logged and has no say.

    Logged beside the errors: ``time/training_s``, wall-clock seconds since this object was made.

    Attributes:
        best_mm: lowest error on the train split so far.
        latest_mm: the last one.
    """

    def __init__(self, evaluate: Evaluate, every: int, folder: RunFolder, best_mm: float = float("inf")):
        super().__init__()
        self._evaluate = evaluate
        self._every = every
        self._folder = folder
        self._done_at = -1
        self._begin = time.perf_counter()
        self.best_mm = best_mm
        self.latest_mm = float("nan")

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        self.evaluate_if_due()

    def _on_training_end(self) -> None:
        if self._done_at != self.model.num_timesteps:
            self._evaluate_now()

    def evaluate_if_due(self) -> None:
        """Evaluate if enough steps were done since the last time; also for learning outside SB3's loop."""
        if self._done_at < 0 or self.model.num_timesteps // self._every > self._done_at // self._every:
            self._evaluate_now()

    def _evaluate_now(self) -> None:
        self._done_at = self.model.num_timesteps
        evaluation = self._evaluate()
        self.latest_mm = evaluation.train_objective
        for split, both in evaluation.splits.items():
            for landmark, errors in both.items():
                self.logger.record(f"eval/{split}_{landmark}", errors.mean)
        self.logger.record("time/training_s", time.perf_counter() - self._begin)
        self.logger.dump(self._done_at)
        self._save()

    def _save(self) -> None:
        algo = self.model
        assert isinstance(algo, SequencePPO)
        is_best = self.latest_mm < self.best_mm
        self.best_mm = min(self.best_mm, self.latest_mm)
        checkpoint.save(self._folder.checkpoint(self._done_at), algo, best_mm=self.best_mm)
        if is_best:
            checkpoint.save(self._folder.best, algo, best_mm=self.best_mm)
        for old in self._folder.superseded_checkpoints():
            shutil.rmtree(old)
        self._folder.set_status(RUNNING, self._done_at)


class ProgressBar(BaseCallback):
    """Steps, steps/s, time left, and paw errors in mm: of the last evaluation and of the exploring arms."""

    def __init__(self, total: int, env: TrackingVecEnv, evaluations: EvaluateAndSave):
        super().__init__()
        self._total = total
        self._env = env
        self._evaluations = evaluations

    def _on_training_start(self) -> None:
        self._bar = tqdm(total=self._total, initial=self.num_timesteps, unit=" steps", unit_scale=True, desc="training")

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        self._show()

    def _on_rollout_end(self) -> None:
        self._show()

    def _on_training_end(self) -> None:
        self._show()
        self._bar.close()

    def _show(self) -> None:
        self._bar.set_postfix_str(
            f"paw {self._evaluations.latest_mm:.2f} mm, best {self._evaluations.best_mm:.2f} mm", refresh=False
        )
        self._bar.update(min(self.num_timesteps, self._total) - self._bar.n)


class Interrupt(BaseCallback):
    """Ends learning after the current step once it was asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.requested = False

    def _on_step(self) -> bool:
        return not self.requested

    @contextmanager
    def on_ctrl_c(self) -> Iterator[None]:
        """While active, the first Ctrl-C asks learning to end; a second one breaks off."""

        def handle(number: int, frame: FrameType | None) -> None:
            self.requested = True
            signal.signal(signal.SIGINT, before)
            tqdm.write("Stopping: what was learned is being saved. Press Ctrl-C again to leave at once.")

        before = signal.signal(signal.SIGINT, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def learn(
    algo: SequencePPO,
    env: TrackingVecEnv,
    evaluate: Evaluate,
    folder: RunFolder,
    total: int,
    every: int,
    best_mm: float,
    warm_start: WarmStart | None = None,
) -> bool:
    """Train until a total number of steps.

    Args:
        algo: the algorithm; it may have done some of the steps already.
        env: what it learns on.
        evaluate: a deterministic evaluation of its policy.
        folder: where checkpoints go.
        total: steps over all simulations, those already done included.
        every: steps between evaluations.
        best_mm: the lowest error on the train split so far; infinite for a new run.
        warm_start: what comes before learning by reward; its steps count.

    Returns:
        Whether it ended because of Ctrl-C.
    """
    env.task.on_divergence = DivergenceDump(env.task.simulation.model, folder.diverged)
    evaluations = EvaluateAndSave(evaluate, every, folder, best_mm)
    interrupt = Interrupt()
    callbacks = [LogStatistics(env), evaluations, ProgressBar(total, env, evaluations), interrupt]
    evaluations.init_callback(algo)

    def evaluate_and_go_on() -> bool:
        evaluations.evaluate_if_due()
        return not interrupt.requested

    with interrupt.on_ctrl_c():
        if warm_start is not None:
            warm_start(algo, evaluate_and_go_on)
        remaining = total - algo.num_timesteps
        algo.learn(remaining, CallbackList(callbacks), reset_num_timesteps=algo.num_timesteps == 0)
    return interrupt.requested


class Imitate:
    """A warm start by imitation (a ``WarmStart``): logs every round, counts its steps, shows a progress bar."""

    def __init__(self, task: Task, teacher: Teacher, config: PretrainConfig, seed: int):
        self._task, self._teacher, self._config, self._seed = task, teacher, config, seed

    def __call__(self, algo: SequencePPO, go_on: Callable[[], bool]) -> None:
        """Teach; then only the value head learns for a while, because it knows nothing yet."""
        imitation = Imitation(self._task, algo.policy, self._teacher, self._config, self._seed)
        with tqdm(total=self._config.rounds, unit=" rounds", desc="imitating") as bar:

            def report(progress: Progress) -> bool:
                algo.num_timesteps += progress.steps
                for key in ("loss", "paw_mm", "teacher_share"):
                    algo.logger.record(f"pretrain/{key}", getattr(progress, key))
                algo.logger.dump(algo.num_timesteps)
                if not np.isnan(progress.paw_mm):  # the network drove no arm yet
                    bar.set_postfix_str(f"paw {progress.paw_mm:.2f} mm", refresh=False)
                bar.update()
                return go_on()

            imitation.run(report)
        algo.critic_until = algo.num_timesteps + self._config.critic_steps


class DivergenceDump:
    """Writes the states before and after a divergence beside the model, for debugging; the first few only."""

    def __init__(self, model: mujoco.MjModel, folder: Path):
        self._model = model
        self._folder = folder
        self._n_dumps = len(list(folder.glob("*.npz")))

    def __call__(self, index: int, before: Snapshot, after: Snapshot) -> None:
        """Dump simulation ``index``."""
        if self._n_dumps >= _MAX_DUMPS:
            return
        self._folder.mkdir(exist_ok=True)
        mujoco.mj_saveModel(self._model, str(self._folder / "model.mjb"))
        states = {
            f"{field}_{when}": getattr(snapshot, field)[index]
            for when, snapshot in (("before", before), ("after", after))
            for field in ("qpos", "qvel", "activation", "ctrl")
        }
        np.savez(self._folder / f"{self._n_dumps:03d}.npz", **states)
        self._n_dumps += 1
