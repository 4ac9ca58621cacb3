"""Recorded EMG on the frames of reaches, as the reward and optimal control take it."""

from dataclasses import replace

import numpy as np
import pytest

from mousearm.config import compose
from mousearm.emg.envelope import Envelope, build_target
from mousearm.env.emg import EmgDistance, emg_target
from mousearm.env.references import References, prepare
from mousearm.errors import ConfigError, EmgError
from mousearm.reward import Step, emg
from mousearm.trajectory import Snapshot

MUSCLES = {"up": {"a": 1.0, "b": 3.0}, "down": {"c": 1.0}}


def envelope(reach="one", muscles=MUSCLES):
    """Two channels over a second: one rises from 0 to 1, one stays at 0.5."""
    return Envelope(reach, np.array([0.0, 1.0]), np.array([[0.0, 0.5], [1.0, 0.5]]), ("up", "down"), muscles)


def test_envelopes_stand_on_the_frames_of_their_reaches_scaled():
    found = build_target({"one": envelope()}, ["none", "one"], np.array([3, 2]), 0.25, "abc", scale=(2.0, 0.4))
    np.testing.assert_allclose(found.values[1], [[0, 0.2], [0.5, 0.2], [np.nan, np.nan]])  # 2 x 0.25, and held
    assert np.isnan(found.values[0]).all()
    np.testing.assert_allclose(found.weights.T, [[0.25, 0.75, 0], [0, 0, 1]])
    late = build_target({"one": envelope()}, ["one"], np.array([4]), 0.5, "abc", channels=["down"])
    np.testing.assert_allclose(late.values[0, :, 0], [0.5, 0.5, 0.5, np.nan])  # at 1.5 s nothing was recorded


def test_scales_and_reaches_that_do_not_fit_are_refused_and_the_remedy_works():
    known = {"one": envelope()}
    with pytest.raises(ConfigError, match=r"kinematics.emg_scale has 3 numbers for 2 channels") as refused:
        build_target(known, ["one"], np.array([2]), 0.25, "abc", scale=(1, 2, 3))
    assert refused.value.key == "kinematics.emg_scale"
    build_target(known, ["one"], np.array([2]), 0.25, "abc", scale=(1,))
    with pytest.raises(EmgError, match="take their reaches"):
        build_target(known, ["other"], np.array([2]), 0.25, "abc")
    build_target(known, ["other", "one"], np.array([2, 2]), 0.25, "abc")


@pytest.fixture
def recorded(configure, tmp_path):
    """A muscle arm on the shipped reach, with EMG of one muscle."""

    def recorded(*overrides, reach="demo", muscle="Brachioradialis", model="muscle"):
        envelope(reach, {"up": {muscle: 1.0}}).save(tmp_path / f"{reach}_emg.tsv")
        words = f"model={model}", "reward.w_emg=1", f"kinematics.emg={tmp_path}", *overrides
        config, arm, references = prepare(configure(*words))
        return config, arm, References(references)

    return recorded


def snapshot(arm, activation):
    """An arm of which only this is known."""
    none = np.zeros((1, arm.nu))
    return Snapshot(none, none, activation[None], 2 * activation[None], none, np.zeros((1, 3, 3)))


def test_a_reward_is_minus_the_squared_distance_of_muscles_from_their_emg(recorded):
    config, arm, references = recorded("kinematics.emg_scale=[0.5]")
    activation = np.zeros(arm.na)
    activation[arm.actuator_names.index("Brachioradialis")] = 0.3
    frame = np.array([30])  # of 1/150 s: the envelope is 0.2, and asks for 0.1
    error = EmgDistance(config, arm, references)(snapshot(arm, activation), np.array([0]), frame)
    assert error == pytest.approx([0.04])
    step = Step(*[snapshot(arm, activation)] * 2, np.zeros(1), np.zeros(1), np.ones(arm.nu), error)
    assert emg(step, config.reward) == pytest.approx([-0.04])
    config = replace(config, kinematics=replace(config.kinematics, emg_of="excitation"))
    error = EmgDistance(config, arm, references)(snapshot(arm, activation), np.array([0]), frame)
    assert error == pytest.approx([0.25])  # the excitation is twice the activation


def test_an_agent_on_reaches_without_emg_is_not_refused_and_training_is(recorded):
    config, arm, references = recorded(reach="another")
    with pytest.raises(EmgError, match="none of these reaches has EMG"):
        emg_target(config, arm, references)
    assert EmgDistance(config, arm, references)(snapshot(arm, np.ones(arm.na)), np.array([0]), np.array([1])) == [0]


def test_emg_shows_muscles_alone(recorded):
    with pytest.raises(EmgError, match=r"Take model=muscle\."):
        emg_target(*recorded(model="torque", muscle="elbow_flex"))
    assert np.isfinite(emg_target(*recorded()).values).all()


def test_emg_that_is_weighed_must_be_named(tmp_path):
    with pytest.raises(ConfigError, match=r"Give kinematics.emg=FOLDER") as refused:
        compose(["optimal.w_emg=1"])
    assert refused.value.key == "optimal.w_emg"
    compose(["optimal.w_emg=1", f"kinematics.emg={tmp_path}"])
