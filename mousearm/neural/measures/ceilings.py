"""Noise ceilings of measures: what a perfect predictor could score against recordings as noisy as these.

Of each population the same measures compare recordings with recordings, on held-out reaches, without a lag:

- *Trials*, where reaches were performed several times: the mean of one half of the trials of a reach predicts each of
  the other half, which is the lower bound, in the mean over several ways to halve them: a single one is uncertain where
  reaches are few. The mean of all predicts each, itself among them, which is the upper one (Nili et al. 2014, PLoS
  Computational Biology 10:e1003553). The mean of all others, which they take for the lower one,
  is too much for measures of subspaces, which know no trial: the noise of the others is compared as well. Where
  directions of the predictor are scored by themselves, those of noise among them lower the mean of trials, and rates
  have none: there the upper bound is at least that by neurons.
- *Neurons*, else. A predictor that knows the rates does not score 1, because neurons are noisy. What it would score is
  found by playing the case: a stand-in for the rates is made of the neurons, what it leaves of them is added to it in
  other trials than its own, and the stand-in is compared with the sum by the same program. For the lower bound, the
  stand-in of each neuron is its prediction, on held-out reaches, from half of the others: it misses a part of the
  rates, which counts as noise. One half of the neurons, compared with the other, is a lower bound too, for it is as
  noisy as what it is compared with; the larger counts. For the upper bound the stand-in are the first components of the
  neurons: they hold some of the noise, which counts as rates.

What neurons share without any relation to movement counts as explainable in the second, not in the first. Unique
variance is no prediction, so that noise does not take from it: its ceiling is what is explainable (`explainable`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from mousearm.neural.activity import Activity
from mousearm.neural.measures.compare import OF_FEATURES, compare
from mousearm.neural.measures.design import Settings
from mousearm.neural.measures.moments import residuals
from mousearm.neural.measures.pairings import to_length
from mousearm.neural.measures.preparation import assign_folds, fit_preparation
from mousearm.neural.rates import Kernel

TRIALS, NEURONS = "trials", "neurons"
_Bounds = tuple[float, float]
_WITHOUT = ("dsa", "rotation")  # noise has dynamics of its own; rotation does not look at the neurons
_OF_DIRECTIONS = ("decoding", "cca", "svcca", "pwcca", "principal_angles")  # of the predictor, each by itself


def ceiling_kind(neurons: Activity) -> str:
    """What is split: `TRIALS` where every reach was performed at least twice, else `NEURONS`."""
    counts = [neurons.reaches.count(name) for name in dict.fromkeys(neurons.reaches)]
    return TRIALS if min(counts) > 1 else NEURONS


def ceilings(
    neurons: Activity, measures: Sequence[str], settings: Settings, kernel: Kernel | None = None
) -> dict[str, _Bounds]:
    """Lower and upper bound of each measure; what is unique is at most what is explainable, by trials or by the kernel.

    NaN of measures of dynamics. Noise has dynamics of its own, which are alike in all that it is added to: halves of
    the trials are more similar than rates are to either, and bound nothing. Rotation does not look at the neurons.
    """
    known = [name for name in measures if name not in (*OF_FEATURES, *_WITHOUT)]
    bounds = _bounds(neurons, list(dict.fromkeys([*known, "encoding"])), replace(settings, most_lag_s=0.0))
    shares = explainable(neurons, kernel)
    share = float(np.nanmean(shares)) if np.isfinite(shares).any() else np.nan
    bounds |= dict.fromkeys(OF_FEATURES, (share, share)) | dict.fromkeys(_WITHOUT, (np.nan, np.nan))
    return {name: bounds[name] for name in measures}


def _bounds(neurons: Activity, measures: Sequence[str], still: Settings) -> dict[str, _Bounds]:
    if ceiling_kind(neurons) == TRIALS:
        pairs = [*_halves(neurons, np.random.default_rng(still.seed)), (_means(neurons), neurons)]
        *halves, high = ([of.value for of in compare(*pair, measures, still, n_nulls=0).values()] for pair in pairs)
        stand_in = stand_in_bounds(neurons, [name for name in measures if name in _OF_DIRECTIONS], still)
        bounds = {}
        for name, low, most in zip(measures, np.mean(halves, axis=0).tolist(), high, strict=True):
            bounds[name] = (low, float(np.nanmax([low, most, stand_in.get(name, (low, low))[1]])))
        return bounds
    return stand_in_bounds(neurons, measures, still)


def _means(neurons: Activity) -> Activity:
    """For each trial the mean of all trials of its reach."""
    every = range(len(neurons.reaches))
    return _mean_of(neurons, every, every)


def _halves(neurons: Activity, rng: np.random.Generator) -> Iterator[tuple[Activity, Activity]]:
    """For each trial of one half the mean of those of its reach in the other half, and these trials; several times."""
    reaches = np.array(neurons.reaches)
    for _ in range(_DRAWS):
        order = rng.permutation(len(reaches))
        number = np.empty(len(reaches), dtype=int)
        for name in dict.fromkeys(neurons.reaches):
            of = order[reaches[order] == name]
            number[of] = np.arange(len(of)) % 2
        for which in range(2):
            one, other = (np.flatnonzero((number == which) == same).tolist() for same in (True, False))
            yield _mean_of(neurons, one, other), neurons.trials(one)


def _mean_of(neurons: Activity, trials: Sequence[int], others: Sequence[int]) -> Activity:
    """For each of some trials the mean of the others of its reach, as long as the shortest of them and it."""
    found = []
    for i in trials:
        of = [k for k in others if neurons.reaches[k] == neurons.reaches[i]]
        n = min(len(neurons.values[k]) for k in [*of, i])
        found.append(np.mean([neurons.values[k][:n] for k in of], axis=0))
    return replace(neurons.trials(trials), name="other trials", values=tuple(found))


FEWEST_NEURONS = 4
_DRAWS = 4  # of halves of the trials or neurons, and of orders of the noise, over which means are taken


def stand_in_bounds(y: Activity, measures: Sequence[str], settings: Settings) -> dict[str, tuple[float, float]]:
    """Lower and upper bound of measures by name; NaN of fewer than four neurons.

    Noise that neurons share counts as rates in both. Without a lag; the settings are otherwise those of the comparison.
    """
    if y.n_units < FEWEST_NEURONS:
        return dict.fromkeys(measures, (np.nan, np.nan))
    settings = replace(settings, most_lag_s=0.0)
    rng = np.random.default_rng(settings.seed)
    found = []
    for _ in range(_DRAWS):
        pairs = _pairs(y, settings, rng)
        found.append(
            [[compared.value for compared in compare(*pair, measures, settings, n_nulls=0).values()] for pair in pairs]
        )
    bounds = {}
    for name, half, low, high in zip(measures, *np.mean(found, axis=0).tolist(), strict=True):
        bounds[name] = (max(half, low), high)
    return bounds


def _pairs(y: Activity, settings: Settings, rng: np.random.Generator) -> Iterator[tuple[Activity, Activity]]:
    """Predictors and what they are compared with: halves, and both stand-ins with themselves and noise."""
    order = rng.permutation(y.n_units)
    yield y.columns(order[::2], "one half"), y.columns(order[1::2], "the other half")
    for rates in (_predicted(y, order, settings), _main(y, settings)):
        yield rates, _with_noise(rates, y, rng)


def _predicted(y: Activity, order: np.ndarray, settings: Settings) -> Activity:
    """Each neuron as the other half, by an order, predicts it, on reaches that the prediction was not fitted to."""
    folds = assign_folds(y.reaches, y.groups, settings.folds, settings.seed)
    result = [values.copy() for values in y.values]
    for own, other in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        for fold in range(folds.max() + 1):
            training = [y.values[i][:, other] for i in np.flatnonzero(folds != fold)]
            how = fit_preparation(y.name, training, settings.components)
            components = [how.components(values[:, other]) for values in y.values]
            left = residuals(components, [values[:, own] for values in y.values], folds, fold)
            for i in np.flatnonzero(folds == fold):
                result[i][:, own] -= left[i]
    return replace(y, name=f"{y.name}, predicted by one another", values=tuple(result))


def _main(y: Activity, settings: Settings) -> Activity:
    """The neurons along their first components."""
    how = fit_preparation(y.name, y.values, settings.components)
    values = [how.components(own) @ how.directions * how.scale + how.offset for own in y.values]
    return replace(y, name=f"{y.name}, main components", values=tuple(values))


def _with_noise(rates: Activity, y: Activity, rng: np.random.Generator) -> Activity:
    """Rates plus what they leave of the neurons in another trial."""
    n = len(y.values)
    order = rng.permutation(n)
    source = dict(zip(order.tolist(), np.roll(order, 1).tolist(), strict=True))
    noise = [own - rate for own, rate in zip(y.values, rates.values, strict=True)]
    values = [rate + to_length(noise[source[i]], len(rate)) for i, rate in enumerate(rates.values)]
    return replace(y, values=tuple(values))


def explainable(y: Activity, kernel: Kernel | None = None) -> np.ndarray:
    """Share of each neuron's variance that is no noise, (n,).

    Of repeated reaches it is what trials of the same reach have in common, the ceiling of R^2 of whatever knows the
    reach and not the trial: the covariance of different trials of a reach over the variance of trials, over all frames
    that they have. Unbiased, so it may be below 0. Without them it is what the noise of Poisson spikes leaves after the
    kernel of the rates, sum w_j^2 rate / step; what differs between trials of a reach is in it. NaN without a kernel.
    """
    if ceiling_kind(y) == NEURONS and kernel is not None:
        frames = np.concatenate(y.values)
        weights = kernel.weights(y.step_s)
        overlap = np.convolve(weights, weights[::-1])  # covariance of noise between frames, sum w_j^2 of a frame itself
        alike = overlap / overlap.max()
        too_much = (alike.sum() + 2 * np.square(alike).sum()) / len(frames)  # of 1 / variance, of so few frames
        noise = (1 - too_much) * overlap.max() / y.step_s * frames.mean(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(frames.var(axis=0) > 0, 1 - noise / frames.var(axis=0), np.nan)
    means = np.concatenate(y.values).mean(axis=0)
    common, whole = np.zeros((2, y.n_units))
    for name in dict.fromkeys(y.reaches):
        own = [values - means for values, reach in zip(y.values, y.reaches, strict=True) if reach == name]
        if len(own) > 1:
            n = min(map(len, own))
            trials = np.stack([values[:n] for values in own])
            squares = np.square(trials).sum(axis=(0, 1))
            common += (np.square(trials.sum(axis=0)).sum(axis=0) - squares) / (len(own) - 1)
            whole += squares
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, common / whole, np.nan)


def equal_sizes(activities: Sequence[Activity], draws: int = 10, seed: int = 0) -> Iterator[list[Activity]]:
    """Populations with as many neurons as the smallest has, drawn at random from each, several times.

    Measures grow with the number of neurons, so areas, animals and sessions are to be compared at equal numbers.
    """
    n = min(activity.n_units for activity in activities)
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        yield [of.columns(np.sort(rng.choice(of.n_units, n, replace=False))) for of in activities]
