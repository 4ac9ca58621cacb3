"""Similarity of geometry: centred kernel alignment, the angle that is left after the best rotation, and whether reaches
that differ for the network differ for the neurons.
"""

import numpy as np

from mousearm.analysis import decompose
from mousearm.neural.measures.design import Design, Fold, Values, over_folds
from mousearm.neural.measures.moments import Moments, lag_windows
from mousearm.registry import SIMILARITIES


@SIMILARITIES.add
def cka(design: Design) -> Values:
    """Linear centred kernel alignment without the bias of few samples.

    CKA = |C|^2 / (|A| |B|) with the cross-covariance C of the sides and their covariances A and B (Kornblith et al.
    2019, ICML). |C|^2 of few samples is too large, even of sides that have nothing in common. Here each |.|^2 is the
    product of a covariance on training reaches with that on held-out ones, of which noise has the mean 0, so that CKA
    of unrelated sides is about 0, and may be below it. The frames of a reach are no independent samples: leaving out
    products of a frame with itself, as the debiased estimate of Song et al. 2012 (JMLR 13:1393-1434) does, would not
    be enough.

    Unchanged by rotations, reflections and scaling of all of a side; changed by scaling of single directions.
    """
    return over_folds(design, _cka)


def _cka(train: Moments, test: Moments, fold: Fold) -> np.ndarray:
    def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a * b).sum(axis=(1, 2))

    return product(train.xy, test.xy) / np.sqrt(product(train.xx, test.xx) * product(train.yy, test.yy))


@SIMILARITIES.add
def procrustes(design: Design) -> Values:
    """Angular Procrustes similarity: 1 - 2 theta / pi, with the angle theta after the best rotation.

    The rotation Q = U V' of C = U S V' is fitted to training reaches; cos theta = tr(Q' C) / sqrt(tr A tr B) on the
    held-out ones (Williams et al. 2021, NeurIPS). Unchanged by rotations, reflections and scaling of all of a side.
    """
    return over_folds(design, _procrustes)


def _procrustes(train: Moments, test: Moments, fold: Fold) -> np.ndarray:
    left, _, right = decompose(train.xy)
    size = np.trace(test.xx, axis1=1, axis2=2) * np.trace(test.yy, axis1=1, axis2=2)
    cosine = ((left @ right) * test.xy).sum(axis=(1, 2)) / np.sqrt(size)
    return 1 - 2 / np.pi * np.arccos(np.clip(cosine, -1, 1))


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
    n, n_lags = len(design), len(design.lags)
    which = np.concatenate([np.arange(n), np.zeros(n_lags, dtype=int)])
    each = []
    for fold in design.folds:
        lag = np.concatenate([fold.lag, np.arange(n_lags)])
        of_x, of_y = _patterns(design, fold, which, lag)
        each.append(_correlation(crossnobis(*of_x), crossnobis(*of_y)))
    value = np.mean(each, axis=0)
    return Values(value[:n], np.array(each)[:, 0], value[n:])


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
