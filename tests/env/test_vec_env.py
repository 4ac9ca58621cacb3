import re

import numpy as np
import pytest

from mousearm.env.references import Start
from mousearm.env.statistics import RolloutStatistics
from mousearm.env.vec_env import TrackingVecEnv


@pytest.fixture
def build(two_link, swing, build_task):
    """A VecEnv of n two-link arms on reaches of 5 and 9 frames."""

    def make(n, *overrides, random_start=0.0, seed=0, lengths=(5, 9), lost_mm=None):
        references = [swing(two_link, length, f"of {length}") for length in lengths]
        task = build_task(two_link, references, n, *overrides)
        return TrackingVecEnv(task, random_start, seed, lost_mm=lost_mm)

    return make


def play(env, n_steps, seed=0):
    actions = np.random.default_rng(seed).uniform(-1, 1, (n_steps, env.num_envs, 2))
    return [env.step(action) for action in actions]


def test_spaces_and_shapes(build):
    env = build(3, "env.path_steps=2")
    observation = env.reset()
    assert env.observation_space.shape == (2 + 2 + 12,)
    assert env.action_space.shape == (2,)
    assert observation.shape == (3, 16)
    observation, reward, done, infos = env.step(np.zeros((3, 2)))
    assert (observation.shape, observation.dtype) == ((3, 16), np.float32)
    assert (reward.shape, reward.dtype) == ((3,), np.float32)
    assert (done.shape, done.dtype) == ((3,), np.bool_)
    assert infos == [{}, {}, {}]


def test_the_end_of_a_reach_is_a_truncation_and_the_next_episode_begins(build):
    env = build(2, "env.path_steps=1", lengths=(5,))
    start = env.reset()
    steps = play(env, 8)
    assert [bool(done[0]) for _, _, done, _ in steps] == [False, False, False, True] * 2
    observation, _, _, infos = steps[3]
    np.testing.assert_array_equal(observation, start)  # there is one reach, and it starts at frame 0
    for i, info in enumerate(infos):
        assert info["TimeLimit.truncated"] is True
        assert info["terminal_observation"].shape == observation[i].shape
        assert not np.array_equal(info["terminal_observation"], observation[i])
        assert info["episode"]["l"] == 4
        assert info["episode"]["r"] == pytest.approx(sum(float(reward[i]) for _, reward, _, _ in steps[:4]), rel=1e-6)


def test_terminal_observation_is_what_the_task_saw(build):
    env, twin = build(1, lengths=(5,)), build(1, lengths=(5,))
    env.reset()
    twin.reset()
    actions = np.random.default_rng(0).uniform(-1, 1, (4, 1, 2))
    for action in actions:
        _, _, _, infos = env.step(action)
        outcome = twin.task.step(action)
    np.testing.assert_array_equal(infos[0]["terminal_observation"], outcome.observation[0])


def test_divergence_is_an_end_but_no_truncation(explosive, swing, build_task, quiet_log):
    env = TrackingVecEnv(build_task(explosive, [swing(explosive, 9)], 2))
    start = env.reset()
    observation, reward, done, infos = env.step(np.array([[0.0, 1.0], [0.0, 0.0]]))
    assert list(done) == [True, False]
    assert infos[0]["TimeLimit.truncated"] is False
    assert infos[0]["episode"] == {"r": -8.0, "l": 1}  # 8 steps remain, each charged 1
    assert infos[1] == {}
    assert reward[0] == -8
    np.testing.assert_array_equal(observation[0], start[0])
    assert np.isfinite(infos[0]["terminal_observation"]).all()
    assert env.statistics.pop()["rollout/diverged"] == 1


def test_an_arm_that_is_lost_ends_its_episode_for_good(build):
    free = build(1, lengths=(9,))
    free.reset()
    actions = np.random.default_rng(0).uniform(-1, 1, (8, 1, 2))
    lived = [free.task.step(action) for action in actions]
    far_mm = [max(outcome.elbow_mm[0], outcome.paw_mm[0]) for outcome in lived]
    step = int(np.argmax(far_mm[:-1]))  # it is lost there, and the end of the reach is no loss
    assert far_mm[step] > max(far_mm[:step], default=0)
    env = build(1, lengths=(9,), lost_mm=far_mm[step] - 1e-6)
    start = env.reset()
    steps = [env.step(action) for action in actions[: step + 1]]
    observation, _, _, infos = steps[-1]
    assert [bool(done[0]) for _, _, done, _ in steps] == [False] * step + [True]
    for (_, reward, _, _), outcome in zip(steps, lived, strict=False):
        assert reward[0] == np.float32(outcome.reward[0])  # positive, so that what is left is worth nothing
    assert infos[0]["TimeLimit.truncated"] is False
    assert infos[0]["episode"]["l"] == step + 1
    np.testing.assert_array_equal(infos[0]["terminal_observation"], lived[step].observation[0])
    np.testing.assert_array_equal(observation, start)
    assert env.statistics.diverged == 0
    assert env.task.state()["worst"] == np.inf


