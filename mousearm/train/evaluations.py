"""Evaluation while a run trains, with a checkpoint of each."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from mousearm.evaluate.evaluation import Evaluation
from mousearm.train.keeper import Keeper

Evaluate = Callable[[], Evaluation]

Pruner = Callable[[int, Evaluation], None]
"""Looks at an evaluation after so many steps; raises `Pruned` if the run is not worth going on."""


class EvaluateAndSave(BaseCallback):
    """Evaluates every so many steps, and at the end; keeps a checkpoint of each evaluation, and the best.

    The best is the one with the lowest error on the train split; the test split is logged and has no say.

    Logged beside the errors: ``time/training_s``, wall-clock seconds of training so far.

    Attributes:
        best_mm: lowest error on the train split so far.
        latest_mm: the last one.
    """

    def __init__(self, evaluate: Evaluate, every: int, keeper: Keeper, pruner: Pruner | None = None):
        super().__init__()
        self._pruner = pruner
        self._evaluate = evaluate
        self._every = every
        self._keeper = keeper
        self._done_at = -1
        self._begin = time.perf_counter()
        self.best_mm = float("inf")
        self.latest_mm = float("nan")

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        self.pause()

    def _on_training_end(self) -> None:
        if self._done_at != self.model.num_timesteps:
            self._evaluate_now()

    def pause(self) -> None:
        """The run can go on from here: remember it; evaluate if enough steps were done since the last time."""
        self._keeper.remember()
        if self._done_at < 0 or self.model.num_timesteps // self._every > self._done_at // self._every:
            self._evaluate_now()

    def state(self) -> dict[str, Any]:
        """What was found so far."""
        return {
            "done_at": self._done_at,
            "best_mm": self.best_mm,
            "latest_mm": self.latest_mm,
            "seconds": time.perf_counter() - self._begin,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to what ``state`` was."""
        self._done_at, self.best_mm, self.latest_mm = state["done_at"], state["best_mm"], state["latest_mm"]
        self._begin = time.perf_counter() - state["seconds"]

    def _evaluate_now(self) -> None:
        evaluation = self._evaluate()
        self._done_at, self.latest_mm = self.model.num_timesteps, evaluation.train_objective
        for split, both in evaluation.splits.items():
            for landmark, errors in both.items():
                self.logger.record(f"eval/{split}_{landmark}", errors.mean)
        self.logger.record("time/training_s", time.perf_counter() - self._begin)
        self.logger.dump(self._done_at)
        is_best = self.latest_mm < self.best_mm
        self.best_mm = min(self.best_mm, self.latest_mm)
        self._keeper.remember()
        self._keeper.save(self.best_mm, is_best)
        if self._pruner is not None:
            self._pruner(self._done_at, evaluation)
