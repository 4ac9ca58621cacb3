"""The activation of the muscles where an arm is put into a frame of its reach, by name.

An arm that is caught in mid-movement without any activation falls first: its muscles need tens of milliseconds to get
hold of it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mousearm.registry import INITIAL_ACTIVATIONS

if TYPE_CHECKING:
    from mousearm.config import Config
    from mousearm.model import Arm
    from mousearm.retarget import Reference


@INITIAL_ACTIVATIONS.add
def zero(arm: "Arm", references: Sequence["Reference"], config: "Config") -> list[np.ndarray]:
    """Muscles at rest, so that the arm falls until they have hold of it."""
    return [np.zeros((len(reference.qpos), arm.na)) for reference in references]


@INITIAL_ACTIVATIONS.add
def equilibrium(arm: "Arm", references: Sequence["Reference"], config: "Config") -> list[np.ndarray]:
    """The least squared activations that give the torque which the reach takes there, a mean over the next 25 ms."""
    from mousearm.pretrain.cmc import in_equilibrium

    return [in_equilibrium(arm, one.qpos, one.qvel, config.env.control_dt) for one in references]


@INITIAL_ACTIVATIONS.add
def optimal(arm: "Arm", references: Sequence["Reference"], config: "Config") -> list[np.ndarray]:
    """Those of optimal control, which chooses them with the controls."""
    from mousearm.env.references import References
    from mousearm.pretrain.optimal_teacher import optimal_reaches

    return [one.activation for one in optimal_reaches(arm, References(references), config)]
