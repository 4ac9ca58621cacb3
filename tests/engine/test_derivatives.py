"""Derivatives of a control step against central differences of MuJoCo, and what is known of them beforehand."""

import copy

import mujoco
import numpy as np
import pytest
from mujoco.batch import Batch
from random_arms import landmarks_of, random_arm

from mousearm.engine import source
from mousearm.engine.derivatives import DifferentiatedStep

pytestmark = pytest.mark.usefixtures("compiler")
SUBSTEPS = 8
STEP = 1e-6


def differentiated(arm, integrator="RK4"):
    model = copy.copy(arm.physics)
    model.opt.timestep, model.opt.tolerance = 1 / 1200, 0
    model.opt.integrator = getattr(mujoco.mjtIntegrator, f"mjINT_{integrator.upper()}")
    return model, DifferentiatedStep(model, arm.landmarks, SUBSTEPS)


class Judge:
    """MuJoCo's control step as a function of state and controls, and its central differences."""

    def __init__(self, model, n):
        self.model, self.batch = model, Batch(model, nsim=n)
        names = ["qpos", "qvel", "act"] if model.na else ["qpos", "qvel"]
        self.parts, self.ctrl = [self.batch.bind(name) for name in names], self.batch.bind("ctrl")

    def step(self, state, ctrl):
        self.batch.reset(stage=mujoco.mjtStage.mjSTAGE_NONE)
        for part, values in zip(self.parts, np.split(state, [self.model.nv, 2 * self.model.nv], axis=1), strict=False):
            part[:] = values
        self.ctrl[:] = ctrl
        self.batch.step(nstep=SUBSTEPS, stage=mujoco.mjtStage.mjSTAGE_VEL)
        return np.hstack(self.parts)

    def differences(self, state, ctrl, h=STEP):
        """By every part of the state, and by every control."""
        moves = [h * np.eye(part.shape[1]) for part in (state, ctrl)]
        by_state = [self.step(state + move, ctrl) - self.step(state - move, ctrl) for move in moves[0]]
        by_ctrl = [self.step(state, ctrl + move) - self.step(state, ctrl - move) for move in moves[1]]
        return np.stack(by_state, axis=2) / (2 * h), np.stack(by_ctrl, axis=2) / (2 * h)


def assert_are_those_of_mujoco(arm, integrator="RK4", n=6):
    """At states within the limits, with excitations above activations all the way: nothing switches there."""
    model, step = differentiated(arm, integrator)
    rng = np.random.default_rng(3)
    low, high = np.where(model.jnt_limited[:, None], model.jnt_range, (-1.5, 1.5)).T
    qpos = rng.uniform(0.8 * low + 0.2 * high, 0.2 * low + 0.8 * high, (n, model.nq))
    qvel, act = rng.normal(0, 0.3, (n, model.nv)), rng.uniform(0.1, 0.3, (n, model.na))
    ctrl = rng.uniform(0.5, 0.9, (n, model.nu))
    judge, state = Judge(model, n), np.hstack([qpos, qvel, act])
    found = step(qpos, qvel, act, ctrl)
    np.testing.assert_allclose(found.next_state, judge.step(state, ctrl), rtol=0, atol=1e-10)
    for mine, difference in zip((found.by_state, found.by_ctrl), judge.differences(state, ctrl), strict=True):
        scale = np.abs(difference).max(axis=(0, 2), keepdims=True) + 1e-9
        np.testing.assert_allclose(mine / scale, difference / scale, rtol=0, atol=1e-6)
    exact = np.dstack([found.by_state, found.by_ctrl])
    if model.na:  # curves of muscles have bends, across which differences are of first order
        wide = np.dstack(judge.differences(state, ctrl, 10 * STEP))
        np.testing.assert_allclose(wide, exact, rtol=0, atol=1e-5 * np.abs(exact).max())
    else:
        differences_approach_as_their_step_squared(judge, state, ctrl, exact)
    for axis in range(model.nv):
        move = STEP * np.eye(model.nv)[axis]
        by_axis = (arm.landmark_positions(qpos + move) - arm.landmark_positions(qpos - move)) / (2 * STEP)
        np.testing.assert_allclose(found.landmarks_by_qpos[..., axis], by_axis, rtol=0, atol=1e-8)


def differences_approach_as_their_step_squared(judge, state, ctrl, exact):
    """Central differences of a step h are off by c h^2: four times less at half the step, and 0 by extrapolation."""
    wide, half = (np.dstack(judge.differences(state, ctrl, h)) for h in (4e-3, 2e-3))
    scale = np.abs(exact).max(axis=(0, 2), keepdims=True) + 1e-9
    off, less = (np.abs((by - exact) / scale).max(axis=(0, 2)) for by in (wide, half))
    seen = off > 1e-7  # of the other rows c is 0
    assert seen.any()
    np.testing.assert_allclose(off[seen] / less[seen], 4, atol=0.2)
    np.testing.assert_allclose((4 * half - wide) / 3 / scale, exact / scale, rtol=0, atol=1e-6)


def test_two_links(build_two_link):
    assert_are_those_of_mujoco(build_two_link())


@pytest.mark.slow
def test_motors(torque_arm):
    assert_are_those_of_mujoco(torque_arm)


@pytest.mark.slow
def test_muscles(muscle_arm):
    assert_are_those_of_mujoco(muscle_arm)


@pytest.mark.slow
def test_another_integrator(build_two_link):
    assert_are_those_of_mujoco(build_two_link(), "implicitfast")


def test_a_joint_beyond_its_limit_and_a_control_at_its_end(build_two_link):
    """The limit's spring is in the derivatives; at the end of a control's range they are those of the side within."""
    _model, step = differentiated(build_two_link())
    qpos, still = np.array([[0.0, 2.05], [0.0, 1.5]]), np.zeros((2, 2))
    beyond, within = step(qpos, still, np.zeros((2, 0)), np.ones((2, 2))).by_state[:, 1, 1]
    assert within == pytest.approx(1, abs=1e-2)
    assert beyond < within - 0.02  # the spring pushes back within the step
    inside = step(qpos, still, np.zeros((2, 0)), np.full((2, 2), 0.999999)).by_ctrl
    at_the_end = step(qpos, still, np.zeros((2, 0)), np.ones((2, 2))).by_ctrl
    np.testing.assert_allclose(at_the_end, inside, rtol=1e-4, atol=1e-9)
    assert np.abs(at_the_end[:, 2:]).max() > 0


@pytest.mark.slow
def test_the_chain_rule_gives_what_dual_numbers_through_the_whole_step_give(monkeypatch):
    """An arm with more joints than lanes, motors, muscles over geoms and limits; also where something switches."""
    model, rng, n = random_arm(1), np.random.default_rng(0), 50
    at = rng.normal(0, 1, (n, model.nq)), rng.normal(0, 3, (n, model.nv)), rng.uniform(0, 1, (n, model.na))
    ctrl = rng.uniform(-1, 1, (n, model.nu))
    chained = DifferentiatedStep(model, landmarks_of(model), SUBSTEPS)(*at, ctrl)
    monkeypatch.setattr(source, "is_chained", lambda model: False)
    whole = DifferentiatedStep(model, landmarks_of(model), SUBSTEPS)(*at, ctrl)
    for name in ("next_state", "by_state", "by_ctrl", "landmarks_by_qpos"):
        one, other = getattr(chained, name), getattr(whole, name)
        scale = np.abs(other).max(axis=(0, -1), keepdims=True) + 1e-9
        np.testing.assert_allclose(one / scale, other / scale, rtol=0, atol=1e-10)
