# ruff: noqa
"""Control-limited differential dynamic programming of many trajectories side by side."""

from typing import NamedTuple

import numpy as np

from mousearm.optimal.box import box_minimum
from mousearm.optimal.cost import Cost
from mousearm.optimal.inputs import Inputs

_SHARES = 0.5 ** np.arange(10)


class Path(NamedTuple):
    state: np.ndarray  # (N, T, n)
    ctrl: np.ndarray  # (N, T - 1, nu)
    measured: np.ndarray  # (N, T, m)
    cost: np.ndarray  # (N,)


class Solution(NamedTuple):
    """The best trajectories that were found, N of them."""

    state: np.ndarray  # (N, T, n)
    ctrl: np.ndarray  # (N, T - 1, nu)
    gains: np.ndarray  # (N, T - 1, nu, n)
    cost: np.ndarray  # (N,)
    gradient: np.ndarray  # (N,)
    iterations: np.ndarray  # (N,)
    converged: np.ndarray  # (N,)


class Model(NamedTuple):
    """Second order in inputs around a path."""

    a: np.ndarray  # (N, T-1, n, n)
    b: np.ndarray  # (N, T-1, n, nu)
    lx: np.ndarray
    lu: np.ndarray
    lxx: np.ndarray
    lux: np.ndarray
    luu: np.ndarray
    gradient: np.ndarray  # (N, T-1, nu) of cost by ctrl


class Policy(NamedTuple):
    step: np.ndarray  # (N, T-1, nu) inputs
    gains: np.ndarray  # (N, T-1, nu, n)
    first: np.ndarray  # (N,) expected change linear
    second: np.ndarray  # (N,)


def expand(system, cost: Cost, path: Path, inputs: Inputs) -> Model:
    N, T, n = path.state.shape
    nu = path.ctrl.shape[2]
    a = np.zeros((N, T, n, n))
    b = np.zeros((N, T, n, nu))
    c = np.zeros((N, T, path.measured.shape[2], n))
    live = np.arange(T) < cost.n_frames[:, None]
    ctrl = np.concatenate([path.ctrl, path.ctrl[:, -1:]], axis=1)
    a[live], b[live], c[live] = system.linearise(path.state[live], ctrl[live])
    e = cost.expand(path.state, path.ctrl, path.measured, c)
    a, b = a[:, :-1], b[:, :-1]
    # gradient
    lam = e.by_state[:, -1]
    g = np.empty_like(path.ctrl)
    for t in reversed(range(T - 1)):
        g[:, t] = e.by_ctrl[:, t] + np.vecmat(lam, b[:, t])
        lam = e.by_state[:, t] + np.vecmat(lam, a[:, t])
    g *= cost.steps[:, :, None]
    slope, by_act = inputs.slopes(path.state[:, :-1], path.ctrl)
    cols = inputs.columns
    mus = np.flatnonzero(cols >= 0)
    ux = np.zeros((N, T - 1, nu, n))
    ux[:, :, mus, cols[mus]] = by_act[:, :, mus]
    a = a + b @ ux
    b = b * slope[:, :, None]
    lx = e.by_state.copy()
    lx[:, :-1] += np.vecmat(e.by_ctrl, ux)
    lxx = e.state_state.copy()
    lxx[:, :-1] += (ux * e.ctrl_ctrl[..., None]).mT @ ux
    lux = (e.ctrl_ctrl * slope)[..., None] * ux
    luu = e.ctrl_ctrl * slope**2
    return Model(a, b, lx, e.by_ctrl * slope, lxx, lux, luu, g), slope, ux


def backward(model, low, high, ux, slope, mu, steps, state_mu=0):
    a, b, lx, lu, lxx, lux, luu, _ = model
    N, T1, n, nu = b.shape
    vx, vxx = lx[:, -1], lxx[:, -1]
    k = np.zeros((N, T1, nu))
    K = np.zeros((N, T1, nu, n))
    first, second = np.zeros(N), np.zeros(N)
    eye = np.eye(nu)
    for t in reversed(range(T1)):
        A, B = a[:, t], b[:, t]
        va = vxx @ A
        vb = vxx @ B
        qx = lx[:, t] + np.vecmat(vx, A)
        qu = lu[:, t] + np.vecmat(vx, B)
        qxx = lxx[:, t] + A.mT @ va
        qux = lux[:, t] + B.mT @ va
        quu = luu[:, t, :, None] * eye + B.mT @ vb
        reg = quu + mu[:, None, None] * eye + (~steps[:, t])[:, None, None] * eye
        k[:, t], free = box_minimum(reg, qu, low[:, t], high[:, t])
        held = np.where(free[..., None], 0, -ux[:, t] / slope[:, t, :, None])
        mask = free[:, :, None] & free[:, None]
        part = reg * mask + (~free)[..., None] * eye
        rhs = np.where(free[..., None], -(qux + reg @ held), held)
        K[:, t] = np.linalg.solve(part, rhs)
        K[:, t] *= steps[:, t, None, None]
        kk, KK = k[:, t], K[:, t]
        first += np.vecdot(kk, qu)
        second += np.vecdot(kk, np.matvec(quu, kk))
        both = qu + np.matvec(quu, kk)
        vx = qx + np.vecmat(both, KK) + np.vecmat(kk, qux)
        cross = KK.mT @ qux
        vxx = qxx + KK.mT @ quu @ KK + cross + cross.mT
        vxx = (vxx + vxx.mT) / 2
    return Policy(k, K, first, second)


