"""The best plan for a whole reach in the linear model around it, with all controls within their bounds.

A linear-quadratic problem with bounds, solved by a primal-dual active set (Hintermüller, Ito and Kunisch 2002, SIAM J
Optim 13:865-888): with what is held at a bound given, a backward pass through the steps (Riccati) finds the best rest.
The plan is then followed: what would leave its bounds is held in the next pass, and what is held but would rather come
back is released, until nothing changes. To decide this in each step alone, for the state from which nothing deviates,
as Tassa, Mansard and Todorov (2014) do, lets all steps before count on muscles that have no room: a fifth of the
controls of a good movement are within 0.001 of their lowest, and such plans promise what no share of them keeps.
"""

from typing import NamedTuple

import numpy as np

from mousearm.optimal.model import LocalModel, box_minimum

_MOST_PASSES = 12
_BEYOND = 1e-9  # inputs that are farther beyond a bound are held


class ReachPlan(NamedTuple):
    """What to do around N trajectories: the w that minimises w (slope + cross x + curvature w / 2), within its bounds.

    x and w are changes of states and inputs.
    """

    slope: np.ndarray  # (N, T - 1, nu)
    cross: np.ndarray  # (N, T - 1, nu, n)
    curvature: np.ndarray  # (N, T - 1, nu, nu)
    offset: np.ndarray  # (N, T - 1, nu) where the same inputs are held as in the plan, w is offset + gains x
    gains: np.ndarray  # (N, T - 1, nu, n)
    start: np.ndarray  # (N, n) change of the first state
    first: np.ndarray  # (N,) change of the cost that the plan promises, of first order in its share
    second: np.ndarray  # (N,) and of second order
    held: np.ndarray  # (N, T - 1, nu) -1 where an input is at its lowest, 1 where at its highest, else 0


def plan(
    model: LocalModel,
    columns: np.ndarray,
    steps: np.ndarray,
    damping: np.ndarray,
    start_range: np.ndarray,
    held: np.ndarray,
) -> ReachPlan:
    """Plan for N trajectories, whose activations are ``columns`` (nu,) of the states, on their ``steps`` (N, T - 1).

    ``damping``, (N,) mm^2, keeps inputs near those that they were: it is what a change of 1 costs, twice. The first
    state changes within ``start_range``, (2, N, n). ``held`` is where the search for what is held begins.
    """
    rows, found = np.arange(len(held)), None
    for _ in range(_MOST_PASSES):
        part = type(model)._make(array[rows] for array in model)
        fresh = _Pass(part, columns, steps[rows], damping[rows], start_range[:, rows], held).plan()
        for array, new in zip(found := found or fresh, fresh, strict=True):
            array[rows] = new
        changed = (fresh.held != held).any(axis=(1, 2))
        rows, held = rows[changed], fresh.held[changed]
        if not len(rows):
            break
    assert found is not None
    return found


