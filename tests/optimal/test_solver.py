"""The solver on systems whose best controls are known."""

import numpy as np
import pytest

from mousearm.optimal.cost import Cost, Effort
from mousearm.optimal.model import box_minimum
from mousearm.optimal.solver import solve
from mousearm.optimal.system import Linearisation, Remembering

FRAMES = 8


class Mass:
    """A mass on a rail: position += speed / 4, speed += control; its position is measured."""

    ctrl_range = np.array([[-1.0, 1.0]])
    columns = np.array([-1])
    A, B, C = np.array([[1, 0.25], [0, 1]]), np.array([[0.0], [1.0]]), np.array([[1.0, 0.0]])

    def progress(self, activation):
        return np.ones((2, *activation.shape))

    def begin(self, state):
        self.state = state
        return state @ self.C.T

    def advance(self, ctrl):
        self.state = self.state @ self.A.T + ctrl @ self.B.T
        return self.state, self.state @ self.C.T

    def linearise(self, state, ctrl):
        return Linearisation(*(np.tile(part, (len(state), 1, 1)) for part in (self.A, self.B, self.C)))


class Muscle(Mass):
    """The same mass, whose control leads an activation: three quarters of the way in a step up, a tenth down."""

    ctrl_range, columns = np.array([[0.0, 1.0]]), np.array([2])
    A = np.array([[1, 0.25, 0], [0, 1, 1], [0, 0, 0]])
    C = np.array([[1.0, 0, 0]])

    def progress(self, activation):
        return np.stack([np.full(activation.shape, 0.75), np.full(activation.shape, 0.1)])

    def _share(self, state, ctrl):
        return np.where(ctrl > state[:, 2:], 0.75, 0.1)

    def advance(self, ctrl):
        activation = self.state[:, 2:] + self._share(self.state, ctrl) * (ctrl - self.state[:, 2:])
        self.state = np.concatenate([self.state @ self.A[:2].T - [[0, 0.2]], activation], axis=1)
        return self.state, self.state @ self.C.T

    def linearise(self, state, ctrl):
        by_state, by_ctrl, measured = np.tile(self.A, (len(state), 1, 1)), np.zeros((len(state), 3, 1)), self.C
        share = self._share(state, ctrl)[:, 0]
        by_state[:, 2, 2], by_ctrl[:, 2, 0] = 1 - share, share
        return Linearisation(by_state, by_ctrl, np.tile(measured, (len(state), 1, 1)))


def cost_of(targets, n_frames=None, weight=0.01, w_smooth=0.0, power=2):
    n_frames = np.full(len(targets), FRAMES) if n_frames is None else np.array(n_frames)
    return Cost(targets[:, :, None], n_frames, Effort(np.array([weight]), np.array([-1]), power, w_smooth=w_smooth))


def whole_quadratic(target, start, weight, w_smooth=0.0):
    """Hessian and slope of the mass's cost in all controls at once, from its positions as a matrix of the controls."""
    n = FRAMES - 1
    effect = np.array([[(t - s) / 4 if t > s else 0.0 for s in range(n)] for t in range(n)])
    free = np.array([start[0] + start[1] * (t + 1) / 4 for t in range(n)]) - target[1:]
    change = np.diff(np.eye(n), axis=0)
    return 2 * (effect.T @ effect + weight * np.eye(n) + w_smooth * change.T @ change), 2 * effect.T @ free


@pytest.mark.parametrize("w_smooth", [0.0, 0.3])
def test_a_linear_system_with_bounds_gets_the_controls_of_the_whole_quadratic_programme(w_smooth):
    target, start = np.linspace(0, 2.5, FRAMES), np.array([0.3, -0.5])
    hessian, slope = whole_quadratic(target, start, 0.01, w_smooth)
    best, free = box_minimum(hessian[None], slope[None], np.full((1, 7), -1.0), np.full((1, 7), 1.0))
    assert 0 < free.sum() < 7  # some at a bound, some not
    system, state = Mass(), start[None]
    if w_smooth:
        system, state = Remembering(system), np.append(state, [[0.0]], axis=1)
    found = solve(system, cost_of(target[None], w_smooth=w_smooth), state, np.zeros((1, 7, 1)), enough=1e-14)
    np.testing.assert_allclose(found.ctrl[0, :, 0], best[0], atol=1e-6)
    assert found.converged.all()
    held = np.abs(found.ctrl[0, :, 0]) == 1
    assert (found.slope[0, ~held] == 0).all()
    assert (np.sign(found.slope[0, held, 0]) == -found.ctrl[0, held, 0]).all()  # it would go on beyond the bound
    assert (found.cross[0, :-1, 0, :2] != 0).all()  # the last control moves nothing that is measured


def test_a_box_minimum_fulfils_the_conditions_of_optimality():
    random = np.random.default_rng(0)
    root = random.normal(size=(50, 6, 6))
    hessian, slope = root @ root.mT + 0.01 * np.eye(6), random.normal(size=(50, 6))
    low, high = -random.uniform(0, 0.5, (50, 6)), random.uniform(0, 0.5, (50, 6))
    x, free = box_minimum(hessian, slope, low, high)
    gradient = slope + np.matvec(hessian, x)
    np.testing.assert_allclose(gradient[free], 0, atol=1e-9)
    assert ((x >= low) & (x <= high)).all()
    assert (gradient[~free & (x == low)] > 0).all()
    assert (gradient[~free & (x == high)] < 0).all()
    assert 0.1 < free.mean() < 0.9


