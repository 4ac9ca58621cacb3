"""Control-limited differential dynamic programming of many trajectories side by side.

After Tassa, Mansard and Todorov 2014 (ICRA, 1168-1175), with four changes that the arm asks for. The controls are
those of `Inputs`, in which a step has no kink. What is held at a bound is decided for the whole plan, see `plan`. In
the roll-out each step solves its quadratic programme again, for the state that was reached: where one muscle is at its
bound, others take over, while clipping would let an unstable arm fall. And damping is of the inputs, as Levenberg and
Marquardt have it.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np
from tqdm import tqdm

from mousearm.optimal.cost import Cost
from mousearm.optimal.model import LocalModel, Path, box_minimum, local_model
from mousearm.optimal.plan import ReachPlan, plan
from mousearm.optimal.system import Inputs, System

_SHARES = np.array([0.5, 0.25, 0.1, 0.03, 0.01])  # of a plan that are tried where all of it is no good
_SMALL_SHARE = 0.25  # below it the damping rises
_LEAST_GAIN = 0.1  # part of the promised gain that the whole plan must bring
_HUGE = 1e6  # states beyond it are those of systems that diverge
_GOOD_GAIN = 0.5  # above it the damping falls
_LEAST_DAMPING, _FIRST_DAMPING, _MOST_DAMPING = 1e-8, 1e-2, 1e7  # mm^2; the first also where a plan fails
_FEEDBACK_DAMPING = 1.0  # mm^2, of the feedback that a solution says; without any it asks for more than models hold
_SNAP = 1e-12  # of the range: controls this near to a bound are at it
_MOST_ITERATIONS, ENOUGH = 100, 1e-5
# A search ends, too, that gains less than this many times ``enough`` in so many iterations. It has converged where
# what is left to gain is less than so many times ``enough``.
_STALLED, _LOOK_BACK, _NEARLY = 100, 12, 1000


class Solution(NamedTuple):
    """The best trajectories that were found, N of them."""

    state: np.ndarray  # (N, T, n)
    ctrl: np.ndarray  # (N, T - 1, nu)
    # All cost to come by changes w of a step's inputs and x of its state: w (slope + cross x + curvature w / 2), mm^2.
    slope: np.ndarray  # (N, T - 1, nu), 0 but where a bound is in the way
    cross: np.ndarray  # (N, T - 1, nu, n)
    curvature: np.ndarray  # (N, T - 1, nu, nu), positive definite
    cost: np.ndarray  # (N,)
    left: np.ndarray  # (N,) share of the cost that a plan without damping promises to gain
    iterations: np.ndarray  # (N,)
    converged: np.ndarray  # (N,)


def solve(
    system: System,
    cost: Cost,
    start: np.ndarray,
    ctrl: np.ndarray,
    start_range: np.ndarray | None = None,
    enough: float = ENOUGH,
) -> Solution:
    """Minimise the cost of N trajectories from controls (N, T - 1, nu), which are held within their range.

    They begin in states (N, n), or in the best within ``start_range`` (2, N, n), lowest and highest, where it is given.
    A search ends when a plan without damping promises to gain less than ``enough``, a part of the cost, when no plan
    with any damping is an improvement, when twelve iterations brought less than 100 ``enough``, or after 100
    iterations. It has converged if what such a plan promises is then ``enough`` or, where nothing more was gained, less
    than 1000 ``enough``: at joint limits the cost jumps, and what derivatives promise beyond a jump no step keeps.
    """
    search = _Search(system, cost, start, ctrl, start_range)
    with tqdm(total=len(ctrl), desc="optimal control", unit=" reaches", delay=1, leave=False) as bar:
        for _ in range(_MOST_ITERATIONS):
            if not len(search.active):
                break
            bar.update(search.iterate(enough))
            bar.set_postfix_str(f"{search.path.cost.mean():.4g} mm2 each")
    return search.solution()


class _Search:
    """The trajectories so far, and the models around those that have not converged (``active``, K of N)."""

    def __init__(self, system: System, cost: Cost, start: np.ndarray, ctrl: np.ndarray, start_range: np.ndarray | None):
        self._system, self._cost = system, cost
        self._start_range = np.stack([start, start]) if start_range is None else start_range
        held = np.clip(ctrl, *system.ctrl_range.T)
        self.path = roll_out_controls(system, cost, start, len(ctrl[0]), lambda t, _: held[:, t])
        self.active = np.arange(len(ctrl))
        self._model = local_model(system, cost, self.path)
        low, high = system.ctrl_range.T
        self._held = (held >= high).astype(int) - (held <= low)  # where plans for them begin
        self._damping, self._iterations = np.full(len(ctrl), _FIRST_DAMPING), np.zeros(len(ctrl), dtype=int)
        self._slope, self._cross = np.zeros(ctrl.shape), np.zeros((*ctrl.shape, start.shape[1]))
        self._before = np.full((len(ctrl), _LOOK_BACK), np.inf)  # costs of the last iterations
        self._curvature = np.zeros((*ctrl.shape, ctrl.shape[2]))
        self._left, self._converged = np.full(len(ctrl), np.inf), np.zeros(len(ctrl), dtype=bool)

    def iterate(self, enough: float) -> int:
        """Improve all active trajectories once, but those that prove to have converged; returns how many those are."""
        n_before = len(self.active)
        ahead = self._retire(self._plan(self._damping), enough)
        if len(self.active):
            self._iterations[self.active] += 1
            found, share = self._search_line(ahead)
            self._before = np.concatenate([self._before[:, 1:], self.path.cost[:, None]], axis=1)
            gain = (self.path.cost[self.active] - found.cost) / np.maximum(_promised(ahead, share), 1e-300)
            self._take(found, np.flatnonzero(share > 0))
            change = np.select([share == 0, share < _SMALL_SHARE, gain > _GOOD_GAIN], [10.0, 2.0, 0.2], 1.0)
            least = np.where(share == 0, _FIRST_DAMPING, _LEAST_DAMPING)
            self._damping = np.maximum(change * self._damping, least)
        return n_before - len(self.active)

    def solution(self) -> Solution:
        """What has been found."""
        if len(self.active):
            self._end(np.arange(len(self.active)), self._undamped(np.arange(len(self.active))))
        state, ctrl, _, cost = self.path
        costs_to_come = self._slope, self._cross, self._curvature
        return Solution(state, ctrl, *costs_to_come, cost, self._left, self._iterations, self._converged)

    def _plan(self, damping: np.ndarray, rows: np.ndarray | slice = slice(None)) -> ReachPlan:
        """The plan for active trajectories, all or by index."""
        i = self.active[rows]
        model, room = _rows(self._model, rows), self._start_range[:, i] - self.path.state[i, 0]
        found = plan(model, self._system.columns, self._cost.steps[i], damping, room, self._held[i])
        self._held[i] = found.held
        return found

    def _retire(self, ahead: ReachPlan, enough: float) -> ReachPlan:
        """Take out what has converged, and what cannot be improved although its damping is large; plans of the others.

        A plan without damping promises no less than one with, so it is made where that promises too little.
        """
        earlier, cost = self._before[self.active, 0], self.path.cost[self.active]
        stuck = (self._damping > _MOST_DAMPING) | (earlier - cost < _STALLED * enough * cost)
        over = stuck | (_promised(ahead, np.ones(len(cost))) < enough * cost)
        rows = np.flatnonzero(over)
        if len(rows):
            left = self._undamped(rows)
            over[rows] = ended = stuck[rows] | (left < enough)
            self._end(rows[ended], left[ended])
            self._converged[self.active[rows]] = ended & (left < np.where(stuck[rows], _NEARLY, 1) * enough)
        stay = np.flatnonzero(~over)
        self.active, self._damping, self._model = self.active[stay], self._damping[stay], _rows(self._model, stay)
        return _rows(ahead, stay)

    def _undamped(self, rows: np.ndarray) -> np.ndarray:
        """Share of the cost that plans without damping promise for active trajectories, by index."""
        found = self._plan(np.full(len(rows), _LEAST_DAMPING), rows)
        return _promised(found, np.ones(len(rows))) / np.maximum(self.path.cost[self.active[rows]], 1e-300)

    def _end(self, rows: np.ndarray, left: np.ndarray) -> None:
        """Keep feedback and what is left to gain of active trajectories, by index, whose search is over.

        Slopes that no bound holds are what a search that has ended leaves undone: without them x* is led by u*.
        """
        i = self.active[rows]
        self._left[i] = left
        feedback, steps = self._plan(np.full(len(rows), _FEEDBACK_DAMPING), rows), self._cost.steps[i]
        low, high = self._system.ctrl_range.T
        ctrl = self.path.ctrl[i]
        pressed = np.where(ctrl <= low, np.maximum(feedback.slope, 0), np.minimum(feedback.slope, 0))
        self._slope[i] = np.where(((ctrl <= low) | (ctrl >= high)) & steps[..., None], pressed, 0)
        self._cross[i] = feedback.cross * steps[..., None, None]
        self._curvature[i] = np.where(steps[..., None, None], feedback.curvature, np.eye(ctrl.shape[2]))

    def _search_line(self, ahead: ReachPlan) -> tuple[Path, np.ndarray]:
        """The best trajectories (K) by shares of the plan, and the shares; 0 where none is an improvement."""
        rows = np.arange(len(self.active))
        now = self.path.cost[self.active]
        found = self._follow(ahead, rows, np.ones(len(rows)))
        share = np.where(now - found.cost > _LEAST_GAIN * _promised(ahead, np.ones(len(rows))), 1.0, 0.0)
        failed = np.flatnonzero(share == 0)
        if len(failed):
            tried = self._follow(ahead, np.repeat(failed, len(_SHARES)), np.tile(_SHARES, len(failed)))
            best = tried.cost.reshape(len(failed), -1).argmin(axis=1)
            chosen = _rows(tried, np.arange(len(failed)) * len(_SHARES) + best)
            for part, new in zip(found, chosen, strict=True):
                part[failed] = new
            share[failed] = np.where(chosen.cost < now[failed], _SHARES[best], 0.0)
        return found, share

    def _take(self, found: Path, better: np.ndarray) -> None:
        """Go on from better trajectories, by index among the active ones, with new models around them."""
        if not len(better):
            return
        i = self.active[better]
        for part, new in zip(self.path, found, strict=True):
            part[i] = new[better]
        fresh = local_model(self._system, self._cost.of(i), _rows(self.path, i))
        for part, new in zip(self._model, fresh, strict=True):
            part[better] = new

    def _follow(self, ahead: ReachPlan, rows: np.ndarray, share: np.ndarray) -> Path:
        """Perform shares (M,) of the plans of active trajectories, (M,) by index."""
        i, model = self.active[rows], self._model
        state, ctrl = self.path.state, self.path.ctrl
        low, high = self._system.ctrl_range.T
        near, of = _SNAP * (high - low), share[:, None]
        start = np.clip(state[i, 0] + of * ahead.start[rows], *self._start_range[:, i])

        def act(t: int, now: np.ndarray) -> np.ndarray:
            lived = np.nan_to_num(now, nan=0.0, posinf=0.0, neginf=0.0).clip(-_HUGE, _HUGE)
            inputs = Inputs(self._system.columns, model.up[rows, t], model.down[rows, t])
            before = inputs.of(state[i, t], ctrl[i, t])
            away = (lived - state[i, t]) / of  # where the whole plan would be
            whole = state[i, t] + away
            least, most = (inputs.of(whole, np.broadcast_to(end, before.shape)) - before for end in (low, high))
            slope = ahead.slope[rows, t] + np.matvec(ahead.cross[rows, t], away)
            guess = ahead.offset[rows, t] + np.matvec(ahead.gains[rows, t], away)
            change, _ = box_minimum(ahead.curvature[rows, t], slope, least, most, guess)
            chosen = np.clip(inputs.ctrl(lived, before + of * change), low, high)
            return np.where(chosen < low + near, low, np.where(chosen > high - near, high, chosen))

        return roll_out_controls(self._system, self._cost.of(i), start, ctrl.shape[1], act)


def _promised(ahead: ReachPlan, share: np.ndarray) -> np.ndarray:
    """(K,) mm^2 that shares of a plan promise to gain."""
    return -share * (ahead.first + share * ahead.second / 2)


_P = TypeVar("_P", Path, LocalModel, ReachPlan)


def _rows(arrays: _P, rows: np.ndarray | slice) -> _P:
    """Some trajectories of a tuple of arrays that have one row each."""
    return type(arrays)._make(part[rows] for part in arrays)


def roll_out_controls(
    system: System, cost: Cost, start: np.ndarray, n_steps: int, act: Callable[[int, np.ndarray], np.ndarray]
) -> Path:
    """Let M systems do their steps, with the controls (M, nu) that ``act`` chooses in a step and its states (M, n)."""
    states, measured, controls = [start], [system.begin(start)], []
    with np.errstate(all="ignore"):  # what diverges costs infinitely much
        for t in range(n_steps):
            controls.append(act(t, states[-1]))
            state, seen = system.advance(controls[-1])
            states.append(state)
            measured.append(seen)
        state, ctrl, seen = (np.stack(rows, axis=1) for rows in (states, controls, measured))
        total = cost(state, ctrl, seen)
    return Path(state, ctrl, seen, np.where(np.isfinite(total), total, np.inf))