def roll(system, cost, start, T, policy) -> Path:
    measured = [system.begin(start)]
    state = [start]
    ctrl = []
    for t in range(T - 1):
        u = policy(t, state[-1])
        x, y = system.advance(u)
        ctrl.append(u)
        state.append(x)
        measured.append(y)
    s, c, m = (np.stack(p, axis=1) for p in (state, ctrl, measured))
    j = cost(s, c, m)
    return Path(s, c, m, np.where(np.isfinite(j), j, np.inf))


def free_gradient(g, ctrl, rng):
    low, high = rng.T
    held = ((ctrl <= low) & (g > 0)) | ((ctrl >= high) & (g < 0))
    return np.abs(np.where(held, 0, g)).max(axis=(1, 2))


def solve(system, cost, start, ctrl, most=60, tol=1e-4, verbose=False, mu0=1.0, shares=_SHARES):
    N, T1, nu = ctrl.shape
    T = T1 + 1
    low, high = system.ctrl_range.T
    path = roll(system, cost, start, T, lambda t, x: ctrl[:, t])
    mu = np.full(N, mu0)
    import time

    tt = np.zeros(4)
    stale = True
    for it in range(most):
        t0 = time.process_time()
        if stale:
            inputs = Inputs(system, path.state[:, :-1])
            model, slope, ux = expand(system, cost, path, inputs)
            w = inputs.of_ctrl(path.state[:, :-1], path.ctrl)
            wl = inputs.of_ctrl(path.state[:, :-1], np.broadcast_to(low, path.ctrl.shape)) - w
            wh = inputs.of_ctrl(path.state[:, :-1], np.broadcast_to(high, path.ctrl.shape)) - w
        g = free_gradient(model.gradient, path.ctrl, system.ctrl_range)
        t1 = time.process_time()
        pol = backward(model, wl, wh, ux, slope, mu, cost.steps)
        t2 = time.process_time()
        S = len(shares)
        rows = np.repeat(np.arange(N), S)
        sh = np.tile(shares, N)[:, None]
        many = cost.of(rows)
        inp = inputs.of(rows)

        def act(t, x):
            want = w[rows, t] + sh * pol.step[rows, t] + np.matvec(pol.gains[rows, t], x - path.state[rows, t])
            return np.clip(inp.ctrl(t, x, want), low, high)

        cand = roll(system, many, start[rows], T, act)
        t3 = time.process_time()
        J = cand.cost.reshape(N, S)
        best = J.argmin(axis=1)
        pick = np.arange(N) * S + best
        gain = path.cost - J[np.arange(N), best]
        al = shares[best]
        promised = -(al * pol.first + al**2 / 2 * pol.second)
        ok = gain > 1e-3 * np.maximum(promised, 0)
        ok &= gain > 0
        new = [np.where(ok.reshape(-1, *[1] * (x.ndim - 1)), y[pick], x) for x, y in zip(path, cand)]
        path = Path(*new)
        ratio = gain / promised
        mu = np.where(ok & (al >= 0.5) & (ratio > 0.5), mu / 5, np.where(~ok, mu * 10, np.where(al < 0.25, mu * 2, mu)))
        mu = np.clip(mu, 1e-8, 1e10)
        stale = ok.any()
        tt += [t1 - t0, t2 - t1, t3 - t2, time.process_time() - t3]
        if verbose:
            print(
                it,
                "J",
                path.cost.round(5)[:4],
                "g",
                g.round(6)[:4],
                "a",
                al[:4],
                "mu",
                mu[:4],
                "prom",
                promised[:4],
                "gain",
                gain[:4],
                ok[:4],
            )
        if (g < tol).all():
            break
    if verbose:
        print("times", tt)
    gains = slope[..., None] * pol.gains + ux
    return Solution(
        path.state, path.ctrl, gains * cost.steps[..., None, None], path.cost, g, np.full(N, it + 1), g < tol
    )
