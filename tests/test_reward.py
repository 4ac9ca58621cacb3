from dataclasses import replace

import numpy as np
import pytest

from mousearm.reward import Reward, Step, effort_mean, effort_sum, exp, squared
from mousearm.trajectory import Snapshot

SIGMA = np.array([0.3, 1.0, 4.0, 16.0])


def snapshot(qpos, qvel, ctrl, force, elbow, paw):
    landmarks = np.array([[[0.0, 0.0, 0.0], elbow, paw]])
    rows = (np.array([values], dtype=float) for values in (qpos, qvel, ctrl, force))
    qpos, qvel, ctrl, force = rows
    return Snapshot(qpos, qvel, np.zeros((1, 0)), ctrl, force, landmarks)


@pytest.fixture
def step():
    """Elbow off by 5 mm, paw by 2 mm."""
    before = snapshot([0.0, 0.0], [1.0, 1.0], [0.2, 0.2, 0.2], [9, 9, 9], [0, 0, 0], [0, 0, 0])
    after = snapshot([0.1, -0.2], [2.0, -1.0], [0.5, 0.2, -0.2], [1, -2, 3], [0.003, 0.004, 0], [0.01, 0, 0.002])
    return Step(before, after, np.array([5.0]), np.array([2.0]), np.array([2.0, 4.0, 6.0]))


@pytest.fixture
def config(configure):
    """The original's terms with seven different weights."""
    weights = {"w_bone_diff": 100, "w_elbow": 1, "w_paw": 3, "w_effort": 0.01}
    weights |= {"w_qvel": 0.1, "w_qpos": 2, "w_action": 0.5}
    return replace(configure("reward=original").reward, **weights)


# Step by hand: e^2 = 25e-6 m^2; p^2 = 4e-6 m^2; sum |force| = 1 + 2 + 3 = 6;
# |dqvel|^2 = 1 + 4 = 5; |dqpos|^2 = 0.01 + 0.04 = 0.05; |dctrl|^2 = 0.09 + 0 + 0.16 = 0.25.
RAW = {"elbow": -25e-6, "paw": -4e-6, "effort": -6.0, "qvel": -5.0, "qpos": -0.05, "action": -0.25}
# bone: 100 (1 * 25e-6 + 3 * 4e-6) / 4 = 9.25e-4.
TOTAL = -(9.25e-4 + 0.01 * 6 + 0.1 * 5 + 2 * 0.05 + 0.5 * 0.25)


def test_the_originals_reward_by_hand(config, step):
    reward = Reward(config)
    terms = reward.terms(step)
    assert {name: value[0] for name, value in terms.items()} == pytest.approx(RAW, rel=1e-12)
    np.testing.assert_allclose(reward.total(terms), [TOTAL], rtol=1e-12)


def test_weights_share_w_bone_diff_between_elbow_and_paw(config):
    assert Reward(config).weights == {
        "elbow": 25, "paw": 75, "effort": 0.01, "qvel": 0.1, "qpos": 2, "action": 0.5
    }  # fmt: skip


@pytest.mark.parametrize("name", ["w_elbow", "w_paw", "w_effort", "w_qvel", "w_qpos", "w_action"])
def test_terms_of_weight_zero_are_left_out(config, step, name):
    reward = Reward(replace(config, **{name: 0.0}))
    term = name.removeprefix("w_")
    assert term not in reward.weights
    assert term not in reward.terms(step)


def test_original_yaml_is_the_originals_default(configure, step):
    reward = Reward(configure("reward=original").reward)
    # 100 (25e-6 + 4e-6) / 2
    np.testing.assert_allclose(reward.total(reward.terms(step)), [-14.5e-4])


def test_default_is_one_on_the_target_and_zero_far_away(configure, step):
    reward = Reward(configure().reward)
    still = replace(step, before=replace(step.before, ctrl=step.after.ctrl))  # changes of the controls would cost
    hit = replace(still, elbow_mm=np.zeros(1), paw_mm=np.zeros(1))
    miss = replace(still, elbow_mm=np.full(1, 1e3), paw_mm=np.full(1, 1e3))
    np.testing.assert_allclose(reward.total(reward.terms(hit)), [1.0])
    np.testing.assert_allclose(reward.total(reward.terms(miss)), [0.0], atol=1e-12)


def test_total_is_of_all_simulations(config, step):
    many = [np.repeat(getattr(step.after, name), 3, axis=0) for name in Snapshot.__dataclass_fields__]
    few = [np.repeat(getattr(step.before, name), 3, axis=0) for name in Snapshot.__dataclass_fields__]
    distances = (np.repeat(distance, 3) for distance in (step.elbow_mm, step.paw_mm))
    reward = Reward(config)
    wide = Step(Snapshot(*few), Snapshot(*many), *distances, step.peak_force)
    np.testing.assert_allclose(reward.total(reward.terms(wide)), [TOTAL] * 3)


def test_exp_kernel_by_hand():
    # 5 mm away: the mean of exp(-5 / 1) and exp(-5 / 4).
    value = exp(np.array([5.0]), np.array([1.0, 4.0]))
    np.testing.assert_allclose(value, [(np.exp(-5) + np.exp(-1.25)) / 2])


def test_exp_kernel_falls_with_the_distance_from_one_towards_zero():
    distance = np.concatenate([[0], np.geomspace(1e-3, 100, 200)])
    value = exp(distance, SIGMA)
    assert value[0] == 1
    assert (np.diff(value) < 0).all()
    assert (value > 0).all()


def test_squared_by_hand():
    np.testing.assert_allclose(squared(np.array([5.0, 0.0]), SIGMA), [-25e-6, 0])


def test_effort_by_hand(step):
    # (1/2)^2, (2/4)^2, (3/6)^2: the mean is 1/4.
    np.testing.assert_allclose(effort_mean(step), [-0.25])
    np.testing.assert_allclose(effort_sum(step), [-6.0])


@pytest.mark.parametrize("n_actuators", [1, 6, 21])
def test_effort_mean_does_not_depend_on_the_number_of_actuators(step, n_actuators):
    # All at 30 % of what they can give, however many there are and however strong: 0.09.
    peak = np.geomspace(0.01, 10, n_actuators)
    after = replace(step.after, force=0.3 * peak[None])
    np.testing.assert_allclose(effort_mean(replace(step, after=after, peak_force=peak)), [-0.09])


def test_nothing_is_better_than_no_change_and_no_force(config, step):
    still = replace(step.before, force=np.zeros((1, 3)))
    rest = Step(still, still, np.zeros(1), np.zeros(1), step.peak_force)
    reward = Reward(config)
    np.testing.assert_array_equal(reward.total(reward.terms(rest)), [0.0])
