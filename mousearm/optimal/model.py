"""A trajectory's surroundings to second order, in inputs, and what is best within bounds."""

from typing import NamedTuple

import numpy as np

from mousearm.optimal.cost import Cost
from mousearm.optimal.system import Inputs, System

_MOST_STEPS = 40
_ROUNDING = 1e-12


class Path(NamedTuple):
    """N trajectories as they were performed."""

    state: np.ndarray  # (N, T, n)
    ctrl: np.ndarray  # (N, T - 1, nu)
    measured: np.ndarray  # (N, T, m)
    cost: np.ndarray  # (N,)


class LocalModel(NamedTuple):
    """How the next states and the cost depend on states x and inputs w around N trajectories."""

    a: np.ndarray  # (N, T - 1, n, n) next state by x
    b: np.ndarray  # (N, T - 1, n, nu) next state by w
    cost_x: np.ndarray  # (N, T, n)
    cost_w: np.ndarray  # (N, T - 1, nu)
    cost_xx: np.ndarray  # (N, T, n, n)
    cost_wx: np.ndarray  # (N, T - 1, nu, n)
    cost_ww: np.ndarray  # (N, T - 1, nu), a diagonal
    ctrl_w: np.ndarray  # (N, T - 1, nu) controls by w, a diagonal
    ctrl_x: np.ndarray  # (N, T - 1, nu, n) controls by x, with w held
    low: np.ndarray  # (N, T - 1, nu) bounds of changes of w
    high: np.ndarray  # (N, T - 1, nu)
    gradient: np.ndarray  # (N, T - 1, nu) of the whole cost by controls, through all that follows
    up: np.ndarray  # (N, T - 1, nu) of `Inputs`
    down: np.ndarray


def local_model(system: System, cost: Cost, path: Path) -> LocalModel:
    """Expand steps and cost around trajectories."""
    (n_paths, n_frames, n), nu = path.state.shape, path.ctrl.shape[2]
    a, b = np.zeros((n_paths, n_frames, n, n)), np.zeros((n_paths, n_frames, n, nu))
    c = np.zeros((*path.measured.shape, n))
    lived = np.arange(n_frames) < cost.n_frames[:, None]
    ctrl = np.concatenate([path.ctrl, path.ctrl[:, -1:]], axis=1)
    a[lived], b[lived], c[lived] = system.linearise(path.state[lived], ctrl[lived])
    a, b, state = a[:, :-1], b[:, :-1], path.state[:, :-1]
    expansion = cost.expand(path.state, path.ctrl, path.measured, c)
    gradient = _adjoint(a, b, expansion.by_state, expansion.by_ctrl, cost.steps)
    inputs = Inputs.around(system, state)
    ctrl_w, ctrl_x = inputs.slopes(state, path.ctrl)
    now = inputs.of(state, path.ctrl)
    cost_x, cost_xx = expansion.by_state, expansion.state_state
    cost_x[:, :-1] += np.vecmat(expansion.by_ctrl, ctrl_x)
    crossed = expansion.ctrl_state + expansion.ctrl_ctrl[..., None] * ctrl_x
    half = ctrl_x.mT @ (expansion.ctrl_state + crossed) / 2
    cost_xx[:, :-1] += half + half.mT
    return LocalModel(
        a + b @ ctrl_x,
        b * ctrl_w[:, :, None],
        cost_x,
        expansion.by_ctrl * ctrl_w,
        cost_xx,
        ctrl_w[..., None] * crossed,
        expansion.ctrl_ctrl * ctrl_w**2,
        ctrl_w,
        ctrl_x,
        inputs.of(state, np.broadcast_to(system.ctrl_range[:, 0], path.ctrl.shape)) - now,
        inputs.of(state, np.broadcast_to(system.ctrl_range[:, 1], path.ctrl.shape)) - now,
        gradient,
        inputs.up,
        inputs.down,
    )


def _adjoint(a: np.ndarray, b: np.ndarray, by_state: np.ndarray, by_ctrl: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The gradient of the whole cost, exact: backwards through the steps."""
    gradient, costate = by_ctrl.copy(), by_state[:, -1]
    for t in reversed(range(len(by_ctrl[0]))):
        gradient[:, t] += np.vecmat(costate, b[:, t])
        costate = by_state[:, t] + np.vecmat(costate, a[:, t])
    return gradient * steps[..., None]


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
    for _ in range(_MOST_STEPS):
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