class _Pass:
    """One pass back and one along K trajectories, with given inputs held."""

    def __init__(
        self,
        model: LocalModel,
        columns: np.ndarray,
        steps: np.ndarray,
        damping: np.ndarray,
        start_range: np.ndarray,
        held: np.ndarray,
    ):
        self._model, self._columns, self._steps, self._held = model, columns, steps, held
        self._damping, self._start_range = damping, start_range
        # How far bounds of inputs follow the activation.
        self._low_by, self._high_by = 1 - model.down, 1 - model.up

    def plan(self) -> ReachPlan:
        """What is best, and what is to be held in the next pass."""
        backwards, (v_x, v_xx) = self._back()
        start = self._first_state(v_x, v_xx)
        slope, cross, curvature, offset, gains = (np.stack(rows, axis=1) for rows in zip(*backwards, strict=True))
        model, x, held = self._model, start, self._held.copy()
        first, second = np.zeros((2, len(start)))
        for t in range(held.shape[1]):
            w = offset[:, t] + np.matvec(gains[:, t], x)
            wanted = slope[:, t] + np.matvec(cross[:, t], x) + np.matvec(curvature[:, t], w)
            held[:, t] = self._next_held(t, x, w, wanted)
            first += np.vecdot(model.cost_x[:, t], x) + np.vecdot(model.cost_w[:, t], w)
            second += np.vecdot(x, np.matvec(model.cost_xx[:, t], x)) + np.vecdot(w, model.cost_ww[:, t] * w)
            second += 2 * np.vecdot(w, np.matvec(model.cost_wx[:, t], x))
            x = np.matvec(model.a[:, t], x) + np.matvec(model.b[:, t], w)
        first += np.vecdot(model.cost_x[:, -1], x)
        second += np.vecdot(x, np.matvec(model.cost_xx[:, -1], x))
        return ReachPlan(slope, cross, curvature, offset, gains, start, first, second, held)

    def _back(self) -> tuple[list[tuple[np.ndarray, ...]], tuple[np.ndarray, np.ndarray]]:
        """Of each step, slope, cross, curvature, offset and gains; and the cost to come of the first state.

        V(x) = min over w of cost + damping |w|^2 / 2 + V'(A x + B w), with some w held.
        """
        model, found = self._model, []
        own = np.eye(model.b.shape[3])
        v_x, v_xx = model.cost_x[:, -1], model.cost_xx[:, -1]
        damping = np.where(self._steps, self._damping[:, None], 1.0)
        for t in reversed(range(model.b.shape[1])):
            a, b = model.a[:, t], model.b[:, t]
            ahead = v_xx @ a
            q_x, q_w = model.cost_x[:, t] + np.vecmat(v_x, a), model.cost_w[:, t] + np.vecmat(v_x, b)
            q_xx, q_wx = model.cost_xx[:, t] + a.mT @ ahead, model.cost_wx[:, t] + b.mT @ ahead
            q_ww = b.mT @ v_xx @ b + (model.cost_ww[:, t] + damping[:, t, None])[:, :, None] * own
            offset, gain = self._best(t, q_w, q_wx, q_ww)
            found.append((q_w, q_wx, q_ww, offset, gain))
            v_x = q_x + np.vecmat(q_w + np.matvec(q_ww, offset), gain) + np.vecmat(offset, q_wx)
            half = (q_xx + gain.mT @ q_ww @ gain) / 2 + gain.mT @ q_wx
            v_xx = half + half.mT
        return found[::-1], (v_x, v_xx)

    def _best(self, t: int, q_w: np.ndarray, q_wx: np.ndarray, q_ww: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Offset and gains by x of the w of a step: what is held is at its bound, the rest minimises."""
        model, held = self._model, self._held[:, t]
        fixed, led = held != 0, np.flatnonzero(self._columns >= 0)
        by = np.zeros((*q_wx.shape[:2], q_wx.shape[2] + 1))
        by[:, :, 0] = np.select([held < 0, held > 0], [model.low[:, t], model.high[:, t]], 0)
        follow = np.select([held < 0, held > 0], [self._low_by[:, t], self._high_by[:, t]], 0)
        by[:, led, 1 + self._columns[led]] = follow[:, led]
        part = q_ww * (~fixed[:, :, None] & ~fixed[:, None]) + fixed[..., None] * np.eye(len(self._columns))
        slopes = -np.concatenate([q_w[..., None], q_wx], axis=2) - q_ww @ by
        solved = np.linalg.solve(part, np.where(fixed[..., None], by, slopes))
        return solved[:, :, 0], solved[:, :, 1:]

    def _first_state(self, v_x: np.ndarray, v_xx: np.ndarray) -> np.ndarray:
        """(K, n) the best change of the first state."""
        low, high = self._start_range
        start, chosen = np.zeros(v_x.shape), np.flatnonzero((high > low).any(axis=0))
        if len(chosen):
            damped = v_xx[:, chosen[:, None], chosen] + self._damping[:, None, None] * np.eye(len(chosen))
            start[:, chosen], _ = box_minimum(damped, v_x[:, chosen], low[:, chosen], high[:, chosen])
        return start

    def _next_held(self, t: int, x: np.ndarray, w: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """What is to be held in a step, by the cost's derivative by w: -1, 0 or 1."""
        held, activation = self._held[:, t], np.where(self._columns >= 0, x[:, self._columns], 0)
        low = self._model.low[:, t] + self._low_by[:, t] * activation - _BEYOND
        high = self._model.high[:, t] + self._high_by[:, t] * activation + _BEYOND
        is_low, is_high = np.where(held == 0, w < low, held < 0), np.where(held == 0, w > high, held > 0)
        is_low, is_high = is_low & ((held == 0) | (wanted > 0)), is_high & ((held == 0) | (wanted < 0))
        return np.where(self._steps[:, t, None], is_high.astype(int) - is_low, held)
