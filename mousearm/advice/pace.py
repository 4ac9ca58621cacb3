"""Duration of a run on this computer, from two rounds of imitation and two rollouts of it."""

import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from mousearm.config import Config
from mousearm.setup import Setup
from mousearm.text import duration

if TYPE_CHECKING:
    from mousearm.pretrain.dagger import Round
    from mousearm.training.run import Experiment

_BUSY = 1.5  # times the processor's time from which other work is said to take its share


class Pace(NamedTuple):
    """Seconds that the parts of a run are expected to take, without figures and films."""

    imitation: float
    by_reward: float
    evaluations: float  # during both
    share: float  # time on the clock over the processor's, while this was measured

    @property
    def total(self) -> float:
        """All of it."""
        return self.imitation + self.by_reward + self.evaluations

    def text(self) -> str:
        """The whole and its parts in words."""
        parts = {"imitation": self.imitation, "by reward": self.by_reward, "evaluations": self.evaluations}
        listing = ", ".join(f"{name} {duration(seconds)}" for name, seconds in parts.items() if seconds > 0)
        busy = f", and {duration(self.total / self.share)} without the other work on it" if self.share > _BUSY else ""
        return f"About {duration(self.total)} for a run on this computer as it is now ({listing}){busy}"


def pace_of(config: Config) -> Pace:
    """Begin the run of a configuration, without a folder, and see how fast it is; errors as of `Setup.build`."""
    from mousearm.policy.controller import PolicyController
    from mousearm.training.run import Experiment

    run = Experiment(Setup.build(config, on_skip=lambda _: None).with_engine())
    clock, processor = time.perf_counter(), time.process_time()
    run.monitor.evaluate(PolicyController(run.algo.policy))
    evaluation = time.perf_counter() - clock
    imitation, imitated = (0.0, 0.0) if config.pretrain.teacher == "none" else _imitation(run)
    run.algo.begin(10**9)
    begin = time.perf_counter()
    for _ in range(2):  # the second counts: what is done first takes longer
        begin = time.perf_counter()
        run.algo.rollout()
        run.algo.update()
    per_step = (time.perf_counter() - begin) / (run.algo.n_steps * run.env.num_envs)
    share = (time.perf_counter() - clock) / max(time.process_time() - processor, 1e-3)
    steps = config.algo.timesteps + (0 if config.pretrain.in_timesteps else imitated)
    n_evaluations = 1 + steps / config.algo.eval_freq
    return Pace(imitation, per_step * config.algo.timesteps, evaluation * n_evaluations, share)


def _imitation(run: "Experiment") -> tuple[float, float]:
    """Seconds of all rounds of imitation, and their steps."""
    from mousearm.pretrain.dagger import DAgger

    setup, pretrain = run.setup, run.setup.config.pretrain
    task = setup.task(pretrain.num_envs, setup.split.train, setup.config.engine)
    expert = setup.controller(pretrain.teacher, task).expert
    done: list[Round] = []
    two = replace(pretrain, rounds=2, remembered_rounds=1)
    DAgger(task, run.algo.policy, expert, two, setup.config.seed).run(done.append)
    last = done[-1].collecting, done[-1].fitting  # the first takes longer
    whole = DAgger(task, run.algo.policy, expert, pretrain, setup.config.seed)
    frames = float((task.references.n_frames - 1).mean())
    return sum(last) + whole.seconds_left(*last, 1), pretrain.rounds * pretrain.num_envs * frames
