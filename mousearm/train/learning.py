"""Learning: the loop is SB3's."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors.torch import save as to_safetensors
from stable_baselines3.common.callbacks import CallbackList

from mousearm.algo import SequencePPO
from mousearm.checkpoint import TrainingState
from mousearm.env.vec_env import TrackingVecEnv
from mousearm.errors import Interrupted, NonFiniteError
from mousearm.nan_guard import Dumps
from mousearm.policy import RecurrentPolicy
from mousearm.rundir import RUNNING, RunFolder
from mousearm.tracking.logger import RunLogger
from mousearm.train.callbacks import LogStatistics, ProgressBar
from mousearm.train.evaluations import Evaluate, EvaluateAndSave, Pruner
from mousearm.train.interruption import Interruption
from mousearm.train.keeper import Keeper
from mousearm.train.warm_start import Imitate

WARM_START = "warm_start"
"""The part of a checkpoint that is there while the warm start is not over."""

_HEARTBEAT_S = 10.0


def learn(
    algo: SequencePPO,
    env: TrackingVecEnv,
    logger: RunLogger,
    evaluate: Evaluate,
    folder: RunFolder,
    total: int,
    every: int,
    interruption: Interruption,
    moment: TrainingState | None = None,
    warm_start: Imitate | None = None,
    pruner: Pruner | None = None,
) -> None:
    """Train until a total number of steps.

    Args:
        algo: the algorithm.
        env: what it learns on.
        logger: where metrics go.
        evaluate: a deterministic evaluation of its policy.
        folder: where checkpoints go.
        total: steps over all simulations, those already done included.
        every: steps between evaluations.
        interruption: may end it.
        moment: with what it goes on; None for a new run.
        warm_start: what comes, or goes on, before learning by reward; its steps count.
        pruner: looks at every evaluation, and may end the run.

    Raises:
        Interrupted: when it was interrupted and has been saved.
        Pruned: by the pruner, when what it looked at has been saved.
        NonFiniteError: when an observation, reward, loss or gradient was not finite and has been dumped.
        RunError: if the moment does not fit, or something cannot be written.
    """
    algo.set_logger(logger)
    diverged = Dumps(folder.diverged, env.task.simulation.model)
    env.task.on_divergence = lambda i, states: diverged.write(f"Simulation {i} diverged.", algo.num_timesteps, states)
    keeper = Keeper(folder, algo, logger)
    evaluations = EvaluateAndSave(evaluate, every, keeper, pruner)
    evaluations.init_callback(algo)
    bar = ProgressBar(total, env, evaluations)
    keeper.parts |= {"env": env, "evaluations": evaluations}
    if warm_start is not None:
        keeper.parts[WARM_START] = warm_start
    if moment is not None:
        keeper.restore(moment)
    callbacks = CallbackList([LogStatistics(env), evaluations, bar])
    try:
        with interruption.patient(), _before_each_call(algo.policy, interruption.check, _heartbeat(algo, folder)):
            if warm_start is not None:
                if moment is not None:
                    evaluations.pause()  # it may have been stopped amid the evaluation that was due
                warm_start.run(evaluations.pause)
                del keeper.parts[WARM_START]
            algo.learn(total - algo.num_timesteps, callbacks, reset_num_timesteps=False)
            interruption.check()
    except Interrupted:
        keeper.save(evaluations.best_mm)
        raise
    except NonFiniteError as error:
        raise _dumped(error, folder.nonfinite, algo, env) from error
    finally:
        bar.close()


def _dumped(error: NonFiniteError, folder: Path, algo: SequencePPO, env: TrackingVecEnv) -> NonFiniteError:
    """Write the model, the arms, the network and the numbers that show it; returns an error that says where."""
    network = {name: tensor.cpu() for name, tensor in TrainingState.of(0, algo.policy, {}).network.items()}
    states, step = error.states or env.task.last_states(), algo.num_timesteps
    Dumps(folder, env.task.simulation.model).write(
        *(str(error), step, states), values=error.arrays, key=error.key, network=to_safetensors(network)
    )
    text = f"{error} That was at step {step}; {folder} holds the model, the arms and the numbers."
    return NonFiniteError(f"{text} Look at them: python -m mousearm.nan_guard {folder}", error.key, error.arrays)


@contextmanager
def _before_each_call(policy: RecurrentPolicy, *actions: Callable[[], None]) -> Iterator[None]:
    """Do something whenever the network is asked: in every step, minibatch and evaluation, and never amid a write."""

    def act(*_: object) -> None:
        for action in actions:
            action()

    hook = policy.register_forward_pre_hook(act)
    try:
        yield
    finally:
        hook.remove()


def _heartbeat(algo: SequencePPO, folder: RunFolder) -> Callable[[], None]:
    """Something that says in status.json, not too often, that the run is alive."""
    last = -_HEARTBEAT_S

    def beat() -> None:
        nonlocal last
        if time.monotonic() - last >= _HEARTBEAT_S:
            folder.set_status(RUNNING, algo.num_timesteps)
            last = time.monotonic()

    return beat
