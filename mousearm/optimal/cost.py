"""The cost of a whole reach: how far elbow and paw are from their targets, and what it takes.

J = sum over frames t = 1 .. T - 1 of |y_t - target_t|^2 + sum_j w_j |e_tj|^p + w_smooth sum_j (u_t-1,j - u_t-2,j)^2,
with y the positions of elbow and paw in mm, and e the controls u_t-1 or the activations a_t. Sums of squared, and
of cubed, muscle activations are usual criteria by which muscles share out a load (the cubes: endurance, Crowninshield
and Brand 1981, J Biomech 14:793-801; weighted squares: Happee 1994, J Biomech 27:953-960); w_j may be in proportion to
a muscle's volume.
"""

from typing import NamedTuple

import numpy as np

from mousearm.emg.envelope import EmgTarget
from mousearm.optimal.system import Measuring, System


class Expansion(NamedTuple):
    """Second order of the cost of N trajectories at their states and controls; of the errors, by Gauss and Newton."""

    by_state: np.ndarray  # (N, T, n)
    by_ctrl: np.ndarray  # (N, T - 1, nu)
    state_state: np.ndarray  # (N, T, n, n)
    ctrl_state: np.ndarray  # (N, T - 1, nu, n)
    ctrl_ctrl: np.ndarray  # (N, T - 1, nu), a diagonal


class Effort(NamedTuple):
    """What effort is made of: ``weight`` (nu,) times the ``power`` of columns (nu,) of the state; -1 for the control.

    The first state, where it is chosen too, counts like a step, by its ``first`` (nu,) columns; -1 where it has none.
    ``w_smooth`` counts changes of the controls, with those of the step before in the last nu columns of the state.
    What is at its ``level`` (nu,) costs nothing, in place of what is at 0.
    """

    weight: np.ndarray
    columns: np.ndarray
    power: int = 2
    first: np.ndarray | None = None
    w_smooth: float = 0.0
    level: np.ndarray | None = None


class Cost:
    """Cost of N trajectories of different lengths: targets are (N, T, m) in mm; frames after the end cost nothing.

    Errors count in all frames but the first or, with ``at_end``, in the last one alone; effort always in all steps.
    A target that is NaN counts nothing.
    """

    def __init__(self, targets: np.ndarray, n_frames: np.ndarray, drive: Effort, at_end: bool = False):
        self.targets, self.n_frames, self.drive, self.at_end = targets, n_frames, drive, at_end
        frames, last = np.arange(targets.shape[1]), n_frames[:, None] - 1
        counts = frames == last if at_end else (frames <= last) & (frames > 0)
        self._counts = counts[:, :, None] & ~np.isnan(targets)
        self.steps = frames[1:] <= last  # (N, T - 1), which steps belong to the trajectories

    def of(self, chosen: np.ndarray) -> "Cost":
        """The cost of some of the trajectories, by index, perhaps of one several times."""
        return Cost(self.targets[chosen], self.n_frames[chosen], self.drive, self.at_end)

    def __call__(self, state: np.ndarray, ctrl: np.ndarray, measured: np.ndarray) -> np.ndarray:
        """(N,) mm^2 of states (N, T, n), controls (N, T - 1, nu) and what is measured, (N, T, m)."""
        drive, power = self.drive, self.drive.power
        effort = (drive.weight * np.abs(self._driven(state, ctrl)) ** power).sum(axis=2)
        if drive.w_smooth:
            effort[:, 1:] += drive.w_smooth * np.square(_change(state, ctrl)).sum(axis=2)
        total = np.where(self._counts, np.square(measured - self.targets), 0).sum(axis=2).sum(axis=1)
        total += np.where(self.steps, effort, 0).sum(axis=1)
        if drive.first is not None:
            start = np.where(drive.first >= 0, self._above(state[:, 0, drive.first]), 0)
            total += (drive.weight * np.abs(start) ** power).sum(axis=1)
        return total

    def expand(self, state: np.ndarray, ctrl: np.ndarray, measured: np.ndarray, by_state: np.ndarray) -> Expansion:
        """Expand it; arguments as above, and what is measured by the state, (N, T, m, n)."""
        drive, counts, steps = self.drive, self._counts, self.steps[:, :, None]
        slope = 2 * np.where(counts, measured - self.targets, 0)
        jacobian = by_state * counts[..., None]
        states, twice = np.vecmat(slope, jacobian), 2 * jacobian.mT @ jacobian
        cross = np.zeros((*ctrl.shape, state.shape[2]))
        first, second = self._powers(self._driven(state, ctrl), steps)
        own, led = drive.columns < 0, np.flatnonzero(drive.columns >= 0)
        controls, diagonal, columns = first * own, second * own, drive.columns[led]
        states[:, 1:, columns] += first[..., led]
        twice[:, 1:, columns, columns] += second[..., led]
        if drive.first is not None:
            led = np.flatnonzero(drive.first >= 0)
            columns = drive.first[led]
            first, second = self._powers(self._above(state[:, 0, drive.first]), np.ones(1))
            states[:, 0, columns] += first[:, led]
            twice[:, 0, columns, columns] += second[:, led]
        if drive.w_smooth:
            now, before = np.arange(ctrl.shape[2]), np.arange(-ctrl.shape[2], 0)
            weight = 2 * drive.w_smooth * steps[:, 1:]
            change = weight * _change(state, ctrl)
            controls[:, 1:] += change
            states[:, 1:-1, before] -= change
            diagonal[:, 1:] += weight
            twice[:, 1:-1, before, before] += weight
            cross[:, 1:, now, before] -= weight
        return Expansion(states, controls, twice, cross, diagonal)

    def _driven(self, state: np.ndarray, ctrl: np.ndarray) -> np.ndarray:
        return self._above(np.where(self.drive.columns >= 0, state[:, 1:, self.drive.columns], ctrl))

    def _above(self, driven: np.ndarray) -> np.ndarray:
        return driven if self.drive.level is None else driven - self.drive.level

    def _powers(self, driven: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First and second derivative of the effort."""
        p, weight, size = self.drive.power, self.drive.weight * counts, np.abs(driven)
        return weight * p * np.sign(driven) * size ** (p - 1), weight * p * (p - 1) * size ** (p - 2)


def _change(state: np.ndarray, ctrl: np.ndarray) -> np.ndarray:
    """(N, T - 2, nu) how controls change from step to step."""
    return ctrl[:, 1:] - state[:, 1:-1, -ctrl.shape[2] :]


def with_electrodes(system: System, emg: EmgTarget, w_emg: float, n_states: int) -> Measuring:
    """A system of which C channels are measured too: root of the weight x signal @ weights, after what it has.

    The signal is the muscles' activations or, of a system whose state, of so many numbers, ends with the controls of
    the step before (see `Remembering`), these: always what led to the state. So `Cost` sums
    w_emg (channel - target)^2, in mm^2.
    """
    shown = np.sqrt(w_emg) * emg.weights
    rows = np.zeros((shown.shape[1], n_states))
    if emg.signal == "excitation":
        rows[:, -len(system.columns) :] = shown.T
    else:
        led = np.flatnonzero(system.columns >= 0)
        rows[:, system.columns[led]] = shown[led].T
    return Measuring(system, rows)


def with_emg(cost: Cost, emg: EmgTarget, w_emg: float) -> Cost:
    """The cost of the same trajectories that counts what `with_electrodes` measures, too."""
    targets = np.concatenate([cost.targets, np.sqrt(w_emg) * emg.values], axis=2)
    return Cost(targets, cost.n_frames, cost.drive, cost.at_end)
