"""Ridge regression: how much of the neurons the predictor explains (encoding), and the other way round (decoding).

The penalty is chosen for every target by cross-validation over the training folds, the lag on the same folds, and the
score is that on the reaches that neither saw: 1 - SSE / SST, with SST about the mean of the training reaches. Below 0
the prediction is worse than that mean. What a predictor adds to movement is no prediction, but an amount of variance,
estimated without the bias that noisy weights have (`unique`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mousearm.errors import NeuralError
from mousearm.neural.measures.design import Design, Fold, Values
from mousearm.neural.measures.moments import Moments, fitted_weights, held_out, lag_windows
from mousearm.registry import SIMILARITIES


@SIMILARITIES.add
def encoding(design: Design) -> Values:
    """Ridge regression of each neuron on the predictor: mean over neurons of R^2 on held-out reaches.

    Unchanged by rotations of the predictor and by scaling of either side. `Values.units` has each neuron.
    """

    def predicted(fold: Fold, which: np.ndarray, lag: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        error, before, _ = held_out(design.unit_moments(fold, which, lag), fold.number)
        return before - error, before

    return _of_units(design, predicted)


_NEARLY_NONE = 1e-4  # penalty of `unique`, which keeps the inverse of small components from rounding


@SIMILARITIES.add
def unique(design: Design) -> Values:
    """Variance partitioning: variance of each neuron that the predictor adds to movement features, mean over neurons.

    The features come first, at several delays each, with courses that reaches have in common (`Design`), and what they
    share with the predictor is theirs. Of what they leave, least squares predict the neurons from the predictor, and
    the value is the covariance of this prediction with the neurons on held-out reaches, over their variance: b' C with
    weights b of the training reaches and the cross-covariance C of held-out ones. Noise of the neurons is in both, but
    not the same, so that the mean of b' C is the variance that the weights without noise explain. R^2 would be that
    less what noise in b costs, which for few noisy neurons is most of it. What features leave of reaches that they were
    not fitted to is too much, as it is too little of the others: the mean of both counts (`_size_of_both`).

    A reach counts twice, in b and in C: its pseudo-value (`Values.reaches`) is the value plus what it adds beyond the
    mean reach twice, less what it adds to the variance. So reaches with their spread give the interval of the value,
    as the jackknife does (Arvesen 1969, Annals of Mathematical Statistics 40:2076-2100).

    In the null, that part of the predictor which features do not explain is paired with other reaches. `Values.units`
    has each neuron.

    Raises:
        NeuralError: the design has no movement features.
    """
    if design.beyond is None:
        raise NeuralError(
            "Unique variance is what a predictor explains beyond movement features, and none are given. Give an "
            "activity of them (beyond), or leave this measure out."
        )

    by_trial = np.zeros((2, len(design.x.reaches), design.y.n_units))  # what is explained, and what there is

    def added(fold: Fold, which: np.ndarray, lag: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        train, held = design.residual_moments(fold, which, lag)
        weights = fitted_weights(train, np.full(train.y.shape, _NEARLY_NONE))
        size = _size_of_both(train, held)
        gained = (weights * held.xy).sum(axis=1) * size[:, None]
        is_test = design.fold_of == fold.number
        mean = np.concatenate([design.y.values[i] for i in np.flatnonzero(~is_test)]).mean(axis=0)
        powers = [np.square(design.y.values[i] - mean).sum(axis=0) for i in np.flatnonzero(is_test)]
        share = held.n / sum(len(design.y.values[i]) for i in np.flatnonzero(is_test))  # of frames, at the lag
        whole = share[:, None] * np.sum(powers, axis=0) / fold.of_y.scale**2
        by_trial[0, is_test] = size[0] * fold.of_y.scale**2 * _by_trial(design, fold, weights[0])
        by_trial[1, is_test] = share[0] * np.array(powers)
        return gained, whole

    values = _of_units(design, added)
    return replace(values, reaches=_pseudo_values(design.x.reaches, *by_trial))


def _by_trial(design: Design, fold: Fold, weights: np.ndarray) -> np.ndarray:
    """Products of predictions by weights (p, n) with neurons, summed over the frames of each held-out trial, (R, n)."""
    lag, left = design.lags[fold.lag[0]], design.left_of_units(fold)
    windows = [lag_windows(len(values), lag) for values in left]
    sides = [(x[of_x], y[of_y]) for x, y, (of_x, of_y) in zip(fold.x, left, windows, strict=True)]
    training, test = (np.flatnonzero(part) for part in (design.fold_of != fold.number, design.fold_of == fold.number))
    mean_x, mean_y = (np.concatenate([sides[i][k] for i in training]).mean(axis=0) for k in (0, 1))
    return np.array([(((x - mean_x) @ weights) * (y - mean_y)).sum(axis=0) for x, y in (sides[i] for i in test)])


def _pseudo_values(reaches: Sequence[str], gained: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Of each reach, (R,), from what is explained of trials and what there is, (trials, n) each."""
    names = list(dict.fromkeys(reaches))
    member = np.array([[name == other for other in reaches] for name in names], dtype=float)
    there = whole.sum(axis=0) > 0
    gained, whole = member @ gained[:, there], member @ whole[:, there]
    value = gained.sum(axis=0) / whole.sum(axis=0)
    beyond = [len(names) * part - part.sum(axis=0) for part in (gained, whole)]
    return (value + (2 * beyond[0] - value * beyond[1]) / whole.sum(axis=0)).mean(axis=1)


def _size_of_both(train: Moments, held: Moments) -> np.ndarray:
    """Mean variance of the predictor in both parts as a share of that in the held-out one, (N,); directions alike."""
    sizes = [part.xx / part.n[:, None, None] for part in (train, held)]
    whole, p = sizes[0] + sizes[1], sizes[0].shape[1]
    least = np.maximum(_NEARLY_NONE * np.trace(whole, axis1=1, axis2=2) / p, np.finfo(float).tiny)
    shares = np.linalg.solve(whole + least[:, None, None] * np.eye(p), np.stack(sizes))
    of_train, of_held = np.trace(shares, axis1=-2, axis2=-1)  # directions of which nothing is left are in neither
    return 0.5 * (of_train + of_held) / np.maximum(of_held, _NEARLY_NONE)


def _of_units(
    design: Design, of_fold: Callable[[Fold, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
) -> Values:
    """The share that regressions of single units explain, by what is explained of each fold and what there is."""
    n, n_lags = len(design), len(design.lags)
    which = np.concatenate([np.arange(n), np.zeros(n_lags, dtype=int)])
    gained, whole = np.zeros((2, len(which), design.y.n_units))
    each = []
    for fold in design.folds:
        share = np.array(of_fold(fold, which, np.concatenate([fold.lag, np.arange(n_lags)])))
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
