"""Quadratic programmes within bounds, many small ones at once."""

import numpy as np

_MOST = 40
_ROUNDING = 1e-12


def box_minimum(
    hessian: np.ndarray, slope: np.ndarray, low: np.ndarray, high: np.ndarray, guess: np.ndarray | float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """The x, (N, m), of N problems: min slope x + x hessian x / 2 within low <= x <= high; and which of it is free.

    Projected Newton method (Bertsekas 1982, SIAM J Control Optim 20:221-246; as in Tassa, Mansard and Todorov 2014):
    what is at a bound and would leave it is held, the rest does a Newton step, as far along the bounds as pays.
    Hessians are (N, m, m), positive definite. The search begins at a guess, (N, m), which says how long it takes.
    """
    x = np.clip(np.broadcast_to(guess, slope.shape), low, high)
    size, free = 1 + np.abs(slope).max(axis=1), np.ones(x.shape, dtype=bool)
    i, diagonal = np.arange(len(x)), np.arange(slope.shape[1])  # those that are not done
    for _ in range(_MOST):
        gradient = slope[i] + np.matvec(hessian[i], x[i])
        free[i] = ~(((x[i] <= low[i]) & (gradient > 0)) | ((x[i] >= high[i]) & (gradient < 0)))
        wanted = np.where(free[i], gradient, 0)
        is_open = np.abs(wanted).max(axis=1) > _ROUNDING * size[i]
        i, wanted, gradient = i[is_open], wanted[is_open], gradient[is_open]
        if not len(i):
            break
        part = hessian[i] * (free[i, :, None] & free[i, None])
        part[:, diagonal, diagonal] += ~free[i]
        step = -np.linalg.solve(part, wanted[..., None])[..., 0]
        x[i] = _along(hessian[i], slope[i], x[i], step, low[i], high[i], gradient)
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
    """The whole step where it is within the bounds; elsewhere half of it until it pays (Armijo's rule along them)."""

    def value(at: np.ndarray, i: np.ndarray) -> np.ndarray:
        return np.vecdot(at, slope[i] + np.matvec(hessian[i], at) / 2)

    best, share = x + step, 1.0
    i = np.flatnonzero(((best < low) | (best > high)).any(axis=1))
    before = value(x[i], i)
    for _ in range(30):
        best[i] = np.clip(x[i] + share * step[i], low[i], high[i])
        worse = value(best[i], i) - before > 0.1 * np.vecdot(gradient[i], best[i] - x[i]) + 1e-15 * np.abs(before)
        i, before, share = i[worse], before[worse], share / 2
        if not len(i):
            break
    return best
