# ruff: noqa
"""The cost of a whole reach: how far elbow and paw are from their targets, and what it takes.

J = sum over frames t = 1 .. T - 1 of |y_t - target_t|^2 + w_effort sum_j c_j |e_tj|^p + w_smooth |u_t-1 - u_t-2|^2 with
y the positions of elbow and paw in mm, and e the excitations u_t-1, relative to the largest control, or the activations
a_t. The sum of squares is the usual criterion of muscle effort in optimal control; the sum of cubes that of endurance
(Crowninshield and Brand 1981, J Biomech 14:793-801); c_j is 1, or a muscle's volume relative to the mean.
"""

from typing import NamedTuple

import numpy as np


class Expansion(NamedTuple):
    """Second order of the cost of N trajectories at their states and controls; of the errors, by Gauss and Newton."""

    by_state: np.ndarray  # (N, T, n)
    by_ctrl: np.ndarray  # (N, T - 1, nu)
    state_state: np.ndarray  # (N, T, n, n)
    ctrl_ctrl: np.ndarray  # (N, T - 1, nu), diagonal


class Cost:
    """Cost of N trajectories of different lengths, with their targets, (N, T, m) in mm; frames after the end are free.

    Actuator j counts ``weight[j]`` (nu,) times the power of its control or, where ``activation`` (nu,) says a column of
    the state instead of -1, of that.
    """

    def __init__(
        self,
        targets: np.ndarray,
        n_frames: np.ndarray,
        weight: np.ndarray,
        power: int = 2,
        columns: np.ndarray | None = None,
    ):
        self.targets, self.n_frames, self.weight, self.power, self.columns = targets, n_frames, weight, power, columns
        frames = np.arange(targets.shape[1])
        self.counts = (frames < n_frames[:, None]) & (frames > 0)  # (N, T) frames that count
        self.steps = self.counts[:, 1:]  # (N, T - 1) steps that count

    def of(self, chosen: np.ndarray) -> "Cost":
        """The cost of some of the trajectories, by index, perhaps several times."""
        return Cost(self.targets[chosen], self.n_frames[chosen], self.weight, self.power, self.columns)

    def __call__(self, state: np.ndarray, ctrl: np.ndarray, measured: np.ndarray) -> np.ndarray:
        """(N,) mm^2 of states (N, T, n), controls (N, T - 1, nu) and what is measured, (N, T, m)."""
        errors = np.square(measured - self.targets).sum(axis=2)
        return np.where(self.counts, errors, 0).sum(axis=1) + np.where(self.steps, self._effort(state, ctrl), 0).sum(
            axis=1
        )

    def expand(self, state: np.ndarray, ctrl: np.ndarray, measured: np.ndarray, by_state: np.ndarray) -> Expansion:
        """Arguments as above, and what is measured by the state, (N, T, m, n)."""
        counts = self.counts[:, :, None]
        slope = 2 * np.where(counts, measured - self.targets, 0)
        jacobian = by_state * counts[..., None]
        expansion = Expansion(
            np.vecmat(slope, jacobian), np.zeros_like(ctrl), 2 * jacobian.mT @ jacobian, np.zeros_like(ctrl)
        )
        p, weight = self.power, self.weight * self.steps[:, :, None]
        drive = ctrl if self.columns is None else state[:, 1:, self.columns]
        first, second = (
            weight * p * np.sign(drive) ** p * drive ** (p - 1),
            weight * p * (p - 1) * np.abs(drive) ** (p - 2),
        )
        if self.columns is None:
            expansion.by_ctrl[:], expansion.ctrl_ctrl[:] = first, second
        else:
            expansion.by_state[:, 1:, self.columns] += first
            expansion.state_state[:, 1:, self.columns, self.columns] += second
        return expansion

    def _effort(self, state: np.ndarray, ctrl: np.ndarray) -> np.ndarray:
        drive = ctrl if self.columns is None else state[:, 1:, self.columns]
        return (self.weight * np.abs(drive) ** self.power).sum(axis=2)
