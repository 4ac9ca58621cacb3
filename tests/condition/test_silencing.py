"""Which units are silent, and at what value; tests/policy holds that they then have no effect."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from mousearm.agent import Agent
from mousearm.condition import Conditions, resolved
from mousearm.config import compose
from mousearm.errors import ConfigError, UnknownNameError
from mousearm.policy.network import build_policy
from mousearm.record import record

SIZES = ("policy.lstm_hidden_size=8", "policy.net_arch_pi=[5]", "policy.net_arch_vf=[4]")


@pytest.fixture(scope="module")
def network(configure):
    torch.manual_seed(0)
    return build_policy(configure(*SIZES), 4, 2)


@pytest.fixture
def held(configure, network):
    """The units that a condition of overrides holds, and their values."""

    def call(*words, seen=None, layer="backbone_1"):
        policy = copy.deepcopy(network)
        group = configure(*SIZES, "condition=silence", *(f"condition.silence.{word}" for word in words)).condition
        group = group if seen is None else resolved(group, lambda: {layer: seen})
        Conditions(group).policy(policy)
        clamp = policy.silenced[layer]
        units = np.flatnonzero(clamp.held.numpy())
        return units.tolist(), clamp.value.numpy()[units].tolist()

    return call


def test_random_units_of_smaller_severities_are_among_those_of_larger_ones(held):
    few, more, everything = (held(f"severity={s}")[0] for s in (0.25, 0.5, 1))
    assert (len(few), len(more), everything) == (2, 4, list(range(8)))
    assert set(few) < set(more)
    assert held("severity=0.5")[0] == more
    assert held("severity=0.5", "seed=1")[0] != more


def test_listed_units_are_held_in_their_order_at_given_values(held):
    words = "units=listed", "listed=[5,0,3]", "layer=backbone_1"
    assert held(*words) == ([0, 3, 5], [0, 0, 0])
    assert held(*words, "severity=0.34", "held_at=given", "values=[0.5,1,2]") == ([5], [0.5])
    assert held(*words, "severity=0.67", "held_at=given", "values=[0.5,1,2]") == ([0, 5], [1, 0.5])


def test_units_of_a_component_come_first_and_stay_at_their_means(held):
    """Two planted patterns in noise: units 1, 2 and 6 by the larger one, 0 and 7 by the smaller one."""
    rng = np.random.default_rng(0)
    seen = 0.5 + 0.01 * rng.normal(size=(400, 8))
    seen[:, [6, 1, 2]] += rng.normal(size=(400, 1)) * [3, -2, 1]
    seen[:, [7, 0]] += rng.normal(size=(400, 1)) * [0.8, 0.4]
    assert held("severity=0.375", "units=component", seen=seen)[0] == [1, 2, 6]
    assert held("severity=0.125", "units=component", seen=seen)[0] == [6]
    units, values = held("severity=0.25", "units=component", "component=2", "held_at=mean", seen=seen)
    assert units == [0, 7]
    np.testing.assert_allclose(values, seen.mean(axis=0)[units], rtol=1e-6)
    assert len(held("held_at=mean", seen=seen)[0]) == 8


def test_what_cannot_be_held_is_refused(held, configure):
    with pytest.raises(UnknownNameError) as caught:
        held("layer=backbone_2")
    assert caught.value.name == "backbone_2"
    with pytest.raises(ConfigError):
        held("units=listed", "listed=[8]")
    with pytest.raises(ConfigError) as refused:
        configure("condition.silence.held_at=given", "condition.silence.units=listed", "condition.silence.listed=[1,2]")
    assert refused.value.key == "condition.silence.values"


def test_the_activity_of_an_agent_is_that_of_its_layers():
    agent = Agent.load(Path("package:example_torque"))
    seen = record(agent).activity_by_layer()
    sizes = {name: values.shape[1] for name, values in seen.items()}
    frames = {len(values) for values in seen.values()}
    from mousearm.policy.silence import layer_sizes

    assert sizes == layer_sizes(agent.policy)
    assert frames == {len(agent.evaluate()[1][0])}
    group = compose(["condition=silence", "condition.silence.units=component"]).condition
    Conditions(resolved(group, lambda: seen)).policy(agent.policy)
    assert agent.evaluate()[0].objective > 1.0
