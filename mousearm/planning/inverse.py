"""Inverse optimal control: the cost whose optimal movements have the muscle activity that was recorded.

Optuna's tree-structured Parzen estimator (Bergstra et al. 2011, NeurIPS 24) proposes costs, which are solved on all
reaches; from the best of them a search goes on to neighbouring weights while that is better. What counts for a choice
is r with the EMG of the reaches that are chosen on. So each reach is left out once: a search that does not see its EMG
chooses a cost, which is tested on it. Weights stand on a grid of equal ratios, so that searches, which share what is
solved, meet. The interval comes of the costs that were solved: reaches are drawn with replacement, and each time the
cost is chosen that is best on those.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mousearm.config import InverseConfig, OptimalConfig
from mousearm.emg.target import EmgTarget
from mousearm.errors import ConfigError
from mousearm.planning.muscles import Solver, frame_correlations
from mousearm.stats import CONFIDENCE, Nested, nested_spread

if TYPE_CHECKING:
    from optuna import Trial

_DRAWS = 2000
_EQUAL = 1e-9  # differences of r that are none


class TriedCost(NamedTuple):
    """A cost that is tried: what `OptimalConfig` calls so, and a factor of the effort of each channel's muscles."""

    w_effort: float
    power: int
    effort: str
    factors: tuple[float, ...] = ()  # by channel; empty where they are not searched

    def text(self, channels: Sequence[str] = ()) -> str:
        """All of it in a line."""
        of_muscles = [f"{name} x {factor:g}" for name, factor in zip(channels, self.factors, strict=False)]
        return ", ".join([f"w_effort {self.w_effort:.3g}", f"power {self.power}", f"{self.effort}", *of_muscles])


