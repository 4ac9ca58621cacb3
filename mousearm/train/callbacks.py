"""What happens beside SB3's loop: logging of what the environment counted, and the progress bar."""

from stable_baselines3.common.callbacks import BaseCallback
from tqdm import tqdm

from mousearm.env.vec_env import TrackingVecEnv
from mousearm.train.evaluations import EvaluateAndSave


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


class ProgressBar(BaseCallback):
    """Steps, steps/s, time left, and paw errors in mm: of the last evaluation and of the exploring arms."""

    def __init__(self, total: int, env: TrackingVecEnv, evaluations: EvaluateAndSave):
        super().__init__()
        self._total = total
        self._env = env
        self._evaluations = evaluations
        self._bar: tqdm | None = None

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()

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

    def _show(self) -> None:
        assert self._bar is not None  # training has started
        self._bar.set_postfix_str(
            f"paw {self._evaluations.latest_mm:.2f} mm, best {self._evaluations.best_mm:.2f} mm", refresh=False
        )
        self._bar.update(min(self.num_timesteps, self._total) - self._bar.n)
