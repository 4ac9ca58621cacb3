"""Ridge regression from moments, of many pairings and targets at once, with penalties chosen by cross-validation."""

from collections.abc import Sequence

import numpy as np

from mousearm.neural.measures.moments import Moments, split, total

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


def residuals(x: Sequence[np.ndarray], y: Sequence[np.ndarray], folds: np.ndarray, test: int) -> list[np.ndarray]:
    """What ridge regression of y on x, fitted to all folds but one, leaves of y, (T_i, targets) of each trial."""
    parts = []
    for fold in range(folds.max() + 1):
        own = [i for i in range(len(folds)) if folds[i] == fold]
        parts.append(_moments_of(*(np.concatenate([side[i] for i in own]) for side in (x, y))))
    _, _, penalties = held_out(parts, test)
    training = total([part for g, part in enumerate(parts) if g != test])
    mean_x, mean_y = training.x / training.n[:, None], training.y / training.n[:, None]
    weights = fitted_weights(training.about(mean_x, mean_y), penalties)[0]
    return [own - mean_y[0] - (of - mean_x[0]) @ weights for of, own in zip(x, y, strict=True)]


def _moments_of(x: np.ndarray, y: np.ndarray) -> Moments:
    n = np.array([float(len(x))])
    return Moments(
        n, x.sum(axis=0)[None], y.sum(axis=0)[None], (x.T @ x)[None], (x.T @ y)[None], (y**2).sum(axis=0)[None]
    )
