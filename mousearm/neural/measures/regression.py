"""Ridge regression: how much of the neurons the predictor explains (encoding), and the other way round (decoding).

The penalty is chosen for every target by cross-validation over the training folds, the lag on the same folds, and the
score is that on the reaches that neither saw: 1 - SSE / SST, with SST about the mean of the training reaches. Below 0
the prediction is worse than that mean.
"""

from collections.abc import Sequence

import numpy as np

from mousearm.neural.measures.design import Design
from mousearm.neural.measures.moments import Moments, split
from mousearm.neural.measures.values import Values
from mousearm.registry import SIMILARITIES

PENALTIES = 10.0 ** np.arange(-5, 3)
"""That are tried, as multiples of the mean eigenvalue of the training scatter of the regressors."""
_BAND = 21  # pairings of which encoding is computed at all lags


def errors(train: Moments, test: Moments, penalties: np.ndarray) -> np.ndarray:
    """Squared errors on test frames of ridge regressions of y on x that were fitted to training, (P, N, targets).

    Both moments are about the means of training. Penalties (P, 1, 1), or (P, N, targets), are multiples of the mean
    eigenvalue of ``train.xx``.
    """
    size, basis = np.linalg.eigh(train.xx)
    size = np.maximum(size, 0)
    along, there = basis.swapaxes(1, 2) @ train.xy, basis.swapaxes(1, 2) @ test.xy
    square = basis.swapaxes(1, 2) @ test.xx @ basis
    power = test.yy if test.yy.ndim == 2 else np.diagonal(test.yy, axis1=1, axis2=2)
    scale = size.mean(axis=1)[:, None, None]
    result = np.empty((len(penalties), *power.shape))
    for k, penalty in enumerate(penalties):
        weights = along / (size[:, :, None] + np.maximum(penalty[:, None] * scale, np.finfo(float).tiny))
        result[k] = power + ((square @ weights - 2 * there) * weights).sum(axis=1)
    return result


def held_out(parts: Sequence[Moments], test: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """SSE and SST of each pairing and target on the test fold, (N, targets), and the penalties that were chosen."""
    others = [g for g in range(len(parts)) if g != test]
    grid = np.broadcast_to(PENALTIES[:, None, None], (len(PENALTIES), 1, 1))
    inner = sum(errors(*split(parts, g, [h for h in others if h != g]), grid) for g in others)
    best = PENALTIES[np.argmin(inner, axis=0)]
    train, scored = split(parts, test)
    power = scored.yy if scored.yy.ndim == 2 else np.diagonal(scored.yy, axis1=1, axis2=2)
    return errors(train, scored, best[None])[0], power, best


@SIMILARITIES.add
def encoding(design: Design) -> Values:
    """Ridge regression of each neuron on the predictor: mean over neurons of R^2 on held-out reaches.

    Unchanged by rotations of the predictor and by scaling of either side. `Values.units` has each neuron.
    """
    n, n_lags, band = len(design), len(design.lags), min(_BAND, len(design))
    which = np.concatenate([np.arange(n), np.repeat(np.arange(band), n_lags)])
    sse, sst = np.zeros((2, len(which), design.y.n_units))
    each = []
    for fold in design.folds:
        lag = np.concatenate([fold.lag, np.tile(np.arange(n_lags), band)])
        error, power, _ = held_out(design.unit_moments(fold, which, lag), fold.number)
        each.append(_mean_r2(error[0], power[0]))
        sse += error * fold.of_y.scale**2
        sst += power * fold.of_y.scale**2
    value = _mean_r2(sse, sst)
    with np.errstate(divide="ignore", invalid="ignore"):
        units = np.where(sst[0] > 0, 1 - sse[0] / sst[0], np.nan)
    return Values(value[:n], np.array(each), value[n:].reshape(band, n_lags), units)


def _mean_r2(sse: np.ndarray, sst: np.ndarray) -> np.ndarray:
    """Mean over the last axis of R^2, of the targets that vary."""
    moves = sst > 0
    r2 = np.where(moves, 1 - sse / np.where(moves, sst, 1), 0)
    return r2.sum(axis=-1) / np.maximum(moves.sum(axis=-1), 1)


@SIMILARITIES.add
def decoding(design: Design) -> Values:
    """Ridge regression of the predictor on the neurons: R^2 of its components together on held-out reaches.

    Components count by their variance. Unchanged by rotations and scaling of either side.
    """
    sse, sst = np.zeros((2, len(design)))
    each, by_lag = [], []
    for fold in design.folds:
        error, power = _whole(fold.parts, fold.number)
        sse, sst = sse + error, sst + power
        each.append(1 - error[0] / power[0])
        at_lags = [_whole(fold.by_lag.at(k), fold.number) for k in range(len(design.lags))]
        by_lag.append(at_lags)
    lagged = np.sum(by_lag, axis=0)  # (L, 2, B)
    return Values(1 - sse / sst, np.array(each), (1 - lagged[:, 0] / lagged[:, 1]).T)


def _whole(parts: Sequence[Moments], test: int) -> tuple[np.ndarray, np.ndarray]:
    """SSE and SST of all targets together, (N,), of regressions of x on y."""
    error, power, _ = held_out([part.turned() for part in parts], test)
    return error.sum(axis=1), power.sum(axis=1)
