"""Learning on one page: the warm start, the loop, and where in them a run is evaluated and saved."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save as to_safetensors
from tqdm.auto import tqdm

from mousearm import checkpoint
from mousearm.algo import SequencePPO
from mousearm.checkpoint import RandomState, Stateful, TrainingState
from mousearm.config import AlgoConfig
from mousearm.env.device_env import DeviceEnv
from mousearm.env.vec_env import TrackingVecEnv
from mousearm.errors import Interrupted, NonFiniteError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.nan_guard import Dumps
from mousearm.ppo import network_threads
from mousearm.pretrain.dagger import DAgger, Round
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.status import RUNNING
from mousearm.text import duration, facts, shell
from mousearm.tracking.logger import RunLogger
from mousearm.training.interruption import Interruption

WARM_START = "warm_start"  # the part of a checkpoint that is there while the warm start is not over

_HEARTBEAT_S = 10.0
_SETTLED = 2  # rounds, or rollouts, after which their pace is known: what is done first takes longer

Pruner = Callable[[int, float, Evaluation], None]
"""Looks at the evaluation after some steps, a share of the budget; raises `Pruned` if more is not worth it."""


def learn(
    algo: SequencePPO,
    env: TrackingVecEnv | DeviceEnv,
    logger: RunLogger,
    evaluate: Callable[[], Evaluation],  # without noise, the policy of the algorithm
    folder: RunFolder,
    config: AlgoConfig,
    interruption: Interruption,
    state: TrainingState | None = None,  # where to resume; None for a new run
    warm_start: DAgger | None = None,  # imitation that comes, or is resumed, before learning by reward
    pruner: Pruner | None = None,
) -> None:
    """Train: the warm start, then by reward until the steps of the budget are done, earlier ones included.

    Raises:
        Interrupted: when it was interrupted and has been saved.
        Pruned: by the pruner, when what it looked at has been saved.
        NonFiniteError: when an observation, reward, loss or gradient was not finite and has been dumped.
        RunError: if the state does not fit, or something cannot be written.
    """
    algo.set_logger(logger)
    if isinstance(env, TrackingVecEnv):  # on a device they are counted
        diverged = Dumps(folder.diverged, env.model)
        env.task.on_divergence = lambda i, states: diverged.write(
            f"Simulation {i} diverged.", algo.num_timesteps, states
        )
    evaluations = Evaluations(algo, env, logger, folder, evaluate, config, pruner)
    if warm_start is not None:
        evaluations.parts[WARM_START] = warm_start
    if state is not None:
        evaluations.go_back(state)
    beat = _heartbeat(algo, folder)

    def before_each_call(*_: object) -> None:  # in every step, minibatch and evaluation, and never amid a write
        interruption.check()
        beat()

    algo.pulse = before_each_call

    try:
        with interruption.patient(), algo.policy.register_forward_pre_hook(before_each_call):
            if warm_start is not None:
                if state is not None:
                    evaluations.pause()  # it may have been stopped amid the evaluation that was due
                _imitate(algo, warm_start, evaluations.pause)
                del evaluations.parts[WARM_START]
            _learn_by_reward(algo, env, evaluations, config.timesteps)
            interruption.check()
    except Interrupted:
        evaluations.save()
        raise
    except NonFiniteError as error:
        raise _dumped(error, folder.nonfinite, algo, env) from error


def _imitate(algo: SequencePPO, imitation: DAgger, after_round: Callable[[], object]) -> None:
    """Warm start: log every round and count its steps; then only the value head, which knows nothing yet, learns."""
    config, resumed_at = imitation.config, imitation.rounds_done
    with tqdm(total=config.rounds, initial=resumed_at, unit=" rounds", desc="imitation") as bar:

        def report(progress: Round) -> None:
            algo.num_timesteps += progress.steps
            algo.imitated += 0 if config.in_timesteps else progress.steps
            for key in ("loss", "paw_mm", "teacher_share"):
                algo.logger.record(f"pretrain/{key}", getattr(progress, key))
            algo.logger.dump(algo.num_timesteps)
            if not np.isnan(progress.paw_mm):  # the network drove no arm yet
                bar.set_postfix_str(f"paw {progress.paw_mm:.2f} mm", refresh=False)
            bar.update()
            if imitation.rounds_done == resumed_at + _SETTLED:  # a bar that TQDM_DISABLE turns off does not count
                _say_time("imitation", progress.seconds_left)
            after_round()

        imitation.run(report)
    algo.critic_warmup_until = algo.num_timesteps + config.critic_steps


def _say_time(what: str, seconds: float) -> None:
    if seconds > 0:
        tqdm.write(facts({what: f"about {duration(seconds)} more, at the pace so far"}))


def _learn_by_reward(
    algo: SequencePPO, env: TrackingVecEnv | DeviceEnv, evaluations: "Evaluations", total: int
) -> None:
    """Rollout and update in turn, up to a total number of steps; a bar shows the last paw error, and the best."""
    algo.begin(total)
    n_whole = 0  # rollouts from which the whole network learned
    with tqdm(total=total, initial=algo.by_reward, unit=" steps", unit_scale=True, desc="by reward") as bar:

        def show() -> None:
            errors = f"paw {evaluations.latest_mm:.2f} mm, best {evaluations.best_mm:.2f} mm"
            bar.set_postfix_str(errors, refresh=False)
            bar.update(min(algo.by_reward, total) - bar.n)

        while algo.by_reward < total:
            with network_threads(1):
                evaluations.pause()
            show()
            begin, before = time.perf_counter(), algo.by_reward
            algo.rollout()
            for key, value in env.statistics.pop().items():
                algo.logger.record(key, value)
            show()
            algo.update()
            if algo.num_timesteps >= algo.critic_warmup_until:
                n_whole += 1
            if n_whole == _SETTLED:
                per_step = (time.perf_counter() - begin) / (algo.by_reward - before) + evaluations.seconds_per_step
                _say_time("by reward", (total - algo.by_reward) * per_step)
        evaluations.finish()
        show()


class Evaluations:
    """Remembers a run wherever it can be resumed exactly; evaluates and saves it every so many steps, and at the end.

    It can be resumed from the beginnings of rollouts and the ends of rounds of imitation. What is remembered there is
    copied, so that a run that is interrupted later, wherever that is, can still be saved as it was.

    The best is the one with the lowest error on the train split; the test split is logged and has no say.
    """

    def __init__(
        self,
        algo: SequencePPO,
        env: TrackingVecEnv | DeviceEnv,
        logger: RunLogger,
        folder: RunFolder,
        evaluate: Callable[[], Evaluation],
        config: AlgoConfig,
        pruner: Pruner | None,
    ):
        self._algo, self._logger, self._folder, self._pruner = algo, logger, folder, pruner
        self._evaluate, self._total, self._every = evaluate, config.timesteps, config.eval_freq
        # Everything that changes but the network.
        self.parts: dict[str, Stateful] = {"algo": algo, "logger": logger, "random": RandomState(), "env": env}
        self.parts["evaluations"] = self
        self._remembered: TrainingState | None = None
        self._is_saved = False
        self._done_at, self._begin = -1, time.perf_counter()
        self.seconds_per_step = 0.0  # that evaluations add to those of learning
        self.best_mm, self.latest_mm = float("inf"), float("nan")  # errors on the train split: the lowest, the last

    def go_back(self, state: TrainingState) -> None:
        """Go back to a state that was saved."""
        state.restore(self._algo.policy, self.parts)
        self._remembered, self._is_saved = state, True

    def pause(self) -> None:
        """Remember the run, which can be resumed from here; evaluate if that is due."""
        self._remember()
        if self._done_at < 0 or self._algo.num_timesteps // self._every > self._done_at // self._every:
            self._evaluate_now()

    def finish(self) -> None:
        """Evaluate what was learned last."""
        if self._done_at != self._algo.num_timesteps:
            self._evaluate_now()

    def save(self, is_best: bool = False) -> None:
        """Write what is remembered, unless that was done, perhaps as the best too; then drop older checkpoints."""
        if self._remembered is None or self._is_saved:
            return
        for tracker in self._logger.trackers.values():
            tracker.sync()  # what comes before this state is on disk, what comes after will be written again
        summary = {"best_mm": self.best_mm, "imitated": self._remembered.states["algo"]["imitated"]}
        if is_best:  # first: the checkpoint, once it is there, says that the best is
            checkpoint.save_best(self._folder, self._remembered, **summary)
        checkpoint.save(self._folder, self._remembered, **summary)
        self._is_saved = True
        self._folder.drop_superseded()

    def _remember(self) -> None:
        self._remembered = TrainingState.of(self._algo.num_timesteps, self._algo.policy, self.parts)
        self._is_saved = False

    def _evaluate_now(self) -> None:
        begin = time.perf_counter()
        evaluation = self._evaluate()
        self.seconds_per_step = (time.perf_counter() - begin) / self._every
        self._done_at, self.latest_mm = self._algo.num_timesteps, evaluation.train_objective
        for split, both in evaluation.splits.items():
            for landmark, errors in both.items():
                self._logger.record(f"eval/{split}_{landmark}", errors.mean)
        self._logger.record("time/training_s", time.perf_counter() - self._begin)  # so far, as the clock on the wall
        self._logger.dump(self._done_at)
        is_best = self.latest_mm < self.best_mm
        self.best_mm = min(self.best_mm, self.latest_mm)
        self._remember()
        self.save(is_best)
        if self._pruner is not None:
            self._pruner(self._done_at, self._algo.by_reward / max(self._total, 1), evaluation)

    def state(self) -> dict[str, Any]:
        """When it was done last, and what was found so far."""
        seconds = time.perf_counter() - self._begin
        return {"done_at": self._done_at, "best_mm": self.best_mm, "latest_mm": self.latest_mm, "seconds": seconds}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Restore what ``state`` returned."""
        self._done_at, self.best_mm, self.latest_mm = state["done_at"], state["best_mm"], state["latest_mm"]
        self._begin = time.perf_counter() - state["seconds"]


def _dumped(error: NonFiniteError, folder: Path, algo: SequencePPO, env: TrackingVecEnv | DeviceEnv) -> NonFiniteError:
    """Write the model, the arms, the network and the numbers that show it; returns an error that says where."""
    network = {name: tensor.cpu() for name, tensor in TrainingState.of(0, algo.policy, {}).network.items()}
    states, step = error.states or env.last_states(), algo.num_timesteps
    Dumps(folder, env.model).write(
        *(str(error), step, states), values=error.arrays, key=error.key, network=to_safetensors(network)
    )
    text = f"{error} That was at step {step}; {folder} holds the model, the arms and the numbers."
    return NonFiniteError(f"{text} Look at them: {shell('-m', 'mousearm.nan_guard', folder)}", error.key, error.arrays)


def _heartbeat(algo: SequencePPO, folder: RunFolder) -> Callable[[], None]:
    """A function that says in status.json, not too often, that the run is alive."""
    last = -_HEARTBEAT_S

    def beat() -> None:
        nonlocal last
        if time.monotonic() - last >= _HEARTBEAT_S:
            folder.set_status(RUNNING, algo.num_timesteps)
            last = time.monotonic()

    return beat
