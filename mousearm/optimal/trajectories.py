"""Optimal trajectories of reaches: what an arm can do at best, with the feedback that holds it there."""

import warnings
from typing import NamedTuple

import numpy as np

from mousearm.config import Config
from mousearm.env.references import References
from mousearm.mechanics import muscles_of, optimal_and_slack
from mousearm.model import Arm
from mousearm.optimal.cost import Cost, Effort
from mousearm.optimal.solver import Solution, solve
from mousearm.optimal.system import ArmSystem


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
    system, cost = ArmSystem(arm, config), reach_cost(arm, references, config)
    activation = getattr(references, "activation", np.zeros((*references.qpos.shape[:2], arm.na)))
    start = np.concatenate([references.qpos[:, 0], references.qvel[:, 0], activation[:, 0]], axis=1)
    solution = solve(system, cost, start, initial_ctrl)
    found = [_trajectory(arm, references, solution, i) for i in range(len(references))]
    if names := [one.name for one in found if not one.converged]:
        warnings.warn(
            f"Optimal control did not converge on {len(names)} of {len(found)} reaches: {', '.join(names)}.",
            stacklevel=2,
        )
    return found


def reach_cost(arm: Arm, references: References, config: Config) -> Cost:
    """The cost of all reaches of a task, by ``config.optimal``."""
    chosen = config.optimal
    weight = np.ones(arm.nu)
    if chosen.weighting == "volume":
        muscles = muscles_of(arm)
        volume = arm.peak_force[muscles] * optimal_and_slack(arm)[0]
        weight[muscles] = volume / volume.mean()
    targets = 1e3 * references.targets.reshape(*references.targets.shape[:2], -1)
    weight *= chosen.w_effort / np.abs(arm.ctrl_range).max(axis=1) ** chosen.power
    return Cost(targets, references.n_frames, Effort(weight, np.full(arm.nu, -1), chosen.power))


def _trajectory(arm: Arm, references: References, solution: Solution, i: int) -> OptimalTrajectory:
    frames, nq = int(references.n_frames[i]), arm.nq
    state, ctrl = solution.state[i, :frames], solution.ctrl[i, : frames - 1]
    share = ctrl / np.abs(arm.ctrl_range).max(axis=1)
    return OptimalTrajectory(
        references.names[i],
        state[:, :nq],
        state[:, nq : 2 * nq],
        state[:, 2 * nq :],
        ctrl,
        solution.gains[i, : frames - 1],
        float(solution.cost[i]),
        float(np.square(share).mean()),
        float(solution.gradient[i]),
        int(solution.iterations[i]),
        bool(solution.converged[i]),
    )
