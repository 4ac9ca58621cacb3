"""Ridge regression: how much of the neurons the predictor explains (encoding), and the other way round (decoding).

The penalty is chosen for every target by cross-validation over the training folds, the lag on the same folds, and the
score is that on the reaches that neither saw: 1 - SSE / SST, with SST about the mean of the training reaches. Below 0
the prediction is worse than that mean.
"""

from collections.abc import Callable, Sequence

import numpy as np

from mousearm.errors import NeuralError
from mousearm.neural.measures.design import Design, Fold, Values
from mousearm.neural.measures.moments import Moments, held_out
from mousearm.registry import SIMILARITIES


@SIMILARITIES.add
def encoding(design: Design) -> Values:
    """Ridge regression of each neuron on the predictor: mean over neurons of R^2 on held-out reaches.

    Unchanged by rotations of the predictor and by scaling of either side. `Values.units` has each neuron.
    """
    return _of_units(design, lambda fold, parts, before: before)


@SIMILARITIES.add
def unique(design: Design) -> Values:
    """Variance partitioning: R^2 of each neuron that the predictor adds to movement features, mean over neurons.

    R^2 of features and predictor less R^2 of the features, on held-out reaches. The features come first, at several
    delays each, with courses that reaches have in common (`Design`), and what they share with the predictor is theirs.
    In the null, that part of the predictor which they do not explain is paired with other reaches. `Values.units` has
    each neuron.

    Raises:
        NeuralError: the design has no movement features.
    """
    if design.beyond is None:
        raise NeuralError(
            "Unique variance is what a predictor explains beyond movement features, and none are given. Give an "
            "activity of them (beyond), or leave this measure out."
        )

    def total(fold: Fold, parts: Sequence[Moments], before: np.ndarray) -> np.ndarray:
        training = np.concatenate([design.y.values[i] for i in np.flatnonzero(design.fold_of != fold.number)])
        test = np.concatenate([design.y.values[i] for i in np.flatnonzero(design.fold_of == fold.number)])
        variance = np.square((test - training.mean(axis=0)) / fold.of_y.scale).mean(axis=0)
        return parts[fold.number].n[:, None] * variance

    return _of_units(design, total)


def _of_units(design: Design, total: Callable[[Fold, Sequence[Moments], np.ndarray], np.ndarray]) -> Values:
    """Share of a total that ridge regressions of single units explain; of it there is ``before`` without them."""
    n, n_lags = len(design), len(design.lags)
    which = np.concatenate([np.arange(n), np.zeros(n_lags, dtype=int)])
    gained, whole = np.zeros((2, len(which), design.y.n_units))
    each = []
    for fold in design.folds:
        parts = design.unit_moments(fold, which, np.concatenate([fold.lag, np.arange(n_lags)]))
        error, before, _ = held_out(parts, fold.number)
        share = np.array([before - error, total(fold, parts, before)])
        each.append(_mean(*share[:, 0]))
        gained, whole = np.array([gained, whole]) + share * fold.of_y.scale**2
    value = _mean(gained, whole)
    units = np.where(whole[0] > 0, gained[0] / np.where(whole[0] > 0, whole[0], 1), np.nan)
    return Values(value[:n], np.array(each), value[n:], units)


def _mean(gained: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Mean over the last axis of shares of what there is, where there is any."""
    there = whole > 0
    shares = np.where(there, gained / np.where(there, whole, 1), 0)
    return shares.sum(axis=-1) / np.maximum(there.sum(axis=-1), 1)


@SIMILARITIES.add
def decoding(design: Design) -> Values:
    """Ridge regression of the predictor on the neurons: R^2 of its components together on held-out reaches.

    Components count by their variance. Unchanged by rotations and scaling of either side.
    """
    each = np.stack([_whole_r2(fold.parts, fold.number) for fold in design.folds])
    by_lag = [[_whole_r2(fold.by_lag.at(k), fold.number) for k in range(len(design.lags))] for fold in design.folds]
    return Values(each.mean(axis=0), each[:, 0], np.mean(by_lag, axis=0)[:, 0])


def _whole_r2(parts: Sequence[Moments], test: int) -> np.ndarray:
    """R^2 of all targets together, (N,), of regressions of x on y."""
    error, power, _ = held_out([part.turned() for part in parts], test)
    return 1 - error.sum(axis=1) / power.sum(axis=1)
