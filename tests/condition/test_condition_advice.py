from dataclasses import replace

import numpy as np
import pytest

from mousearm.condition import Conditions
from mousearm.errors import ConfigError, EngineError
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
