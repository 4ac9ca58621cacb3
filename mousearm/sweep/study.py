"""A study of Optuna in the folder of a sweep, and the space that it searches: its trials are the sweep's jobs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import optuna
from hydra.core.override_parser.types import IntervalSweep, Override
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from mousearm.config import check_overrides
from mousearm.config.command_line import parse
from mousearm.errors import ConfigError, RunError
from mousearm.rundir.status import FINISHED, PRUNED
from mousearm.sweep.progress import Progress
from mousearm.text import one_line, override, shell

FILE = "search.db"
Distribution = CategoricalDistribution | FloatDistribution | IntDistribution


class Space(NamedTuple):
    """The search space: overrides with ranges or lists of values by key, and those that all trials have in common."""

    searched: dict[str, Distribution]
    fixed: list[str]
    texts: dict[str, str]  # as they were given, of all keys; spaces with equal texts are the same

    @staticmethod
    def of(words: Sequence[str]) -> "Space":
        """Parse overrides; of a key that is given twice the last one counts. ConfigError if none can be searched."""
        check_overrides(words)
        parsed = {one.get_key_element(): one for one in map(parse, words)}
        searched = {key: _distribution(key, one) for key, one in parsed.items() if one.is_sweep_override()}
        if "seed" in searched:
            raise ConfigError(
                "seed is not to be searched: the best one is mere luck. Give one, such as seed=0, and train what is "
                "found with others afterwards."
            )
        if not searched:
            raise ConfigError(
                'There is nothing to search. Give ranges, such as "algo.gamma=interval(0.8,0.99)", or lists of values, '
                "such as reward=default,paw_heavy; or experiment=hyperparameter_search, where some are ready."
            )
        fixed = [f"{key}={one.get_value_element_as_str()}" for key, one in parsed.items() if key not in searched]
        return Space(searched, fixed, {key: str(one.input_line).split("=", 1)[-1] for key, one in parsed.items()})

    def corners(self) -> list[list[str]]:
        """Overrides of as few trials as have every end of an interval and every value of a list."""
        ends = {
            key: kind.choices if isinstance(kind, CategoricalDistribution) else (kind.low, kind.high)
            for key, kind in self.searched.items()
        }
        most = max(map(len, ends.values()))
        return [self.overrides({key: values[i % len(values)] for key, values in ends.items()}) for i in range(most)]

    def overrides(self, params: Mapping[str, Any]) -> list[str]:
        """Overrides of a trial with these drawn values."""
        return [*self.fixed, *(f"{key}={_text(params[key], kind)}" for key, kind in self.searched.items())]


def _distribution(key: str, override: Override) -> Distribution:
    if override.is_discrete_sweep():
        return CategoricalDistribution([str(value) for value in override.sweep_string_iterator()])
    value = override.value()
    if not isinstance(value, IntervalSweep) or value.start is None or value.end is None:
        raise ConfigError(f"{key}: only interval(low, high), with tag(log, ...) or not, and lists can be searched.")
    whole = isinstance(value.start, int) and isinstance(value.end, int)
    log = "log" in value.tags
    try:
        if whole:
            return IntDistribution(int(value.start), int(value.end), log=log)
        return FloatDistribution(float(value.start), float(value.end), log=log)
    except ValueError as error:
        raise ConfigError(f"{key}: interval({value.start},{value.end}) cannot be searched: {error}") from error


def _text(value: Any, kind: Distribution) -> str:
    if not isinstance(kind, FloatDistribution):
        return str(value)
    text = f"{value:.4g}"  # so few digits that tables can be read
    return text if kind.low <= float(text) <= kind.high else repr(value)


class Study:
    """Draws trials, overrides by the number of trial and job, and learns from their results; kept in ``search.db``."""

    def __init__(self, folder: Path, space: Space, seed: int):
        """Begin a search, or resume the one in the folder; RunError if that is of something else, or no search."""
        file = folder / FILE
        if not file.is_file() and any(path.name.isdigit() for path in folder.iterdir()):
            raise RunError(f"{folder} holds runs and is no search, for it has no {FILE}. Choose another name=.")
        self._folder, self._space, self._seed = folder, space, seed
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            storage = f"sqlite:///{file.resolve()}"
            self._study = optuna.create_study(study_name="search", storage=storage, load_if_exists=True)
        except Exception as error:  # of SQLite, SQLAlchemy, Alembic and Optuna
            raise RunError(f"{file} cannot be used: {one_line(error)}") from error
        now = space.texts
        saved: Mapping[str, str] = self._study.user_attrs.get("space", now)
        lines = [
            f"{key}: saved {saved.get(key, 'nothing')}, wanted {now.get(key, 'nothing')}"
            for key in sorted({*saved, *now})
            if saved.get(key) != now.get(key)
        ]
        if lines:
            raise RunError(
                f"{folder} holds a search of something else:\n  " + "\n  ".join(lines) + "\n"
                "Give the same command to continue it (hydra.sweeper.n_trials, n_jobs and the launcher may change), "
                "or choose another name=."
            )
        self._study.set_user_attr("space", now)

    def __len__(self) -> int:
        """Number of trials that were drawn."""
        return len(self._study.get_trials(deepcopy=False))

    def begun(self) -> dict[int, list[str]]:
        """Trials without a result, during which the search was ended."""
        begun = {}
        for trial in self._study.get_trials(states=[TrialState.RUNNING]):
            if set(trial.params) == set(self._space.searched):
                begun[trial.number] = self._space.overrides(trial.params)
            else:
                self._study.tell(trial.number, state=TrialState.FAIL)  # ended while it was drawn
        return begun

    def draw(self, n: int) -> dict[int, list[str]]:
        """Draw trials, by the tree-structured Parzen estimator."""
        drawn = {}
        for _ in range(n):
            # A generator for each, so that a resumed search draws what it would have drawn without interruption.
            seed = int(np.random.SeedSequence([self._seed, len(self)]).generate_state(1)[0])
            self._study.sampler = TPESampler(seed=seed, constant_liar=n > 1)
            trial = self._study.ask({**self._space.searched})
            drawn[trial.number] = self._space.overrides(trial.params)
        return drawn

    def tell(self, result: Progress) -> None:
        """Learn from a job that ended, and say so; one without a result is a trial that failed."""
        number, error = result.job.number, "" if result.paw_mm is None else f" {result.paw_mm:.3f} mm"
        if result.state == FINISHED and result.paw_mm is not None and np.isfinite(result.paw_mm):
            self._study.tell(number, result.paw_mm)
        else:
            self._study.tell(number, state=TrialState.PRUNED if result.state == PRUNED else TrialState.FAIL)
        print(f"trial {number}: {result.state}{error}", flush=True)

    def summary(self) -> str:
        """The best trial, and commands to train it further."""
        trials = self._study.get_trials(deepcopy=False)
        finished = [trial for trial in trials if trial.state == TrialState.COMPLETE]
        pruned = sum(trial.state == TrialState.PRUNED for trial in trials)
        counts = f"{len(trials)} trials: {len(finished)} finished, {pruned} pruned"
        if not finished:
            return f"{counts}. None has a result."
        best = self._study.best_trial
        run, overrides = self._folder / str(best.number), self._space.overrides(best.params)
        again = [word for word in overrides if not word.startswith(("name=", "seed="))]
        if any(word.startswith("experiment=") for word in again):
            again += ["hydra/sweeper=basic", "hydra.sweeper.params=null"]  # the experiment may be what searches
        again += [override("name", f"{self._folder.name}_best"), "seed=1,2,3,4,5"]
        return "\n".join(
            [
                f"{counts}. The best is trial {best.number}, {best.value:.3f} mm:",
                *(f"  {word}" for word in overrides[len(self._space.fixed) :]),
                f"{'its run':<16} {run}",
                f"{'train it further':<16} {shell('run.py', f'resume={run}')} algo.timesteps=N",
                f"{'with other seeds':<16} {shell('run.py', '-m', *again)}",
            ]
        )
