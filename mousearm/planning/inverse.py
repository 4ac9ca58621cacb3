"""Inverse optimal control: the cost whose optimal movements have the muscle activity that was recorded.

Optuna's tree-structured Parzen estimator (Bergstra et al. 2011, NeurIPS 24) proposes costs, which are solved on all
reaches; from the best of them a search goes on to neighbouring weights while that is better. Weights of effort stand on
a grid of equal ratios, which is solved as a whole, see `Solver.swept`: neighbours help one another to what costs least,
and searches share what is solved. What counts is how much of the EMG is left after one gain and one offset of each
channel, for all reaches that are chosen on together: the likelihood of Gaussian noise whose size in each channel is not
known. r of each reach hardly depends on the weight, which shows in how much more a muscle does in one reach than in
another. Each reach is left out once: a search that does not see its EMG chooses a cost, which is tested on it with the
gains of the others. The interval comes of the costs that were solved: reaches are drawn with replacement, and each time
the cost is chosen that is best on those.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mousearm.config import InverseConfig, OptimalConfig
from mousearm.emg.envelope import EmgTarget
from mousearm.emg_comparison.traces import pearson
from mousearm.errors import ConfigError
from mousearm.optimal.trajectories import OptimalTrajectory
from mousearm.planning.muscles import Movements, Solver
from mousearm.stats import CONFIDENCE, Nested, nested_spread

if TYPE_CHECKING:
    from optuna import Trial

_DRAWS = 2000
_EQUAL = 1e-9  # differences of a loss that are none
_LEAST = 1e-9  # share of the EMG that is left: less is rounding
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


class Fit(NamedTuple):
    """How movements fit EMG, by reach and channel."""

    # (R, C, 6) over the frames in which both are known: their number, and sums of s, e, s^2, s e and e^2, where s is
    # what a channel would show of the muscles, and e its EMG.
    sums: np.ndarray
    r: np.ndarray  # (R, C) Pearson's, which has a gain and an offset of each reach

    @classmethod
    def of(cls, shown: np.ndarray, recorded: np.ndarray) -> "Fit":
        """Fit of what channels would show, (R, T, C), and their EMG; NaN where it is not known."""
        known = np.isfinite(shown) & np.isfinite(recorded)
        s, e = np.where(known, shown, 0), np.where(known, recorded, 0)
        sums = [np.sum(of, axis=1) for of in (known, s, e, s * s, s * e, e * e)]
        return cls(np.stack(sums, axis=-1), pearson(shown, recorded))


def regression(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Gain, at least 0, and offset of least squares by sums (..., 6) of a `Fit`; what is left of e^2, and its whole."""
    n, s, e, ss, se, ee = np.moveaxis(sums, -1, 0)
    n = np.where(n > 0, n, np.nan)
    of_shown, of_both, of_emg = ss - s * s / n, se - s * e / n, ee - e * e / n
    moves = of_shown > 1e-12 * ss
    gain = np.where(moves, np.maximum(of_both, 0) / np.where(moves, of_shown, 1), 0)
    return gain, (e - gain * s) / n, of_emg - gain * (2 * of_both - gain * of_shown), of_emg


def _loss(left: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Mean over channels, the last axis, of the logarithm of the share that is left."""
    return np.nanmean(np.log(np.maximum(left / of, _LEAST)), axis=-1)


@dataclass(eq=False)
class Costs:
    """Costs that were solved, each once, and how their movements fit EMG."""

    solver: Solver
    emg: EmgTarget
    asked: InverseConfig
    each_scaled: bool = False  # whether recordings were scaled one by one, so that each reach has gains of its own
    fits: dict[TriedCost, Fit] = field(default_factory=dict)
    swept: dict[tuple[int, str], dict[float, list[OptimalTrajectory]]] = field(default_factory=dict)

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
        """The fit of the movements by a cost; solved if they were not."""
        if settings not in self.fits:
            self.fits[settings] = Fit.of(self.performed(settings).shown(self.emg), self.emg.values)
        return self.fits[settings]

    def performed(self, settings: TriedCost) -> Movements:
        """The movements by a cost; of one that can be chosen with all weights of the grid, see `Solver.swept`."""
        chosen = self.optimal(settings)
        if not self.can_be_chosen(settings):
            return self.solver.performed(settings.text(), chosen)
        kind = settings.power, settings.effort
        if kind not in self.swept:
            plain = replace(chosen, muscle_weights=self.solver.setup.config.optimal.muscle_weights)
            self.swept[kind] = self.solver.swept(plain, self.weights)
        found = self.swept[kind][settings.w_effort]
        if any(factor != 1 for factor in settings.factors):
            found = self.solver.onwards(found, chosen)
        return self.solver.replayed(settings.text(), found)

    def losses(self, fits: Sequence[Fit], counts: np.ndarray) -> np.ndarray:
        """(draws, fits) mean over channels of the logarithm of what is left; of reaches so many times, (draws, R)."""
        sums = np.stack([fit.sums for fit in fits])  # (fits, R, C, 6)
        if self.each_scaled:
            *_, left, of = (np.nan_to_num(part) for part in regression(sums))
            return _loss(*(np.einsum("dr,krc->dkc", counts, part) for part in (left, of)))
        *_, left, of = regression(np.einsum("dr,krcm->dkcm", counts, sums))
        return _loss(left, of)

    def loss(self, fit: Fit, reaches: Sequence[int]) -> float:
        """The same of one fit, on reaches by index."""
        return float(self.losses([fit], np.bincount(list(reaches), minlength=len(self.emg.values))[None])[0, 0])

    def tested(self, fit: Fit, reach: int, rest: Sequence[int]) -> float:
        """The same on one reach, with the gains and offsets of the others; or with its own where each has its own."""
        if self.each_scaled:
            return self.loss(fit, [reach])
        sums = fit.sums
        gain, offset, *_ = regression(sums[list(rest)].sum(axis=0))
        n, s, e, ss, se, ee = np.moveaxis(sums[reach], -1, 0)
        left = ee - 2 * gain * se - 2 * offset * e + gain**2 * ss + 2 * gain * offset * s + n * offset**2
        return float(_loss(left, regression(sums[reach])[3]))

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
        (low, high), grid = self.interval()["w_effort"], self.costs.weights
        return high <= _TOLD * low and grid[0] < low and high < grid[-1]


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
    usual = costs.fit(default)
    if not costs.can_be_chosen(default):
        del costs.fits[default]  # it is compared with only
    folds = []
    with tqdm(total=asked.trials * (len(everyone) + 1), desc="costs", unit=" costs", delay=1, leave=False) as bar:
        costs.search(everyone, seed, bar.update)
        for out in everyone:
            rest = [row for row in everyone if row != out]
            fit = costs.fit(chosen := costs.search(rest, seed, bar.update))
            losses = costs.loss(fit, rest), costs.tested(fit, out, rest), costs.tested(usual, out, rest)
            folds.append(LeftOut(names[out], chosen, *losses, *(float(np.nanmean(one.r[out])) for one in (fit, usual))))
    kept = tuple(groups[row] for row in everyone)
    chosen = min(costs.fits, key=lambda one: costs.loss(costs.fits[one], everyone))
    return Inverse(tuple(names[row] for row in everyone), kept, tuple(everyone), costs, chosen, usual, folds)
