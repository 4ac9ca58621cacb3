"""A run from beginning to end: build, resume or start it, then learn by `training.run`, which is slow to import."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mousearm.config import Config
from mousearm.env.emg import emg_target
from mousearm.env.references import References
from mousearm.errors import ConfigError, MouseArmError
from mousearm.evaluate.evaluation import Evaluation
from mousearm.model import model_hashes
from mousearm.rundir.folder import RunFolder
from mousearm.rundir.runs import continued, resumed
from mousearm.rundir.status import FAILED, KILLED
from mousearm.setup import Setup, complete_from
from mousearm.text import printable
from mousearm.tracking.wandb_parts import check_wandb
from mousearm.training.interruption import Interruption
from mousearm.trajectory import Trial

if TYPE_CHECKING:
    from mousearm.training.learning import Pruner


def run(
    config: Config,
    folder: Path,
    overrides: Sequence[str] = (),
    pruner: "Pruner | None" = None,
    interruption: Interruption | None = None,
) -> float:
    """Train a controller, or resume its training, and write everything that is to be known about it.

    Args:
        config: what to train.
        folder: the run folder. If it holds a run, that run is resumed with its saved configuration.
        overrides: those of the command line; only these are compared with a saved configuration.
        pruner: looks at every evaluation, and may end the run.
        interruption: that of one of several runs in this process; None for one alone.

    Returns:
        Mean paw error in mm on the test split, or on the train split where there is none.

    Raises:
        MouseArmError: if the configuration, the model, the kinematics or the folder cannot be used.
        Interrupted: after a signal of `training.interruption.SIGNALS`, or ``max_minutes``, when everything is saved.
        Pruned: by the pruner, when everything has been saved.
        KeyboardInterrupt: after a second SIGINT.
    """
    _check_trains(config)
    interruption = interruption or Interruption()
    run_folder, overrides = RunFolder(folder), list(overrides)
    resumes, split = run_folder.exists, None
    with interruption.listening(), contextlib.ExitStack() as held:
        if resumes:
            _print_failure(run_folder)
            held.enter_context(run_folder.locked())
            config = resumed(run_folder, complete_from(config, run_folder.saved_config(), overrides), overrides)
            run_folder.check_model(model_hashes(config.model))
            split = run_folder.saved_split()
        else:
            if config.start_from is not None:
                config, split = continued(config, overrides)
            config.check_start()
        check_wandb(config)
        interruption.max_minutes = config.max_minutes
        skipped: list[str] = []
        # Before anything is written: most mistakes in the input show here, and before what is slow to import.
        setup = Setup.build(config, split, skipped.append).with_engine()
        if config.reward.w_emg > 0:
            emg_target(setup.config, setup.arm, References(setup.references))  # refused here, and none is none later
        from mousearm.training.run import Experiment

        experiment = Experiment(setup, skipped)
        if resumes:
            if difference := run_folder.note_engine(setup.engine.record):
                print(printable(difference))
            run_folder.update_config(setup.config)
        else:
            run_folder.check_unused()
            held.enter_context(run_folder.locked())
            run_folder.create(setup.config, overrides, setup.split, model_hashes(config.model), setup.engine.record)
        return experiment.run(run_folder, interruption, pruner)


def _check_trains(config: Config) -> None:
    if config.inverse.trials:
        raise ConfigError(
            "inverse.trials is above 0: a search for a cost is one command, and no job of a sweep. Leave -m out.",
            "inverse.trials",
        )


def _print_failure(folder: RunFolder) -> None:
    """Print how a run failed or was killed last time."""
    with contextlib.suppress(MouseArmError):  # the status is only there to be read
        status = folder.status()
        if status.state in (FAILED, KILLED):
            print(printable(f"The run was {status.state} last time: {status.reason}"))


def evaluate_controller(
    name: str,
    config: Config,
    kinematics: str | None = None,
    folder: Path | None = None,
    repeats: int | None = None,
) -> tuple[Evaluation, list[Trial]]:
    """Evaluate one of `CONTROLLERS`, which need no training: a standard for controllers that learn.

    On other reaches (a file or folder) where some are given, all of which count as test reaches. Figures and a film go
    to the folder, repeats are those of `Evaluator`. MouseArmError if the configuration, the model or the reaches cannot
    be used.
    """
    setup = Setup.build(config) if kinematics is None else Setup.to_test(config, kinematics)
    evaluator = setup.evaluator(repeats=repeats)
    evaluation, trials = evaluator.evaluate(setup.controller(name, evaluator.task))
    if folder is not None:
        from mousearm.evaluate.film import show_results  # slow to import

        show_results(RunFolder(folder), setup.arm, evaluation, trials, config.video)
    return evaluation, trials
