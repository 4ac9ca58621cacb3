"""Representational similarity: whether reaches that differ for the network differ for the neurons."""

import numpy as np

from mousearm.neural.measures.design import Design, Fold
from mousearm.neural.measures.moments import lag_windows
from mousearm.neural.measures.values import Values
from mousearm.registry import SIMILARITIES

EPOCHS = 2
"""Parts of a reach that are conditions of their own."""


@SIMILARITIES.add
def rsa(design: Design) -> Values:
    """Representational similarity analysis: Pearson's r of the cross-validated distances of both sides.

    Conditions are the halves of each held-out reach. The distance of two is that of crossnobis with the noise as it is
    (Walther et al. 2016, NeuroImage 137:188-200): the product of their differences in the first and in the second half
    of the condition's frames, whose noise is independent as far as it is shorter than a quarter of a reach. Unchanged
    by rotations, reflections and scaling of all of a side.
    """
    n, n_lags, band = len(design), len(design.lags), min(_BAND, len(design))
    which = np.concatenate([np.arange(n), np.repeat(np.arange(band), n_lags)])
    each = []
    for fold in design.folds:
        lag = np.concatenate([fold.lag, np.tile(np.arange(n_lags), band)])
        of_x, of_y = _patterns(design, fold, which, lag)
        each.append(_correlation(crossnobis(*of_x), crossnobis(*of_y)))
    value = np.mean(each, axis=0)
    return Values(value[:n], np.array(each)[:, 0], value[n:].reshape(band, n_lags))


_BAND = 101  # pairings that are computed at all lags


def crossnobis(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Cross-validated distances of conditions from two measurements (..., conditions, n), over n, (..., pairs)."""
    product = first @ second.swapaxes(-1, -2)
    own = np.diagonal(product, axis1=-2, axis2=-1)
    distance = own[..., :, None] + own[..., None, :] - product - product.swapaxes(-1, -2)
    rows, columns = np.triu_indices(first.shape[-2], 1)
    return distance[..., rows, columns] / first.shape[-1]


def _patterns(design: Design, fold: Fold, which: np.ndarray, lag: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Patterns of the held-out reaches for M pairings, each at a lag, of both sides, (2, M, conditions, n)."""
    test = set(np.flatnonzero(design.fold_of == fold.number).tolist())
    of_x, of_y = [], []
    for i, alternatives in design.pairings.each(fold.y):
        if i not in test:
            continue
        windows = [lag_windows(len(alternatives), shift) for shift in design.lags]
        own = np.stack([_parts(fold.x[i], window) for window, _ in windows])
        other = np.stack([_parts(alternatives, window) for _, window in windows])
        of_x.append(own[lag])
        of_y.append(other[lag, :, :, design.pairings.chosen[which, i]])
    return _halves(of_x), _halves(of_y)


def _parts(values: np.ndarray, window: slice) -> np.ndarray:
    """Means of frames (T, ...) over the first and the second part of each epoch of a window, (epochs, 2, ...)."""
    edges = np.linspace(window.start, window.stop, 2 * EPOCHS + 1).round().astype(int)
    sums = np.add.reduceat(values[: window.stop], edges[:-1], axis=0)
    lengths = np.diff(edges).reshape(-1, *[1] * (values.ndim - 1))
    return (sums / lengths).reshape(EPOCHS, 2, *values.shape[1:])


def _halves(trials: list[np.ndarray]) -> np.ndarray:
    """Patterns of trials (M, epochs, 2, n) as two measurements of conditions, (2, M, conditions, n)."""
    conditions = np.concatenate(trials, axis=1)
    return conditions.swapaxes(0, 2).swapaxes(1, 2)


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = (values - values.mean(axis=1, keepdims=True) for values in (a, b))
    size = np.sqrt(np.square(a).sum(axis=1) * np.square(b).sum(axis=1))
    return np.where(size > 0, (a * b).sum(axis=1) / np.where(size > 0, size, 1), 0)
