"""Optimal trajectories of reaches: what an arm can do at best, with the feedback that holds it there."""

from typing import NamedTuple

import numpy as np

from mousearm.config import Config
from mousearm.env.references import References
from mousearm.model import Arm


class OptimalTrajectory(NamedTuple):
    """The movement of least cost on a reach of T frames, and the linear feedback around it.

    A state is (qpos, qvel, activation), of length n = 2 nv + na, in SI units.
    """

    name: str  # of the reach
    qpos: np.ndarray  # (T, nq) rad
    qvel: np.ndarray  # (T, nv) rad/s
    activation: np.ndarray  # (T, na), 0 to 1
    ctrl: np.ndarray  # (T - 1, nu)
    gains: np.ndarray  # (T - 1, nu, n) change of the best controls with the state; 0 for controls at a bound
    cost: float  # mm^2, see `mousearm.optimal.cost`
    effort: float  # mean squared excitation, over frames and actuators
    gradient: float  # largest derivative of the cost by a control that is free to move
    iterations: int
    converged: bool


def optimal_trajectories(
    arm: Arm, references: References, config: Config, initial_ctrl: np.ndarray
) -> list[OptimalTrajectory]:
    """Solve all reaches side by side, from controls (R, T - 1, nu); what was solved before comes from the cache.

    Warns, with their names, of reaches on which the search did not converge.
    """
    raise NotImplementedError