@dataclass(eq=False)
class Costs:
    """Costs that were solved, each once, and r of their movements with EMG."""

    solver: Solver
    emg: EmgTarget
    asked: InverseConfig
    scores: dict[TriedCost, np.ndarray] = field(default_factory=dict)  # (R, C) each

    @cached_property
    def weights(self) -> list[float]:
        """The grid of weights of effort, from the smallest on, each so many times the one before."""
        low, high = self.asked.w_effort
        n = max(1, round(np.log(high / low) / np.log(self.asked.ratio)))
        return np.geomspace(low, high, n + 1).tolist()

    def score(self, settings: TriedCost) -> np.ndarray:
        """(R, C) r of the movements by a cost; solved if they were not."""
        if settings not in self.scores:
            shown = self.solver.performed(settings.text(), self.optimal(settings)).shown(self.emg)
            self.scores[settings] = frame_correlations(shown, self.emg.values)
        return self.scores[settings]

    def optimal(self, settings: TriedCost) -> OptimalConfig:
        """The cost as a configuration has it."""
        base, named = self.solver.setup.config.optimal, []
        for column, factor in enumerate(settings.factors):
            rows = np.flatnonzero(self.emg.weights[:, column])
            named += [f"{self.solver.setup.arm.actuator_names[row]}:{factor:g}" for row in rows if factor != 1]
        chosen = settings._asdict() | {"muscle_weights": [*base.muscle_weights, *named]}
        chosen.pop("factors")
        return replace(base, w_emg=0.0, **chosen)

    def best(self, reaches: Sequence[int]) -> TriedCost:
        """Of those solved, the one of the largest mean r on reaches by index, some perhaps several times."""
        return max(self.scores, key=lambda one: float(np.nanmean(self.scores[one][list(reaches)])))

    def search(self, reaches: Sequence[int], seed: int, told: Callable[[], object] = lambda: None) -> TriedCost:
        """Let Optuna propose costs for reaches, by index; returns the best of what it proposed."""
        import optuna  # slow to import, and an extra

        proposed: list[TriedCost] = []

        def value(trial: "Trial") -> float:
            proposed.append(self._proposed(trial))
            told()
            return float(np.nanmean(self.score(proposed[-1])[list(reaches)]))

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(1, self.asked.trials // 3))
        optuna.create_study(direction="maximize", sampler=sampler).optimize(value, n_trials=self.asked.trials)
        best = max(proposed, key=lambda one: float(np.nanmean(self.scores[one][list(reaches)])))
        return self._climbed(best, list(reaches))

    def _climbed(self, best: TriedCost, reaches: Sequence[int]) -> TriedCost:
        """From one weight of the grid to a better neighbour, until there is none."""
        i, step = self.weights.index(best.w_effort), 1
        failed = 0
        while failed < 2:
            following = best._replace(w_effort=self.weights[i + step]) if 0 <= i + step < len(self.weights) else best
            if np.nanmean(self.score(following)[reaches]) > np.nanmean(self.scores[best][reaches]) + _EQUAL:
                best, i, failed = following, i + step, 0
            else:
                failed, step = failed + 1, -step
        return best

    def _proposed(self, trial: "Trial") -> TriedCost:
        weight = self.weights[trial.suggest_int("w_effort", 0, len(self.weights) - 1)]
        power = trial.suggest_categorical("power", self.asked.powers)
        effort = trial.suggest_categorical("effort", self.asked.efforts)
        names = self.emg.channels if self.asked.factors else ()
        factors = tuple(trial.suggest_categorical(f"factor of {name}", self.asked.factors) for name in names)
        return TriedCost(weight, power, effort, factors)


class LeftOut(NamedTuple):
    """A reach that was left out: the cost chosen without it, and r on it (C,), of that cost and of the default one."""

    reach: str
    chosen: TriedCost
    fitted: float  # mean r on the reaches that it was chosen on
    tested: np.ndarray
    default: np.ndarray


@dataclass(frozen=True, eq=False)
class Inverse:
    """What came of a search."""

    reaches: tuple[str, ...]
    groups: tuple[str, ...]  # (R,) animal/session
    costs: Costs
    chosen: TriedCost  # on all reaches
    default: TriedCost
    folds: list[LeftOut]

    def gain(self) -> tuple[Nested, Nested, Nested]:
        """Mean r over channels on reaches left out: of the cost chosen, of the default one, and the difference."""
        tested = np.array([np.nanmean(fold.tested) for fold in self.folds])
        default = np.array([np.nanmean(fold.default) for fold in self.folds])
        animals = [group.partition("/")[0] for group in self.groups]
        parts = (tested, default, tested - default)
        one, other, change = (nested_spread(values.tolist(), animals, self.groups) for values in parts)
        return one, other, change

    def interval(self, seed: int = 0) -> dict[str, Any]:
        """Where the chosen cost lies when reaches are drawn anew: 95 % of weights, and shares of the other choices."""
        rng, n = np.random.default_rng(seed), len(self.reaches)
        solved = list(self.costs.scores)
        of_reach = np.array([np.nanmean(self.costs.scores[one], axis=1) for one in solved])  # (costs, R)
        drawn = rng.integers(n, size=(_DRAWS, n))
        best = [solved[i] for i in np.nanmean(of_reach[:, drawn], axis=2).argmax(axis=0)]
        tails = 100 * (1 - CONFIDENCE) / 2
        low, high = np.percentile([one.w_effort for one in best], [tails, 100 - tails], method="nearest")
        shares = {name: _shares([getattr(one, name) for one in best]) for name in ("power", "effort", "factors")}
        return {"w_effort": (float(low), float(high)), **shares}

    def indistinct(self) -> tuple[float, float]:
        """Least and largest weight of costs whose mean r is at most its standard error over reaches below the best."""
        means = {one: np.nanmean(score, axis=1) for one, score in self.costs.scores.items()}
        at = means[self.chosen]
        error = at.std(ddof=1) / np.sqrt(len(at)) if len(at) > 1 else 0.0
        near = [one.w_effort for one, of in means.items() if np.nanmean(of) >= np.nanmean(at) - error - _EQUAL]
        return min(near), max(near)


def _shares(values: Sequence[Any]) -> Mapping[str, float]:
    return {str(value): values.count(value) / len(values) for value in sorted(set(values), key=str)}


def invert(solver: Solver, emg: EmgTarget, groups: Sequence[str], asked: InverseConfig, seed: int) -> Inverse:
    """Choose a cost on all reaches, and without each of them; ConfigError if there are fewer than two, or no Optuna."""
    from tqdm.auto import tqdm

    try:
        importlib.import_module("optuna")
    except ModuleNotFoundError as error:
        raise ConfigError(f"inverse.trials needs Optuna ({error}): pip install 'mousearm[search]'") from error

    setup = solver.setup
    names = tuple(one.name for one in setup.references)
    everyone = [row for row in range(len(names)) if np.isfinite(emg.values[row]).any()]
    if len(everyone) < 2:
        raise ConfigError(
            f"{len(everyone)} reach with EMG cannot be chosen on and tested on. Give a folder of reaches."
        )
    costs = Costs(solver, emg, asked)
    base = setup.config.optimal
    default = TriedCost(base.w_effort, base.power, base.effort, (1.0,) * len(emg.channels) if asked.factors else ())
    usual = costs.score(default)
    del costs.scores[default]  # it is compared with, and not chosen
    folds = []
    with tqdm(total=asked.trials * (len(everyone) + 1), desc="costs", unit=" costs", delay=1, leave=False) as bar:
        costs.search(everyone, seed, bar.update)
        for out in everyone:
            rest = [row for row in everyone if row != out]
            chosen = costs.search(rest, seed, bar.update)
            score = costs.scores[chosen]
            folds.append(LeftOut(names[out], chosen, float(np.nanmean(score[rest])), score[out], usual[out]))
    kept = tuple(groups[row] for row in everyone)
    return Inverse(tuple(names[row] for row in everyone), kept, costs, costs.best(everyone), default, folds)
