"""A study of Optuna in the folder of a sweep: its trials are the sweep's jobs, and have their numbers."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import optuna
from optuna.samplers import TPESampler
from optuna.trial import FrozenTrial, TrialState

from mousearm.errors import RunError
from mousearm.rundir import FINISHED, PRUNED
from mousearm.sweep.progress import Progress
from mousearm.sweep.space import Space

FILE = "search.db"
_NAME = "search"
_SPACE = "space"


class Trial(NamedTuple):
    """One trial.

    Attributes:
        number: of the trial, and of its job.
        overrides: of the configuration.
    """

    number: int
    overrides: list[str]


class Study:
    """Draws trials, learns from their results, and keeps all of it on the disk."""

    def __init__(self, folder: Path, space: Space, seed: int):
        """Begin a search, or go on with the one in the folder.

        Args:
            folder: the sweep's, which exists.
            space: what is searched.
            seed: of what is drawn.

        Raises:
            RunError: if the folder holds something else, or a search of something else.
        """
        file = folder / FILE
        if not file.is_file() and any(path.name.isdigit() for path in folder.iterdir()):
            raise RunError(f"{folder} holds runs and is no search, for it has no {FILE}. Choose another name=.")
        self._folder, self._space, self._seed = folder, space, seed
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            self._study = optuna.create_study(
                study_name=_NAME, storage=f"sqlite:///{file.resolve()}", load_if_exists=True
            )
        except Exception as error:  # of SQLite, SQLAlchemy, Alembic and Optuna
            raise RunError(f"{file} cannot be used: {' '.join(str(error).split())}") from error
        self._check_space()

    def __len__(self) -> int:
        """How many trials were drawn."""
        return len(self._study.get_trials(deepcopy=False))

    def begun(self) -> list[Trial]:
        """Trials that were drawn and of which no result was told: somebody ended the search amid them."""
        trials = self._study.get_trials(states=[TrialState.RUNNING])
        for trial in (trial for trial in trials if set(trial.params) != set(self._space.searched)):
            self._study.tell(trial.number, state=TrialState.FAIL)  # ended while it was being drawn
        return [self._trial(trial) for trial in self._study.get_trials(states=[TrialState.RUNNING])]

    def draw(self, n: int) -> list[Trial]:
        """New trials, by the tree-structured Parzen estimator.

        Each draw has a generator of its own, so that a search that goes on draws what it would have drawn at once.
        """
        drawn = []
        for _ in range(n):
            seed = int(np.random.SeedSequence([self._seed, len(self)]).generate_state(1)[0])
            self._study.sampler = TPESampler(seed=seed, constant_liar=n > 1)
            drawn.append(self._trial(self._study.ask(self._space.searched)))
        return drawn

    def tell(self, result: Progress) -> None:
        """Learn from a job that is over; one without a result is a trial that failed."""
        if result.state == FINISHED and result.paw_mm is not None and np.isfinite(result.paw_mm):
            self._study.tell(result.job.number, result.paw_mm)
        else:
            state = TrialState.PRUNED if result.state == PRUNED else TrialState.FAIL
            self._study.tell(result.job.number, state=state)

    def summary(self) -> str:
        """The best trial, and what to do with it."""
        trials = self._study.get_trials(deepcopy=False)
        finished = [trial for trial in trials if trial.state == TrialState.COMPLETE]
        pruned = sum(trial.state == TrialState.PRUNED for trial in trials)
        counts = f"{len(trials)} trials: {len(finished)} finished, {pruned} pruned"
        if not finished:
            return f"{counts}. None has a result."
        best = self._study.best_trial
        run, overrides = self._folder / str(best.number), self._trial(best).overrides
        own = overrides[len(self._space.fixed) :]
        again = [word for word in overrides if not word.startswith(("name=", "seed="))]
        if any(word.startswith("experiment=") for word in again):
            again += ["hydra/sweeper=basic", "hydra.sweeper.params=null"]  # the experiment may be what searches
        again += [f"name={self._folder.name}_best", "seed=1,2,3,4,5"]
        return "\n".join(
            [
                f"{counts}. The best is trial {best.number}, {best.value:.3f} mm:",
                *(f"  {word}" for word in own),
                f"{'its run':<16} {run}",
                f"{'train it further':<16} python run.py resume={run} algo.timesteps=N",
                f"{'with other seeds':<16} {shlex.join(['python', 'run.py', '-m', *again])}",
            ]
        )

    def _trial(self, trial: optuna.Trial | FrozenTrial) -> Trial:
        return Trial(trial.number, self._space.overrides(trial.params))

    def _check_space(self) -> None:
        """A search has one space; what all trials have in common counts as such."""
        now = self._space.texts
        saved: Mapping[str, str] = self._study.user_attrs.get(_SPACE, now)
        keys = sorted(key for key in {*saved, *now} if saved.get(key) != now.get(key))
        if keys:
            lines = [f"{key}: saved {saved.get(key, 'nothing')}, wanted {now.get(key, 'nothing')}" for key in keys]
            raise RunError(
                f"{self._folder} holds a search of something else:\n  " + "\n  ".join(lines) + "\n"
                "Give the same command to go on with it (hydra.sweeper.n_trials, n_jobs and the launcher may change), "
                "or choose another name=."
            )
        self._study.set_user_attr(_SPACE, now)
