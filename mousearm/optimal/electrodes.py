"""EMG in the cost of a reach: what recorded channels would show of the muscles is measured, and has a target."""

import numpy as np

from mousearm.emg.target import EmgTarget
from mousearm.optimal.cost import Cost
from mousearm.optimal.system import Linearisation, System


class WithElectrodes:
    """A system of which C channels are measured too: root of the weight x signal @ weights, after what it has.

    The signal is the muscles' activations or, of a system whose state ends with the controls of the step before (see
    `Remembering`), these: always what led to the state. So `Cost` sums w_emg (channel - target)^2, in mm^2.
    """

    def __init__(self, system: System, emg: EmgTarget, w_emg: float, n_states: int):
        """Measure the channels of ``emg`` in states of so many numbers."""
        self._system = system
        self.ctrl_range, self.columns, self.progress = system.ctrl_range, system.columns, system.progress
        nu, shown = len(system.columns), np.sqrt(w_emg) * emg.weights
        self._rows = np.zeros((shown.shape[1], n_states))
        if emg.signal == "excitation":
            self._rows[:, -nu:] = shown.T
        else:
            led = np.flatnonzero(system.columns >= 0)
            self._rows[:, system.columns[led]] = shown[led].T

    def begin(self, state: np.ndarray) -> np.ndarray:
        """As `System.begin`."""
        return self._measured(state, self._system.begin(state))

    def advance(self, ctrl: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `System.advance`."""
        state, measured = self._system.advance(ctrl)
        return state, self._measured(state, measured)

    def linearise(self, state: np.ndarray, ctrl: np.ndarray) -> Linearisation:
        """As `System.linearise`."""
        found = self._system.linearise(state, ctrl)
        rows = np.broadcast_to(self._rows, (len(state), *self._rows.shape))
        return found._replace(measured_by_state=np.concatenate([found.measured_by_state, rows], axis=1))

    def _measured(self, state: np.ndarray, measured: np.ndarray) -> np.ndarray:
        return np.concatenate([measured, state @ self._rows.T], axis=1)


def with_emg(cost: Cost, emg: EmgTarget, w_emg: float) -> Cost:
    """The cost of the same trajectories that counts what `WithElectrodes` measures, too."""
    targets = np.concatenate([cost.targets, np.sqrt(w_emg) * emg.values], axis=2)
    return Cost(targets, cost.n_frames, cost.drive, cost.at_end)
