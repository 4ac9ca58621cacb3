"""Sums of products of both sides over the frames of folds, for all lags and all pairings at once.

A lag is positive if the neurons are later than the predictor: frame t of the predictor goes with frame t + lag of the
neurons. TrialFrames without a partner are left out.

Ridge regression needs no more than these sums: `held_out` scores many pairings and targets, with penalties that are
chosen by cross-validation.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from mousearm.neural.measures.pairings import Pairings, TrialFrames

_AT_ONCE = 128  # pairings whose sums at all lags are in memory
_RIDGE = 1e-3  # share of the mean variance of a component, added to each where the lag is chosen


class Moments(NamedTuple):
    """Sums over the frames of some reaches, for N pairings: of both sides, and of their products.

    About which means, the maker says: `split` gives those of the training reaches.
    """

    n: np.ndarray  # (N,) frames
    x: np.ndarray  # (N, p)
    y: np.ndarray  # (N, q)
    xx: np.ndarray  # (N, p, p)
    xy: np.ndarray  # (N, p, q)
    yy: np.ndarray  # (N, q, q), or (N, q) where only squares are needed

    def plus(self, other: "Moments") -> "Moments":
        """The sums over the frames of both."""
        return Moments(*(a + b for a, b in zip(self, other, strict=True)))

    def about(self, mean_x: np.ndarray, mean_y: np.ndarray) -> "Moments":
        """The same sums after means (N, p) and (N, q) were taken off."""
        n = self.n[:, None]
        if self.yy.ndim == 2:
            yy = self.yy - 2 * mean_y * self.y + n * mean_y**2
        else:
            yy = self.yy - _outer(mean_y, self.y) - _outer(self.y, mean_y) + n[..., None] * _outer(mean_y, mean_y)
        xx = self.xx - _outer(mean_x, self.x) - _outer(self.x, mean_x) + n[..., None] * _outer(mean_x, mean_x)
        xy = self.xy - _outer(mean_x, self.y) - _outer(self.x, mean_y) + n[..., None] * _outer(mean_x, mean_y)
        return Moments(self.n, self.x - n * mean_x, self.y - n * mean_y, xx, xy, yy)

    def centred(self) -> "Moments":
        """The same sums about the means of these frames."""
        return self.about(self.x / self.n[:, None], self.y / self.n[:, None])

    def turned(self) -> "Moments":
        """The sides exchanged."""
        return Moments(self.n, self.y, self.x, self.yy, self.xy.swapaxes(1, 2), self.xx)


def _outer(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[:, :, None] * b[:, None, :]


def total(parts: Sequence[Moments]) -> Moments:
    """Sum of several moments about the same means."""
    return reduce(Moments.plus, parts)


def joined(parts: Sequence[Moments]) -> Moments:
    """Moments of several sets of pairings as those of one."""
    return Moments(*(np.concatenate(rows) for rows in zip(*parts, strict=True)))


def split(parts: Sequence[Moments], test: int, training: Sequence[int] | None = None) -> tuple[Moments, Moments]:
    """Training and test moments of folds, both about the means of training, which by default are all other folds."""
    training = [g for g in range(len(parts)) if g != test] if training is None else training
    whole = total([parts[g] for g in training])
    means = whole.x / whole.n[:, None], whole.y / whole.n[:, None]
    return whole.about(*means), parts[test].about(*means)


def lag_windows(n: int, lag: int) -> tuple[slice, slice]:
    """TrialFrames of the predictor and of the neurons, of n, that belong together at a lag in frames."""
    return slice(max(0, -lag), n - max(0, lag)), slice(max(0, lag), n - max(0, -lag))


class LaggedSums(NamedTuple):
    """Sums of G folds at L lags for N pairings, of sides with a last column of ones.

    Of two neighbouring lags, the one that is nearer to 0 has all frames of the neurons that the other has, and one more
    in each trial. ``near_xx`` and ``near_xy`` are sums at the nearer one over the frames that both have.
    """

    xx: np.ndarray  # (G, L, p + 1, p + 1)
    xy: np.ndarray  # (G, L, N, p + 1, q + 1)
    yy: np.ndarray  # (G, L, N, q + 1, q + 1)
    near_xx: np.ndarray  # (G, L - 1, p + 1, p + 1)
    near_xy: np.ndarray  # (G, L - 1, N, p + 1, q + 1)

    def at(self, lag: int | np.ndarray, which: slice | np.ndarray = slice(None)) -> list[Moments]:
        """Moments of each fold at a lag by its number, or at one for each of the pairings."""
        n = np.arange(self.xy.shape[2])[which]
        lag = np.broadcast_to(lag, n.shape)
        return [_moments(xx[lag], xy[lag, n], yy[lag, n]) for xx, xy, yy in zip(self.xx, self.xy, self.yy, strict=True)]

    def first(self) -> "LaggedSums":
        """Sums of the actual pairing only, in arrays of their own."""
        xy, yy, near_xy = (sums[:, :, :1].copy() for sums in (self.xy, self.yy, self.near_xy))
        return LaggedSums(self.xx, xy, yy, self.near_xx, near_xy)


def _moments(xx: np.ndarray, xy: np.ndarray, yy: np.ndarray) -> Moments:
    return Moments(xx[:, -1, -1], xx[:, :-1, -1], xy[:, -1, :-1], xx[:, :-1, :-1], xy[:, :-1, :-1], yy[:, :-1, :-1])


def with_ones(values: np.ndarray) -> np.ndarray:
    """Values with one more column, of ones."""
    return np.concatenate([values, np.ones((*values.shape[:-1], 1))], axis=-1)


def lagged_sums(
    x: TrialFrames, y: TrialFrames, folds: np.ndarray, pairings: Pairings, lags: Sequence[int]
) -> Iterator[LaggedSums]:
    """Sums for trials (T_i, p) of the predictor and (T_i, q) of the neurons, for consecutive lags in frames.

    Of some pairings at a time, in order: of a thousand, a third of a GB would be needed at once.
    """
    p, q, n_lags = x[0].shape[1] + 1, y[0].shape[1] + 1, len(lags)
    both = [(lag, lag) for lag in lags]
    both += [(one, other) if one >= 0 else (other, one) for one, other in pairwise(lags)]  # the nearer, and the farther
    xx = np.zeros((folds.max() + 1, len(both), p, p))
    xy: list[np.ndarray] = [np.empty(0)] * len(x)
    yy, last, others, squares = [*xy], np.empty(0), np.empty(0), np.empty(0)
    for i, found in pairings.each(y):
        own = with_ones(x[i])
        if found is not last:
            last, others = found, with_ones(found)
            squares = np.stack([_squares(others, lag) for lag in lags], axis=1)
        n_others = found.shape[1]
        cross = np.empty((n_others, len(both), p, q))
        for k, (lag, frames) in enumerate(both):
            of_y = lag_windows(len(own), frames)[1]
            part = own[of_y.start - lag : of_y.stop - lag]
            xx[folds[i], k] += part.T @ part
            product = part.T @ others[of_y].reshape(-1, n_others * q)
            cross[:, k] = product.reshape(p, -1, q).swapaxes(0, 1)
        xy[i], yy[i] = cross, squares
    for start in range(0, len(pairings), _AT_ONCE):
        of_xy, of_yy = (_chosen_sums(of, folds, pairings.chosen[start : start + _AT_ONCE]) for of in (xy, yy))
        yield LaggedSums(xx[:, :n_lags], of_xy[:, :n_lags], of_yy, xx[:, n_lags:], of_xy[:, n_lags:])


def explained_by_lag(sums: LaggedSums, lags: Sequence[int], test: int) -> np.ndarray:
    """Variance of the neurons that the predictor explains on the training reaches, more than at lag 0, (L, N).

    Frames without a partner are left out, at each lag others. Where neurons vary most in some of them, as they may at
    the start of a reach, lags that keep these would be favoured. So each lag is compared with its neighbour on the
    frames that both have, and the differences are added up from lag 0.
    """
    value, zero = np.zeros((len(lags), sums.xy.shape[2])), lags.index(0)
    for k in [*range(zero, len(lags) - 1), *range(zero - 1, -1, -1)]:
        near, far = (k, k + 1) if k >= zero else (k + 1, k)
        gain = _explained(sums.xx[:, far], sums.xy[:, far], test)
        value[far] = value[near] + gain - _explained(sums.near_xx[:, k], sums.near_xy[:, k], test)
    return value


def _explained(xx: np.ndarray, xy: np.ndarray, test: int) -> np.ndarray:
    """Variance explained per frame by sums (G, p + 1, p + 1) and (G, N, p + 1, q + 1), without bias of a fit, (N,).

    |L^-1 C|^2, with xx = L L' and C = xy about the means, is what least squares explain of the reaches that they were
    fitted to. Here C is a sum over folds, and only products of different folds are taken, which are unbiased.
    """
    training = [g for g in range(len(xx)) if g != test]
    whole, p, n = xx[training].sum(axis=0), xx.shape[-1] - 1, len(training)
    mean = whole[-1, :p] / whole[-1, -1]
    square = whole[:p, :p] - whole[-1, -1] * np.outer(mean, mean)
    inverse = np.linalg.inv(np.linalg.cholesky(square + _RIDGE * np.trace(square) / p * np.eye(p)))
    along = np.hstack([inverse, -(inverse @ mean)[:, None]]) @ xy[training]  # of x about its mean, (n, N, p, q + 1)
    mean_y = xy[training].sum(axis=0)[:, -1, :-1] / whole[-1, -1]
    each = along[..., :-1] - along[..., -1:] * mean_y[:, None]
    within = np.square(each).sum(axis=(0, 2, 3))
    return n / (n - 1) * (np.square(each.sum(axis=0)).sum(axis=(1, 2)) - within) / whole[-1, -1]


def _squares(others: np.ndarray, lag: int) -> np.ndarray:
    """Sums of products of each alternative, (T, A, q), with itself, (A, q, q), over its frames at a lag."""
    part = others[lag_windows(len(others), lag)[1]].swapaxes(0, 1)
    return part.swapaxes(1, 2) @ part


def _chosen_sums(tables: Sequence[np.ndarray], folds: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Sums over the trials of each fold of what pairings choose, (N, trials), of (A, L, a, b) each, (G, L, N, a, b)."""
    n, shape = len(chosen), tables[0].shape[1:]
    result = np.empty((folds.max() + 1, shape[0], n, *shape[1:]))
    for fold in range(len(result)):
        own = [i for i in range(len(tables)) if folds[i] == fold]
        table = np.concatenate([tables[i] for i in own])
        starts = np.cumsum([0, *(len(tables[i]) for i in own[:-1])])
        columns = (chosen[:, own] + starts).ravel()
        pick = csr_array((np.ones(len(columns)), columns, np.arange(n + 1) * len(own)), shape=(n, len(table)))
        for k in range(shape[0]):
            result[fold, k] = (pick @ table[:, k].reshape(len(table), -1)).reshape(n, *shape[1:])
    return result