def test_reaches_of_different_lengths_side_by_side_are_solved_as_if_alone():
    targets = np.stack([np.linspace(0, 2, FRAMES), np.r_[np.linspace(0, -1, 5), np.full(3, 9.0)]])
    start, ctrl = np.zeros((2, 2)), np.zeros((2, 7, 1))
    both = solve(Mass(), cost_of(targets, [FRAMES, 5]), start, ctrl)
    alone = solve(Mass(), cost_of(targets[1:, :5], [5]), start[1:], ctrl[1:, :4])
    np.testing.assert_allclose(both.ctrl[1, :4], alone.ctrl[0], atol=1e-9)
    np.testing.assert_allclose(both.cross[1, :4], alone.cross[0], atol=1e-9)
    assert (both.cross[1, 4:] == 0).all()
    assert both.cost[1] == pytest.approx(alone.cost[0], rel=1e-9)


@pytest.mark.parametrize("power", [2, 3])
def test_the_cost_of_performed_movements_is_flat_where_controls_are_free(power):
    # Rising and falling target: the muscle is led up and down, across the kink at control = activation.
    target, start = np.sin(np.linspace(0, 4, FRAMES)), np.array([[0.0, 0.2, 0.0]])
    cost = cost_of(target[None], weight=1e-3, power=power)
    found = solve(Muscle(), cost, start, np.full((1, 7, 1), 0.3), enough=1e-12)
    assert found.converged.all()

    def performed(ctrl):
        system = Muscle()
        states, seen = [start], [system.begin(start)]
        for t in range(7):
            state, measured = system.advance(ctrl[:, t])
            states.append(state)
            seen.append(measured)
        return cost(np.stack(states, axis=1), ctrl, np.stack(seen, axis=1))[0]

    assert performed(found.ctrl) == pytest.approx(found.cost[0], rel=1e-12)
    for t in range(7):
        step = np.zeros((1, 7, 1))
        step[0, t] = 1e-6
        slope = (performed(found.ctrl + step) - performed(found.ctrl - step)) / 2e-6
        at_bound = found.ctrl[0, t, 0] in (0.0, 1.0)
        assert abs(slope) < 1e-4 or (at_bound and (slope > 0) == (found.ctrl[0, t, 0] == 0))
    led = found.ctrl[0, :, 0] - found.state[0, :-1, 2]
    assert led.min() < 0 < led.max()


def test_the_first_state_is_chosen_within_its_range_and_its_effort_counts():
    # A weight falls by 0.2 a step: the best first activation holds it, but for what its effort costs.
    target, start = np.zeros((1, FRAMES)), np.zeros((1, 3))
    bounds = np.stack([start, start + np.array([0, 0, 1])])
    effort = Effort(np.array([1e-4]), np.array([-1]), first=np.array([2]))
    found = solve(
        Muscle(), Cost(target[:, :, None], np.array([FRAMES]), effort), start, np.full((1, 7, 1), 0.2), bounds
    )
    held = solve(Muscle(), cost_of(target, weight=1e-4), start, np.full((1, 7, 1), 0.2))
    assert found.state[0, 0, 2] == pytest.approx(0.2, abs=0.01)
    assert (found.state[0, 0, :2] == 0).all()
    assert found.cost[0] < 0.1 * held.cost[0]


@pytest.mark.parametrize("columns", [-1, 2])
@pytest.mark.parametrize("power", [2, 3])
def test_the_cost_expands_as_its_differences_say(columns, power):
    random = np.random.default_rng(1)
    state, ctrl = random.uniform(0.1, 1, (1, 4, 4)), random.uniform(0.1, 1, (1, 3, 1))
    effort = Effort(np.array([0.7]), np.array([columns]), power, np.array([2]), w_smooth=0.2)
    cost = Cost(random.normal(size=(1, 4, 1)), np.array([4]), effort)
    seen = np.tile([[1.0, 2.0, 0.0, 0.0]], (1, 4, 1, 1))
    found = cost.expand(state, ctrl, np.matvec(seen, state), seen)

    def value(moved, pushed):
        return cost(moved, pushed, np.matvec(seen, moved))[0]

    for t in range(4):
        for i in range(4):
            step = np.zeros_like(state)
            step[0, t, i] = 1e-5
            slope = (value(state + step, ctrl) - value(state - step, ctrl)) / 2e-5
            assert found.by_state[0, t, i] == pytest.approx(slope, abs=1e-7)
    for t in range(3):
        step = np.zeros_like(ctrl)
        step[0, t] = 1e-3
        ends = value(state, ctrl + step), value(state, ctrl - step)
        assert found.by_ctrl[0, t, 0] == pytest.approx((ends[0] - ends[1]) / 2e-3, rel=1e-4, abs=1e-9)
        bend = (ends[0] + ends[1] - 2 * value(state, ctrl)) / 1e-6
        assert found.ctrl_ctrl[0, t, 0] == pytest.approx(bend, rel=1e-4, abs=1e-7)
