import numpy as np
import pytest

from mousearm.env.gym_env import TrackingEnv
from mousearm.env.references import References, Starts
from mousearm.env.vec_env import TrackingVecEnv


def step(paw_mm, terminated=(), truncated=()):
    """What a step of as many simulations as there are errors gave; the ended ones are given by number."""
    ended = (np.isin(np.arange(len(paw_mm)), which) for which in (terminated, truncated))
    return np.array(paw_mm, float), *ended


@pytest.fixture
def hard_starts(two_link, swing):
    return lambda n_reaches, n: Starts(References([swing(two_link, 5)] * n_reaches), n, sampling="hard")


def test_nothing_known_is_uniform(hard_starts):
    np.testing.assert_allclose(hard_starts(4, 2).probabilities, np.full(4, 0.25))


def test_errors_are_means_of_episodes_and_run(hard_starts):
    hard = hard_starts(2, 2)
    hard.add(np.array([0, 1]), *step([1, 8]))
    np.testing.assert_array_equal(hard.errors_mm, [np.nan, np.nan])  # no episode is over
    hard.add(np.array([0, 1]), *step([3, 8], truncated=[0]))
    np.testing.assert_array_equal(hard.errors_mm, [2, np.nan])  # (1 + 3) / 2
    hard.draw(np.random.default_rng(0), np.array([0]))
    hard.add(np.array([0, 1]), *step([12, 2], truncated=[0, 1]))
    # A fifth of the way from 2 to 12; the first episode of the other: (8 + 8 + 2) / 3.
    np.testing.assert_allclose(hard.errors_mm, [4, 6])
    # A fifth is uniform, the rest as 4 to 6.
    np.testing.assert_allclose(hard.probabilities, [0.1 + 0.8 * 0.4, 0.1 + 0.8 * 0.6])


def test_a_reach_that_was_not_performed_counts_as_the_mean_of_the_others(hard_starts):
    hard = hard_starts(3, 2)
    hard.add(np.array([0, 2]), *step([1, 3], truncated=[0, 1]))
    # 1, (1 + 3) / 2, 3 of 6.
    np.testing.assert_allclose(hard.probabilities, 0.2 / 3 + 0.8 * np.array([1, 2, 3]) / 6)


def test_none_starves(hard_starts):
    hard = hard_starts(10, 10)
    hard.add(np.arange(10), *step([1e6] + 9 * [0.0], truncated=np.arange(10)))
    assert hard.probabilities.min() == pytest.approx(0.02)
    assert hard.probabilities.sum() == pytest.approx(1)


def test_no_error_at_all_is_uniform(hard_starts):
    hard = hard_starts(2, 2)
    hard.add(np.arange(2), *step([0, 0], truncated=[0, 1]))
    np.testing.assert_allclose(hard.probabilities, [0.5, 0.5])


def test_diverging_early_does_not_make_a_reach_easy(hard_starts):
    hard = hard_starts(2, 2)
    hard.add(np.arange(2), *step([5, 0.1], truncated=[0], terminated=[1]))
    np.testing.assert_allclose(hard.errors_mm, [5, 5])


def test_an_episode_that_was_broken_off_does_not_count(hard_starts):
    hard = hard_starts(1, 1)
    hard.add(np.array([0]), *step([100]))
    hard.draw(np.random.default_rng(0), np.array([0]))
    hard.add(np.array([0]), *step([2], truncated=[0]))
    np.testing.assert_allclose(hard.errors_mm, [2])


@pytest.fixture
def hard_env(two_link, swing, build_task):
    """Three arms that do nothing, on a reach that stays and on one that swings far."""

    def make(seed=0):
        references = [swing(two_link, 6, "still", 0.0), swing(two_link, 6, "far", 0.8)]
        return TrackingVecEnv(build_task(two_link, references, 3), seed=seed, sampling="hard")

    return make


def reaches_drawn(env, n_episodes):
    env.reset()
    drawn = []
    for _ in range(n_episodes):
        drawn.append(env.task.position.reach)
        for _ in range(5):
            env.step(np.zeros((env.num_envs, 2)))
    return np.array(drawn)


def test_the_environment_draws_the_hard_reach_more_often(hard_env):
    env = hard_env()
    drawn = reaches_drawn(env, 200)
    still, far = env.starts.errors_mm
    assert far > 10 * still
    expected = 0.1 + 0.8 * far / (still + far)
    # Of 540 episodes after the first ones: standard deviation at most 0.5 / sqrt(540) = 0.02.
    assert (drawn[20:] == 1).mean() == pytest.approx(expected, abs=0.08)


def test_hard_draws_are_seeded(hard_env):
    one, two, other = (reaches_drawn(hard_env(seed), 20) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_the_gymnasium_environment_draws_hard_reaches_too():
    env = TrackingEnv(["kinematics=synthetic", "env.sampling=hard", "threads=1"])
    _, info = env.reset(seed=0)
    for _ in range(200):
        *_, truncated, _ = env.step(np.zeros(env.action_space.shape))
        if truncated:
            break
    names = env.task.references.names
    known = [name for name, error in zip(names, env.starts.errors_mm, strict=True) if not np.isnan(error)]
    assert known == [info["reach"]]
    assert env.reset()[1]["reach"] in names