PENALTIES = 10.0 ** np.arange(-5, 3)
"""That are tried, as multiples of the mean eigenvalue of the training scatter of the regressors."""


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


def fitted_weights(train: Moments, penalties: np.ndarray) -> np.ndarray:
    """Weights (N, p, targets) for moments about means, with a penalty (N, targets) for each as in `errors`."""
    size, basis = np.linalg.eigh(train.xx)
    size = np.maximum(size, 0)
    scale = size.mean(axis=1)[:, None, None]
    divided = size[:, :, None] + np.maximum(penalties[:, None] * scale, np.finfo(float).tiny)
    return basis @ (basis.swapaxes(1, 2) @ train.xy / divided)


def residuals(
    x: Sequence[np.ndarray],
    y: Sequence[np.ndarray],
    folds: np.ndarray,
    test: int,
    penalty: float | None = None,
    times: float = 1.0,
) -> list[np.ndarray]:
    """What ridge regression of y on x, fitted to all folds but one, leaves of y, (T_i, targets) of each trial.

    The penalty is a multiple of the mean eigenvalue, as in `errors`; None: it is chosen for each target, and
    taken so many times.
    """
    parts = []
    for fold in range(folds.max() + 1):
        own = [i for i in range(len(folds)) if folds[i] == fold]
        parts.append(_moments_of(*(np.concatenate([side[i] for i in own]) for side in (x, y))))
    penalties = times * held_out(parts, test)[2] if penalty is None else np.full((1, y[0].shape[1]), penalty)
    training = total([part for g, part in enumerate(parts) if g != test])
    mean_x, mean_y = training.x / training.n[:, None], training.y / training.n[:, None]
    weights = fitted_weights(training.about(mean_x, mean_y), penalties)[0]
    return [own - mean_y[0] - (of - mean_x[0]) @ weights for of, own in zip(x, y, strict=True)]


def _moments_of(x: np.ndarray, y: np.ndarray) -> Moments:
    n = np.array([float(len(x))])
    return Moments(
        n, x.sum(axis=0)[None], y.sum(axis=0)[None], (x.T @ x)[None], (x.T @ y)[None], (y**2).sum(axis=0)[None]
    )
