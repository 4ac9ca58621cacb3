import numpy as np
import pytest

from mousearm.errors import EngineError
from mousearm.setup import Setup
from mousearm.simulation import GENERATED, build_simulation


def test_what_acts_on_the_paw_is_for_mujoco(configure, two_link, compiler):
    says = "The generated engine knows no force on the paw. Give engine=auto."
    with pytest.raises(EngineError) as refused:
        Setup.build(configure("condition=push", "engine=generated")).with_engine()
    assert says in str(refused.value)
    setup = Setup.build(configure("condition=push", "engine=auto")).with_engine()
    assert setup.config.engine == "mujoco"
    assert "condition.push" in setup.engine.text
    with pytest.raises(EngineError):
        build_simulation(two_link, 1, 1 / 150, 8, 1, GENERATED).step(np.zeros((1, 2)), np.zeros((1, 3)))