def test_an_arm_that_is_lost_at_the_end_of_the_reach_is_truncated(build):
    env = build(1, lengths=(5,), lost_mm=1e-9)
    env.reset()
    env.task.reset(np.array([0]), Start(np.array([0]), np.array([3])))
    _, _, done, infos = env.step(np.ones((1, 2)))
    assert done[0]
    assert infos[0]["TimeLimit.truncated"] is True


def test_episodes_of_different_lengths_run_side_by_side(build):
    env = build(20)
    env.reset()
    expected = env.task.references.n_frames[env.task.position.reach] - 1
    ended = np.zeros(20, dtype=int)
    for step, (_, _, done, _) in enumerate(play(env, 8), start=1):
        ended[(ended == 0) & done] = step
    assert set(expected) == {4, 8}
    np.testing.assert_array_equal(ended, expected)


def test_random_starts(build):
    env = build(300, random_start=1.0, lengths=(9,))
    env.reset()
    assert set(env.task.position.frame) == set(range(8))
    env.starts.random_start = 0.0
    env.reset()
    assert set(env.task.position.frame) == {0}


def test_same_seed_same_episodes(build):
    runs = []
    for seed in (1, 1, 2):
        env = build(4, random_start=0.7, seed=seed)
        env.reset()
        runs.append(np.concatenate([observation for observation, *_ in play(env, 12)]))
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_seed_restarts_the_stream(build):
    env = build(4, random_start=0.7, seed=1)
    env.seed(5)
    first = env.reset()
    env.reset()
    env.seed(5)
    np.testing.assert_array_equal(env.reset(), first)


def test_reward_may_be_changed_by_the_learner(build):
    """SB3 adds the bootstrapped value to the rewards that it was given."""
    env = build(2)
    env.reset()
    _, reward, _, _ = env.step(np.zeros((2, 2)))
    reward += 1000
    assert env.statistics.pop()["reward"] < 2


def test_attributes(build):
    env = build(2)
    assert env.get_attr("render_mode") == [None, None]
    assert env.get_attr("num_envs", [0]) == [2]
    assert env.env_is_wrapped(object) == [False, False]
    with pytest.raises(NotImplementedError, match="have no attributes"):
        env.set_attr("x", 1)
    with pytest.raises(NotImplementedError, match="have no methods"):
        env.env_method("x")


def test_attributes_that_do_not_exist_are_not_made_up(build):
    env = build(1)
    with pytest.raises(AttributeError, match=re.escape("no_such_attribute")):
        env.get_attr("no_such_attribute")
    assert not env.has_attr("no_such_attribute")


def test_statistics_are_means_over_steps_and_simulations(build):
    env = build(3, "reward.w_effort=0.5")
    env.reset()
    steps = [env.task.step(action) for action in np.random.default_rng(0).uniform(-1, 1, (3, 3, 2))]
    statistics = RolloutStatistics(env.task.reward.weights)
    for outcome in steps:
        statistics.add(outcome)
    logged = statistics.pop()
    assert logged["reward"] == pytest.approx(np.mean([outcome.reward for outcome in steps]))
    assert logged["rollout/paw_mm"] == pytest.approx(np.mean([outcome.paw_mm for outcome in steps]))
    assert logged["reward_raw/effort"] == pytest.approx(np.mean([outcome.terms["effort"] for outcome in steps]))
    assert logged["reward/effort"] == pytest.approx(0.5 * logged["reward_raw/effort"])
    # The weighted terms add up to the reward.
    parts = sum(value for key, value in logged.items() if key.startswith("reward/"))
    assert parts == pytest.approx(logged["reward"])
    assert statistics.pop() == {"rollout/diverged": 0.0}
