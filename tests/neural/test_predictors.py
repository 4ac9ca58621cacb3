from dataclasses import replace

import numpy as np
import pytest

from mousearm.emg import Envelope
from mousearm.errors import NeuralError, UnknownNameError
from mousearm.neural.predictors import layer_names, predictor
from mousearm.neural.source import PredictorSource, replay
from mousearm.record.signals import ReachRecording, Signal
from mousearm.registry import PREDICTORS

DT = 1 / 150


@pytest.fixture(scope="module")
def source(configure, two_link, swing, assemble):
    """Two reaches of different lengths of a network that was never trained, of an arm of two motors."""
    reaches = [swing(two_link, 20, "mouse/day/one"), swing(two_link, 14, "mouse/day/two", 0.2)]
    agent = assemble(configure("policy.lstm_hidden_size=8"), two_link, reaches)
    return PredictorSource.of_agent(agent)


def test_layers_are_what_was_recorded(source):
    assert {"hidden", "cell", "actor_1", "inputs", "action"} <= set(layer_names(source))
    hidden = predictor(source, "hidden")
    assert (hidden.kind, hidden.groups, hidden.n_frames) == ("network", ("mouse/day",) * 2, (20, 14))
    recorded = source.reaches[1].signals["hidden"].values[:, 0]
    np.testing.assert_array_equal(hidden.values[1], recorded)
    assert predictor(source, "inputs").n_units <= source.reaches[0].signals["observation"].values.shape[1]


def test_a_network_does_the_same_when_it_sees_the_same(source):
    """The replay of the recorded network gives what was recorded; an untrained one does something else."""
    again = replay(source.agent.policy, source.signals("observation"))
    for name in ("hidden", "cell", "actor_1", "action"):
        for found, reach in zip(again[name], source.reaches, strict=True):
            np.testing.assert_allclose(found, reach.signals[name].values, rtol=1e-5, atol=1e-6)
    first, second = (predictor(source, "untrained", "hidden", seed) for seed in (0, 1))
    assert (first.kind, first.n_units) == ("untrained", predictor(source, "hidden").n_units)
    assert not np.allclose(first.values[0], second.values[0], atol=0.01)
    np.testing.assert_array_equal(predictor(source, "untrained", "hidden", 0).values[1], first.values[1])
    assert predictor(source, "random", "hidden").n_units == 8


def test_kinematics_are_those_of_the_animal(source):
    joined = predictor(source, "kinematics")
    targets = source.reaches[0].signals["target"].values.reshape(20, 6)
    paw_x = joined.values[0][:, joined.units.index("position: paw/x")]
    np.testing.assert_array_equal(paw_x, targets[:, 3])
    speed = np.linalg.norm(np.gradient(targets[:, 3:], DT, axis=0), axis=1)
    np.testing.assert_allclose(joined.values[0][:, joined.units.index("speed: paw speed")], speed)
    assert "position: paw/z" not in joined.units  # the arm moves in the plane z = 0


def test_what_a_recording_lacks_is_refused(source):
    for name in ("muscles", "activation", "length", "force", "emg"):
        with pytest.raises(NeuralError):
            predictor(source, name)
    for name, layer in (("hiden", None), ("untrained", "hiden")):
        with pytest.raises(UnknownNameError) as refused:
            predictor(source, name, layer)
        assert "hidden" in refused.value.valid
    assert set(PREDICTORS) >= {"kinematics", "muscles", "torques", "interaction_torques", "emg", "untrained", "random"}


def test_emg_is_that_of_the_reaches_that_have_it_throughout(source):
    time = np.arange(-0.1, 0.5, 0.001)
    whole = Envelope("mouse/day/one", time, np.sin(time)[:, None], ("biceps",), {})
    short = Envelope("mouse/day/two", time[time < 0.05], np.sin(time)[time < 0.05, None], ("biceps",), {})
    given = {envelope.reach: envelope for envelope in (whole, short)}
    found = predictor(PredictorSource(source.name, source.arm, source.reaches, envelopes=given), "emg")
    assert (found.reaches, found.units, found.kind) == (("mouse/day/one",), ("biceps",), "emg")
    np.testing.assert_allclose(found.values[0][:, 0], np.sin(DT * np.arange(20)), atol=1e-6)


def test_interaction_torques_are_those_of_two_rods(hanging):
    """Point masses of 0.2 g at the end of the second of two rods of 10 mm: the textbook's formula."""
    t = DT * np.arange(40)
    angle = np.stack([0.3 * np.sin(8 * t), 0.5 * np.cos(6 * t)], axis=1)
    rates = np.stack([2.4 * np.cos(8 * t), -3 * np.sin(6 * t)], axis=1)
    turns = np.stack([-19.2 * np.sin(8 * t), -18 * np.cos(6 * t)], axis=1)
    signals = {"time": Signal(t, "s", ""), "qpos": Signal(angle, "rad", "", ("shoulder", "elbow"))}
    found = predictor(
        PredictorSource("rods", hanging, (ReachRecording("one", "test", 0, signals),)), "interaction_torques"
    )
    ml2, cos, sin = 2e-4 * 1e-4, np.cos(angle[:, 1]), np.sin(angle[:, 1])
    coupling = ml2 * (1 + cos)
    at_shoulder = -coupling * turns[:, 1] + ml2 * sin * (2 * rates[:, 0] * rates[:, 1] + rates[:, 1] ** 2)
    at_elbow = -coupling * turns[:, 0] - ml2 * sin * rates[:, 0] ** 2
    wanted = np.stack([at_shoulder, at_elbow], axis=1)
    np.testing.assert_allclose(found.values[0][5:-5], wanted[5:-5], atol=2e-3 * np.abs(wanted).max())


def test_trials_that_diverged_are_left_out_and_named(source):
    first, second = source.reaches
    broken = replace(second, completed=False)
    kept = replace(source, reaches=(first, broken)).lived()
    assert (kept.diverged, kept.reaches) == (("mouse/day/two",), (first,))
    with pytest.raises(NeuralError):
        replace(source, reaches=(broken,)).lived()
