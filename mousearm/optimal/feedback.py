"""Locally optimal feedback: what to do in a state near an optimal trajectory."""

from collections.abc import Sequence

import numpy as np

from mousearm.model import Arm
from mousearm.optimal.box import box_minimum
from mousearm.optimal.inputs import Inputs
from mousearm.optimal.system import ActivationProgress, activation_columns
from mousearm.optimal.trajectories import OptimalTrajectory
from mousearm.trajectory import Snapshot, hold


class OptimalFeedback:
    """Controls of N arms near optimal trajectories: the least cost to come, to second order, within what is possible.

    In a state x near x* of that frame, inputs change from w* by the w that minimises w (slope + cross (x - x*) +
    curvature w / 2), as in the solver's own roll-out (Tassa, Mansard and Todorov 2014), within what controls in their
    range reach from the activations as they are. Where one muscle is at its bound others take over; linear gains, for
    which it stays there, throw an arm off whose muscles are nearly all at rest. On x* it does u*.
    It holds where the model around x* does, within some tenths of a millimetre.
    """

    def __init__(self, arm: Arm, trajectories: Sequence[OptimalTrajectory], control_dt: float, ctrl_range: np.ndarray):
        """Prepare for reaches, whose indices are those of the trajectories.

        Controls are held for ``control_dt`` s, within ``ctrl_range``, (nu, 2).
        """
        self._range, self._progress = ctrl_range, ActivationProgress(arm.model, control_dt)
        self._columns = activation_columns(arm.model)
        n = max(len(one.ctrl) for one in trajectories)
        states = [np.concatenate([one.qpos, one.qvel, one.activation], axis=1)[:-1] for one in trajectories]
        self.state = np.stack([hold(state, n) for state in states])  # (R, T - 1, nq + nq + na), x*
        self._slope = np.stack([hold(one.slope, n) for one in trajectories])
        self._cross = np.stack([hold(one.cross, n) for one in trajectories])
        self._curvature = np.stack([hold(one.curvature, n) for one in trajectories])
        ctrl = np.stack([hold(one.ctrl, n) for one in trajectories])
        self._inputs = self._around(self.state).of(self.state, ctrl)  # (R, T - 1, nu), w*

    def control(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Controls, (N, nu), of N arms, each in a frame (N,) of a reach (N,); in the last frame, those before it."""
        at = reach, np.minimum(frame, self.state.shape[1] - 1)
        state = np.concatenate([snapshot.qpos, snapshot.qvel, snapshot.activation], axis=1)
        inputs, best = self._around(state), self._inputs[at]
        low, high = (inputs.of(state, np.broadcast_to(end, best.shape)) - best for end in self._range.T)
        slope = self._slope[at] + np.matvec(self._cross[at], state - self.state[at])
        change, _ = box_minimum(self._curvature[at], slope, low, high)
        return np.clip(inputs.ctrl(state, best + change), *self._range.T)

    def _around(self, state: np.ndarray) -> Inputs:
        """Inputs of states (..., n), with the time constants of muscles there."""
        activation = np.where(self._columns >= 0, state[..., self._columns], 0)
        return Inputs(self._columns, *self._progress(np.clip(activation, 0, 1)))
