"""The warm start that may come before learning by reward."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from tqdm import tqdm

from mousearm.algo import SequencePPO
from mousearm.config import PretrainConfig
from mousearm.env.task import Task
from mousearm.pretrain.controllers import Expert
from mousearm.pretrain.dagger import DAgger, Round


class WarmStart:
    """A warm start by imitation: logs every round, counts its steps, shows a progress bar."""

    def __init__(self, algo: SequencePPO, task: Task, expert: Expert, config: PretrainConfig, seed: int):
        self._algo, self._config = algo, config
        self._imitation = DAgger(task, algo.policy, expert, config, seed)

    def run(self, after_round: Callable[[], object]) -> None:
        """Teach; then only the value head learns for a while, because it knows nothing yet."""
        algo, config = self._algo, self._config
        with tqdm(total=config.rounds, initial=self._imitation.rounds_done, unit=" rounds", desc="imitating") as bar:

            def report(progress: Round) -> None:
                algo.num_timesteps += progress.steps
                for key in ("loss", "paw_mm", "teacher_share"):
                    algo.logger.record(f"pretrain/{key}", getattr(progress, key))
                algo.logger.dump(algo.num_timesteps)
                if not np.isnan(progress.paw_mm):  # the network drove no arm yet
                    bar.set_postfix_str(f"paw {progress.paw_mm:.2f} mm", refresh=False)
                bar.update()
                after_round()

            self._imitation.run(report)
        algo.critic_warmup_until = algo.num_timesteps + config.critic_steps

    def state(self) -> dict[str, Any]:
        """See ``DAgger.state``."""
        return self._imitation.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self._imitation.restore(state)
