"""Inverse optimal control: the cost whose optimal movements have the muscle activity that was recorded.

Optuna's tree-structured Parzen estimator (Bergstra et al. 2011, NeurIPS 24) proposes costs, which are solved on all
reaches; from the best of them a search goes on to neighbouring weights while that is better. Weights of effort stand
on a grid of equal ratios, which is solved as a whole, see `Solver.swept`: neighbours help one another to what costs
least, and searches share what is solved. A search ends in a valley, and the animal's is perhaps not the cheapest that
is known: movements go on to the valley nearest to the EMG, see `nearest`. What counts is how much of the EMG is
left after one gain and one offset of each channel, see `mousearm.planning.fit`. r of each reach hardly depends on the
weight, which shows in how much more a muscle does in one reach than in another. Each reach is left out once: a search
that does not see its EMG chooses a cost, which is tested on it with the gains of the others. The interval comes of the
costs that were solved: reaches are drawn with replacement, and each time the cost is chosen that is best on those.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mousearm.config import InverseConfig, OptimalConfig
from mousearm.emg.envelope import EmgTarget
from mousearm.errors import ConfigError
from mousearm.optimal.trajectories import OptimalTrajectory
from mousearm.planning.fit import Fit, Swept, fit_of, log_share_left, nearest, vertex
from mousearm.planning.muscles import Solver
from mousearm.stats import CONFIDENCE, Nested, nested_spread

if TYPE_CHECKING:
    from optuna import Trial

_DRAWS = 2000
_EQUAL = 1e-9  # differences of a loss that are none
_TOLD = 4.0  # an interval of weights whose ends are farther apart, as a ratio, tells no weight


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
    """Costs that were solved, each once, and how their movements fit EMG: ``fits`` of those nearest to it."""

    solver: Solver
    emg: EmgTarget
    asked: InverseConfig
    each_scaled: bool = False  # whether recordings were scaled one by one, so that each reach has gains of its own
    fits: dict[TriedCost, Fit] = field(default_factory=dict)
    cheapest: dict[TriedCost, Fit] = field(default_factory=dict)  # of the cheapest movements
    swept: dict[tuple[int, str], Swept] = field(default_factory=dict)
    near: dict[tuple[int, str], Swept] = field(default_factory=dict)  # see `mousearm.planning.fit.nearest`

    @cached_property
    def weights(self) -> list[float]:
        """The grid of weights of effort, from the smallest on, each so many times the one before; and the usual one."""
        (low, high), usual = self.asked.w_effort, self.solver.setup.config.optimal.w_effort
        n = max(1, round(np.log(high / low) / np.log(self.asked.ratio)))
        return sorted({*np.geomspace(low, high, n + 1).tolist(), *([usual] if low < usual < high else [])})

    def can_be_chosen(self, settings: TriedCost) -> bool:
        """Whether a cost is among those that are searched."""
        is_kind = settings.power in self.asked.powers and settings.effort in self.asked.efforts
        return is_kind and settings.w_effort in self.weights

    def fit(self, settings: TriedCost) -> Fit:
        """The fit of the movements by a cost that are nearest to the EMG; solved if they were not."""
        if settings not in self.fits:
            self.fits[settings] = fit_of(self.solver, self._found(settings, self.near), self.emg)
        return self.fits[settings]

    def expected(self, settings: TriedCost) -> Fit:
        """The fit of the cheapest movements by a cost, which no EMG led to."""
        if settings not in self.cheapest:
            self.cheapest[settings] = fit_of(self.solver, self._found(settings, self.swept), self.emg)
        return self.cheapest[settings]

    def _found(self, settings: TriedCost, known: Mapping[tuple[int, str], Swept]) -> list[OptimalTrajectory]:
        """The movements by a cost; of one that can be chosen with all weights of the grid, see `Solver.swept`."""
        chosen = self.optimal(settings)
        if not self.can_be_chosen(settings):
            return self.solver.found(chosen)
        kind = settings.power, settings.effort
        if kind not in self.swept:
            plain = replace(chosen, muscle_weights=self.solver.setup.config.optimal.muscle_weights)
            self.swept[kind] = self.solver.swept(plain, self.weights)
            self.near[kind] = nearest(self.solver, self.swept[kind], plain, self.emg)
        found = known[kind][settings.w_effort]
        return self.solver.onwards(found, chosen) if any(one != 1 for one in settings.factors) else found

    def losses(self, fits: Sequence[Fit], counts: np.ndarray) -> np.ndarray:
        """(D, fits) mean of the logarithm of what is left, of reaches that count so many times, (D, R)."""
        return np.stack([log_share_left(fit.sums, counts, counts, self.each_scaled) for fit in fits], axis=1)

    def loss(self, fit: Fit, reaches: Sequence[int]) -> float:
        """The same of one fit, on reaches by index."""
        return float(self.losses([fit], self.counts(reaches))[0, 0])

    def tested(self, fit: Fit, expected: Fit, reach: int, rest: Sequence[int]) -> float:
        """The same on one reach, with the gains of the others; or with its own where each has its own.

        ``expected`` is of the cheapest movements: those of ``fit`` are nearest to the EMG that is tested on.
        """
        sums = fit.sums.copy()
        sums[reach] = expected.sums[reach]
        return float(log_share_left(sums, self.counts(rest), self.counts([reach]), self.each_scaled)[0])

    def counts(self, reaches: Sequence[int]) -> np.ndarray:
        """(1, R) how many times each reach counts."""
        return np.bincount(list(reaches), minlength=len(self.emg.values))[None]

    def optimal(self, settings: TriedCost) -> OptimalConfig:
        """The cost as a configuration has it."""
        base, named = self.solver.setup.config.optimal, []
        for column, factor in enumerate(settings.factors):
            rows = np.flatnonzero(self.emg.weights[:, column])
            named += [f"{self.solver.setup.arm.actuator_names[row]}:{factor:g}" for row in rows if factor != 1]
        chosen = settings._asdict() | {"muscle_weights": [*base.muscle_weights, *named]}
        chosen.pop("factors")
        return replace(base, w_emg=0.0, **chosen)

    def search(self, reaches: Sequence[int], seed: int, told: Callable[[], object] = lambda: None) -> TriedCost:
        """Let Optuna propose costs for reaches, by index; returns the best of what it proposed."""
        import optuna  # slow to import, and an extra

        proposed: list[TriedCost] = []

        def value(trial: "Trial") -> float:
            proposed.append(self._proposed(trial))
            told()
            return self.loss(self.fit(proposed[-1]), reaches)

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=max(1, self.asked.trials // 3))
        study = optuna.create_study(sampler=sampler)
        if 1 in self.asked.factors:  # muscles alike, which the grid has already
            study.enqueue_trial({f"factor of {name}": 1.0 for name in self.emg.channels})
        study.optimize(value, n_trials=self.asked.trials)
        if not self.asked.factors or 1 in self.asked.factors:  # the grids of these kinds, which are solved
            plain = (1.0,) * len(self.emg.channels) if self.asked.factors else ()
            kinds = dict.fromkeys((one.power, one.effort) for one in proposed)
            proposed += [TriedCost(weight, *kind, plain) for kind in kinds for weight in self.weights]
            for one in proposed:
                self.fit(one)
        return self._climbed(min(proposed, key=lambda one: self.loss(self.fits[one], reaches)), reaches)

    def _climbed(self, best: TriedCost, reaches: Sequence[int]) -> TriedCost:
        """From one weight of the grid to a better neighbour, until there is none."""
        i, step = self.weights.index(best.w_effort), 1
        failed = 0
        while failed < 2:
            following = best._replace(w_effort=self.weights[i + step]) if 0 <= i + step < len(self.weights) else best
            if self.loss(self.fit(following), reaches) < self.loss(self.fits[best], reaches) - _EQUAL:
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
    """A reach that was left out: the cost chosen without it, and what it and the default one leave of its EMG."""

    reach: str
    chosen: TriedCost
    fitted: float  # loss on the reaches that it was chosen on
    tested: float  # and on this one, with their gains
    default: float
    r: float  # mean of the channels, without a lag
    r_default: float


@dataclass(frozen=True, eq=False)
class Inverse:
    """What came of a search."""

    reaches: tuple[str, ...]
    groups: tuple[str, ...]  # (R,) animal/session
    rows: tuple[int, ...]  # (R,) where they stand in the EMG
    costs: Costs
    chosen: TriedCost  # on all reaches
    usual: Fit  # of the default cost
    folds: list[LeftOut]

    @property
    def left(self) -> float:
        """Share of the EMG that the chosen cost leaves on the reaches that it was chosen on, geometric mean."""
        return float(np.exp(self.costs.loss(self.costs.fits[self.chosen], self.rows)))

    @property
    def between(self) -> float:
        """The weight, between those that were tried, at which the chosen kind of cost would leave least."""
        fits = self.costs.fits
        of = {one.w_effort: fits[one] for one in fits if one._replace(w_effort=self.chosen.w_effort) == self.chosen}
        weights = sorted(of)
        losses = self.costs.losses([of[weight] for weight in weights], self.costs.counts(self.rows))
        return float(vertex(np.array(weights), losses)[0])

    @property
    def searched(self) -> tuple[float, float]:
        """The smallest and the largest weight of effort that was tried."""
        weights = [one.w_effort for one in self.costs.fits]
        return min(weights), max(weights)

    def gain(self, *names: str) -> Nested:
        """Mean over reaches of a field of `LeftOut`, or of the first minus the second."""
        values = [np.subtract.reduce([getattr(fold, name) for name in names]) for fold in self.folds]
        animals = [group.partition("/")[0] for group in self.groups]
        return nested_spread([float(value) for value in values], animals, self.groups)

    def interval(self, seed: int = 0) -> dict[str, Any]:
        """Where the chosen cost lies when reaches are drawn anew: 95 % of weights, and shares of the other choices."""
        n, solved = len(self.rows), list(self.costs.fits)
        drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=_DRAWS)
        counts = np.zeros((_DRAWS, len(self.costs.emg.values)))
        counts[:, list(self.rows)] = drawn
        best = [solved[i] for i in self.costs.losses([*self.costs.fits.values()], counts).argmin(axis=1)]
        tails = 100 * (1 - CONFIDENCE) / 2
        low, high = np.percentile([one.w_effort for one in best], [tails, 100 - tails], method="nearest")
        shares = {name: _shares([getattr(one, name) for one in best]) for name in ("power", "effort", "factors")}
        return {"w_effort": (float(low), float(high)), **shares}

    def is_told(self) -> bool:
        """Whether the interval of the weight says more than that it is within the range that was searched."""
        (low, high), (least, most) = self.interval()["w_effort"], self.searched
        return high <= _TOLD * low and least < low and high < most


def _shares(values: Sequence[Any]) -> Mapping[str, float]:
    return {str(value): values.count(value) / len(values) for value in sorted(set(values), key=str)}


def invert(
    solver: Solver,
    emg: EmgTarget,
    groups: Sequence[str],
    asked: InverseConfig,
    seed: int,
    each_scaled: bool = False,
) -> Inverse:
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
    costs = Costs(solver, emg, asked, each_scaled)
    base = setup.config.optimal
    default = TriedCost(base.w_effort, base.power, base.effort, (1.0,) * len(emg.channels) if asked.factors else ())
    expected = costs.expected(default)
    usual = costs.fit(default) if costs.can_be_chosen(default) else expected
    folds = []
    with tqdm(total=asked.trials * (len(everyone) + 1), desc="costs", unit=" costs", delay=1, leave=False) as bar:
        costs.search(everyone, seed, bar.update)
        for out in everyone:
            rest = [row for row in everyone if row != out]
            fit = costs.fit(chosen := costs.search(rest, seed, bar.update))
            tested = [costs.tested(fit, costs.expected(chosen), out, rest), costs.tested(usual, expected, out, rest)]
            r = [float(np.nanmean(one.r[out])) for one in (costs.expected(chosen), expected)]
            folds.append(LeftOut(names[out], chosen, costs.loss(fit, rest), *tested, *r))
    kept = tuple(groups[row] for row in everyone)
    chosen = min(costs.fits, key=lambda one: costs.loss(costs.fits[one], everyone))
    return Inverse(tuple(names[row] for row in everyone), kept, tuple(everyone), costs, chosen, usual, folds)
