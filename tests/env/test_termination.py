import numpy as np
import pytest

from mousearm.env.rules import MAX_QVEL, divergence_reward, has_diverged, is_lost, lost_reward
from mousearm.trajectory import Snapshot


def snapshot(n=3):
    return Snapshot(
        qpos=np.zeros((n, 2)),
        qvel=np.zeros((n, 2)),
        activation=np.zeros((n, 1)),
        ctrl=np.zeros((n, 2)),
        force=np.zeros((n, 2)),
        landmarks=np.zeros((n, 3, 3)),
    )


def test_a_quiet_arm_has_not_diverged():
    assert list(has_diverged(snapshot())) == [False, False, False]


@pytest.mark.parametrize("field", ["qpos", "qvel", "activation"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite(field, value):
    state = snapshot()
    getattr(state, field)[1, 0] = value
    assert list(has_diverged(state)) == [False, True, False]


@pytest.mark.parametrize("sign", [-1, 1])
def test_speed_limit(sign):
    state = snapshot()
    state.qvel[:, 1] = sign * MAX_QVEL * np.array([0.99, 1.0, 1.01])
    assert list(has_diverged(state)) == [False, False, True]


def test_an_arm_without_activations():
    state = snapshot()
    bare = Snapshot(state.qpos, state.qvel, np.zeros((3, 0)), state.ctrl, state.force, state.landmarks)
    assert list(has_diverged(bare)) == [False, False, False]


def test_divergence_reward_by_hand():
    # 10 steps at the least penalty of 1; 10 steps at the worst reward of -3; a worst reward of +0.2 costs 1 a step.
    remaining, worst = np.array([10, 10, 10, 1]), np.array([np.inf, -3.0, 0.2, -0.5])
    np.testing.assert_array_equal(divergence_reward(remaining, worst, 1.0), [-10, -30, -10, -1])


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("shift", [-1.0, 0.0, 1.0])
def test_going_on_at_the_worst_so_far_is_never_worse_than_diverging(scale, shift):
    rng = np.random.default_rng(0)
    rewards = scale * (rng.normal(size=(200, 30)) + shift)
    lived = rng.integers(1, 30, size=200)
    worst = np.array([row[:k].min() for row, k in zip(rewards, lived, strict=True)])
    remaining = 30 - lived
    assert (divergence_reward(remaining, worst, 0.0) <= remaining * worst + 1e-12).all()
    # Discounting makes what comes later matter less, so the law holds for every discount.
    for gamma in (0.5, 0.95, 1.0):
        discounted = np.array([(gamma ** np.arange(n)).sum() for n in remaining])
        assert (divergence_reward(remaining, worst, 0.0) <= discounted * worst + 1e-12).all()


def test_an_arm_is_lost_by_its_elbow_or_its_paw():
    elbow_mm, paw_mm = np.array([4.0, 6.0, 1.0, 5.0]), np.array([4.0, 1.0, 6.0, 5.0])
    assert list(is_lost(elbow_mm, paw_mm, 5.0)) == [False, True, True, False]
    assert not is_lost(elbow_mm, paw_mm, np.inf).any()


def test_lost_reward_by_hand():
    # Where all are positive, nothing is earned any more; 10 steps at the worst reward of -3, or at the last one.
    reward, left, worst = np.array([0.1, -1.0, -2.0]), np.array([10, 10, 10]), np.array([0.4, -3.0, np.inf])
    np.testing.assert_allclose(lost_reward(reward, left, worst), [0.1, -31, -22])


@pytest.mark.parametrize("shift", [-1.0, 0.0, 1.0])
def test_going_on_at_the_worst_so_far_is_never_worse_than_getting_lost(shift):
    rng = np.random.default_rng(0)
    rewards, lived = rng.normal(size=(200, 30)) + shift, rng.integers(1, 30, size=200)
    worst = np.array([row[:k].min() for row, k in zip(rewards, lived, strict=True)])
    last, left = rewards[np.arange(200), lived - 1], 30 - lived
    before = np.array([row[: k - 1].min(initial=np.inf) for row, k in zip(rewards, lived, strict=True)])
    for gamma in (0.5, 0.95, 1.0):
        discounted = np.array([gamma * (gamma ** np.arange(n)).sum() for n in left])
        assert (lost_reward(last, left, before) <= last + discounted * np.minimum(worst, 0) + 1e-12).all()
