"""Canonical correlations, fitted on training reaches and scored on held-out ones; and the angles of subspaces.

With C = xy, A = xx, B = yy of training and A^-1/2 C B^-1/2 = U S V', directions are a = A^-1/2 U and b = B^-1/2 V.
On the data that they were fitted to, even unrelated sides correlate; on held-out reaches they do not.
"""

import numpy as np

from mousearm.analysis import decompose
from mousearm.neural.measures.design import Design, Fold, Values, over_folds
from mousearm.neural.measures.moments import Moments
from mousearm.registry import SIMILARITIES

SVCCA_KEPT = 0.99
"""Share of a side's variance on training reaches that SVCCA keeps."""
N_ANGLES = 3
"""Dimensions of the subspaces between which angles are measured."""
_RANK = 1e-10  # share of the largest variance below which a direction is none


@SIMILARITIES.add
def cca(design: Design) -> Values:
    """Canonical correlation analysis: mean correlation on held-out reaches of the directions fitted on the others.

    Unchanged by every invertible linear map of either side, so that strong and weak directions count alike.
    """
    return over_folds(design, lambda train, test, _: canonical_correlations(train, test)[0].mean(axis=1))


@SIMILARITIES.add
def svcca(design: Design) -> Values:
    """Singular-vector CCA: the same, of the first components of each side that keep 99 % of its variance.

    Raghu et al. 2017, NeurIPS. The variance is that of the prepared components on training reaches. Unchanged by
    rotations and scaling of all of a side.
    """
    return over_folds(design, _svcca)


@SIMILARITIES.add
def pwcca(design: Design) -> Values:
    """Projection-weighted CCA: correlations count by how much of the neurons' activity lies along their direction.

    Morcos et al. 2018, NeurIPS: the weight of direction b is sum_j |<b'y, y_j>| over the neurons y_j, on training
    reaches. Unchanged by every invertible map of the predictor.
    """
    return over_folds(design, _pwcca)


@SIMILARITIES.add
def principal_angles(design: Design) -> Values:
    """Subspace overlap: mean squared cosine between the three main dimensions of neurons and those of their prediction.

    The prediction is least squares from the predictor, fitted on training reaches; both subspaces are those of most
    variance on held-out ones. 1 - value is the mean squared sine of the principal angles. Unchanged by every invertible
    map of the predictor, and by rotations and scaling of all of the neurons.
    """
    return over_folds(design, _overlap)


def _root(matrix: np.ndarray) -> np.ndarray:
    """Inverse square roots of symmetric matrices (N, p, p), 0 along directions without variance."""
    size, basis = np.linalg.eigh(matrix)
    real = size > _RANK * size[:, -1:]
    return (basis / np.sqrt(np.where(real, size, np.inf))[:, None, :]) @ basis.swapaxes(1, 2)


def canonical_correlations(train: Moments, test: Moments) -> tuple[np.ndarray, np.ndarray]:
    """Correlations on test frames (N, k), the best on training first, and directions b of y (N, q, k)."""
    of_x, of_y = _root(train.xx), _root(train.yy)
    left, _, right = decompose(of_x @ train.xy @ of_y)
    a, b = of_x @ left, of_y @ right.swapaxes(1, 2)
    seen = test.centred()
    along = (a * (seen.xy @ b)).sum(axis=1)
    power = (a * (seen.xx @ a)).sum(axis=1) * (b * (seen.yy @ b)).sum(axis=1)
    moves = power > 0
    return np.where(moves, along / np.sqrt(np.where(moves, power, 1)), 0), b


def _pwcca(train: Moments, test: Moments, fold: Fold) -> np.ndarray:
    correlations, b = canonical_correlations(train, test)
    weights = np.abs(fold.of_y.directions.T @ train.yy @ b).sum(axis=1)  # |<b'y, y_j>| summed over neurons j
    return (weights * correlations).sum(axis=1) / weights.sum(axis=1)


def _svcca(train: Moments, test: Moments, _: Fold) -> np.ndarray:
    def main(matrix: np.ndarray) -> np.ndarray:
        size, basis = np.linalg.eigh(matrix)
        before = np.cumsum(size[:, ::-1], axis=1)[:, ::-1] - size  # variance of the larger ones
        kept = before < SVCCA_KEPT * size.sum(axis=1, keepdims=True)
        return basis * kept[:, None, :]

    of_x, of_y = main(train.xx), main(train.yy)
    n = np.minimum((of_x != 0).any(axis=1).sum(axis=1), (of_y != 0).any(axis=1).sum(axis=1))
    correlations, _directions = canonical_correlations(_turn(train, of_x, of_y), _turn(test, of_x, of_y))
    counted = np.arange(correlations.shape[1]) < n[:, None]
    return np.where(counted, correlations, 0).sum(axis=1) / n


def _turn(of: Moments, a: np.ndarray, b: np.ndarray) -> Moments:
    """Moments of a'x and b'y."""

    def along(sums: np.ndarray, by: np.ndarray) -> np.ndarray:
        return (sums[:, None] @ by)[:, 0]

    left, right = a.swapaxes(1, 2), b.swapaxes(1, 2)
    return Moments(of.n, along(of.x, a), along(of.y, b), left @ of.xx @ a, left @ of.xy @ b, right @ of.yy @ b)


def _overlap(train: Moments, test: Moments, _: Fold) -> np.ndarray:
    cosines = overlap_cosines(train, test)
    return np.square(cosines).mean(axis=1)


def overlap_cosines(train: Moments, test: Moments) -> np.ndarray:
    """Cosines of the principal angles between subspaces of y and of its prediction from x, (N, k), largest first."""
    of_x = _root(train.xx)
    weights = of_x @ of_x @ train.xy
    seen = test.centred()
    k = min(N_ANGLES, train.yy.shape[1], train.xx.shape[1])

    def main(matrix: np.ndarray) -> np.ndarray:
        return np.linalg.eigh(matrix)[1][:, :, -k:]

    predicted = main(weights.swapaxes(1, 2) @ seen.xx @ weights)
    return np.linalg.svd(main(seen.yy).swapaxes(1, 2) @ predicted, compute_uv=False)
