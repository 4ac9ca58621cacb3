"""Quadratic programmes within bounds, many small ones at once."""

import numpy as np

_MOST = 40
_ROUNDING = 1e-12


def box_minimum(
    hessian: np.ndarray, slope: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The x, (N, m), of N problems: min slope x + x hessian x / 2 within low <= x <= high; and which of it is free.

    Projected Newton method (Bertsekas 1982, SIAM J Control Optim 20:221-246; as in Tassa, Mansard and Todorov 2014):
    what is at a bound and would leave it is held, the rest does a Newton step, as far along the bounds as pays.
    Hessians are (N, m, m), positive definite.
    """
    x = np.clip(np.zeros_like(slope), low, high)
    m, size = slope.shape[1], 1 + np.abs(slope).max(axis=1)
    diagonal = np.arange(m)
    free = np.ones(x.shape, dtype=bool)
    for _ in range(_MOST):
        gradient = slope + np.matvec(hessian, x)
        free = ~(((x <= low) & (gradient > 0)) | ((x >= high) & (gradient < 0)))
        wanted = np.where(free, gradient, 0)
        open_ = np.abs(wanted).max(axis=1) > _ROUNDING * size
        if not open_.any():
            break
        i = np.flatnonzero(open_)
        part = hessian[i] * (free[i, :, None] & free[i, None])
        part[:, diagonal, diagonal] += ~free[i]
        step = -np.linalg.solve(part, wanted[i][..., None])[..., 0]
        x[i] = _along(hessian[i], slope[i], x[i], step, low[i], high[i], gradient[i])
    return x, free


def _along(
    hessian: np.ndarray,
    slope: np.ndarray,
    x: np.ndarray,
    step: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    gradient: np.ndarray,
) -> np.ndarray:
    """Half the step until it pays (Armijo's rule along the projection)."""

    def value(at: np.ndarray) -> np.ndarray:
        return np.vecdot(at, slope + np.matvec(hessian, at) / 2)

    share, before, best = np.ones(len(x)), value(x), x
    for _ in range(30):
        best = np.clip(x + share[:, None] * step, low, high)
        worse = value(best) - before > 0.1 * np.vecdot(gradient, best - x) + 1e-15 * np.abs(before)
        if not worse.any():
            break
        share = np.where(worse, share / 2, share)
    return best
