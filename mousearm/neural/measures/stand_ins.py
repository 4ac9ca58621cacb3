"""Bounds of what the rates of neurons without noise would score against the neurons, from single trials.

A predictor that knows the rates does not score 1, because neurons are noisy. What it would score is found by playing
the case: a stand-in for the rates is made of the neurons, what it leaves of them is added to it in other trials than
its own, and the stand-in is compared with the sum by the same program.

For the lower bound, the stand-in of each neuron is its prediction, on held-out reaches, from half of the others: it
misses a part of the rates, which counts as noise. One half of the neurons itself, compared with the other, is a lower
bound too, for it is as noisy as what it is compared with; the larger counts. For the upper bound the stand-in are the
first components of the neurons: they hold some of the noise, which counts as rates.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from mousearm.neural.activity import Activity
from mousearm.neural.measures.compare import compare
from mousearm.neural.measures.design import Settings
from mousearm.neural.measures.folds import assign_folds
from mousearm.neural.measures.pairings import to_length
from mousearm.neural.measures.preparation import fit_preparation
from mousearm.neural.measures.ridge import residuals

FEWEST_NEURONS = 4
_OF_DYNAMICS = ("dsa", "rotation")  # which noise makes alike in both halves
_DRAWS = 4  # of halves of the neurons and of orders of the noise, over which means are taken


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
        bounds[name] = (low if name in _OF_DYNAMICS else max(half, low), high)
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
