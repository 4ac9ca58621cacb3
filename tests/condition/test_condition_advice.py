from dataclasses import replace

import numpy as np
import pytest

from mousearm.condition import Conditions, resolved
from mousearm.errors import ConfigError, EngineError
from mousearm.policy.network import build_policy
from mousearm.setup import Setup
from mousearm.simulation import GeneratedSimulation


def test_what_acts_on_the_paw_is_for_mujoco(configure):
    says = "The generated engine knows no force on the paw. Give engine=auto."
    built = Setup.build(configure("condition=push", "engine=generated"))
    with pytest.raises(EngineError) as refused:
        built.with_engine()
    assert says in str(refused.value)
    setup = replace(built, config=replace(built.config, engine="auto")).with_engine()
    assert setup.config.engine == "mujoco"
    assert "condition.push" in setup.engine.text
    with pytest.raises(EngineError):
        object.__new__(GeneratedSimulation).step(np.zeros((1, 2)), np.zeros((1, 3)))


def test_conditions_of_muscles_need_muscles(configure, torque_arm, muscle_arm):
    for name, says in (
        (
            "nerve",
            " has none of their muscles. Use model=muscle, or condition=weakness with the names of this arm's own",
        ),
        ("spasticity", " has no muscles. Use model=muscle."),
    ):
        conditions = Conditions(configure(f"condition={name}").condition)
        with pytest.raises(ConfigError) as refused:
            conditions.acting(conditions.arm(torque_arm), 1, 0.01)
        assert says in str(refused.value)
        assert conditions.acting(conditions.arm(muscle_arm), 1, 0.01)
    weak = configure("condition=weakness", "condition.weakness.muscles=[elbow_flex]")
    assert Conditions(weak.condition).arm(torque_arm) is not torque_arm


def test_what_a_trained_network_is_needed_for(configure):
    """What is told to be given instead is what `resolved` writes, see test_silencing."""
    sizes = ("policy.lstm_hidden_size=8", "policy.net_arch_pi=[5]", "policy.net_arch_vf=[4]")
    network = build_policy(configure(*sizes), 4, 2)
    seen = np.random.default_rng(0).normal(size=(4, 8))

    def silenced(*words):
        return configure(*sizes, "condition=silence", *(f"condition.silence.{word}" for word in words)).condition

    with pytest.raises(ConfigError) as refused:
        Conditions(silenced("units=component")).policy(network)
    assert " needs a network that can already reach. Train one without it, and silence" in str(refused.value)
    Conditions(resolved(silenced("units=component"), lambda: {"backbone_1": seen})).policy(network)
    with pytest.raises(ConfigError) as refused:
        resolved(silenced("units=component", "component=5"), lambda: {"backbone_1": seen})
    assert " components. Give at most that." in str(refused.value)
    resolved(silenced("units=component", "component=4"), lambda: {"backbone_1": seen})
    with pytest.raises(ConfigError) as refused:
        silenced("held_at=given", "values=[1.0]")
    assert ". Give units=listed, and both lists." in str(refused.value)
    silenced("held_at=given", "values=[1.0]", "units=listed", "listed=[3]")
    with pytest.raises(ConfigError) as refused:
        silenced("units=[3]")
    assert refused.value.key == "condition.silence.units"
    assert "listed: those of `condition.silence.listed`" in str(refused.value)
    with pytest.raises(ConfigError) as refused:
        Conditions(silenced("units=listed", "listed=[3,8]")).policy(network)
    assert refused.value.key == "condition.silence.listed"
    assert "backbone_1 has the units 0 to 7, so that 8 is none." in str(refused.value)
    Conditions(silenced("units=listed", "listed=[3,7]")).policy(network)
