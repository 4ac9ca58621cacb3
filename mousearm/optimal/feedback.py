"""Locally optimal feedback: what to do in a state near an optimal trajectory."""

from collections.abc import Sequence

import numpy as np

from mousearm.action import INVERSE_MAPS
from mousearm.errors import UnknownNameError
from mousearm.model import Arm
from mousearm.optimal.system import ActivationProgress, activation_columns
from mousearm.optimal.trajectories import OptimalTrajectory
from mousearm.trajectory import Snapshot, hold


class OptimalFeedback:
    """Performs optimal trajectories with N arms: u* + K (x - x*), clipped to the range of the controls.

    x* and u* are state and control of the trajectory in that frame, K its gains: the best answer to a small deviation
    (Jacobson and Mayne 1970, Differential dynamic programming). Of muscles, K says where the activation is to be led,
    w = a + (u - a) p, and the control follows with the share p of the way that a step does from the activation as it
    is: upwards it is several times that downwards, so that a control that is linear in the state throws the arm off.
    Its actions depend on the states and frames of the arms alone. ``curvature``, (R, T - 1, nu, nu) mm^2, says what it
    costs to do something else: half of it times the squared difference of the controls.
    """

    def __init__(
        self, arm: Arm, trajectories: Sequence[OptimalTrajectory], control_dt: float, action_map: str = "direct"
    ):
        """Prepare for reaches, whose indices are those of the trajectories, and controls held for ``control_dt`` s.

        ``action_map`` is ``model.action_map`` of the task; UnknownNameError if there is no such one.
        """
        if action_map not in INVERSE_MAPS:
            raise UnknownNameError("action map", action_map, INVERSE_MAPS)
        self._range, self._to_action = arm.ctrl_range, INVERSE_MAPS[action_map]
        self._progress, self._columns = ActivationProgress(arm.model, control_dt), activation_columns(arm.model)
        self._muscles = np.flatnonzero(self._columns >= 0)
        longest = max(len(one.ctrl) for one in trajectories)
        state = [np.concatenate([one.qpos, one.qvel, one.activation], axis=1)[:-1] for one in trajectories]
        self._state = np.stack([hold(part, longest) for part in state])  # (R, T - 1, n)
        ctrl = np.stack([hold(one.ctrl, longest) for one in trajectories])
        gains = np.stack([hold(one.gains, longest) for one in trajectories])
        self.curvature = np.stack([hold(one.curvature, longest) for one in trajectories])
        share = self._share(self._state, ctrl)
        activation = self._activation(self._state)
        self._lead = activation + (ctrl - activation) * share  # (R, T - 1, nu), w*
        self._gains = gains * share[..., None]  # (R, T - 1, nu, n), of w by the state
        self._gains[:, :, self._muscles, self._columns[self._muscles]] += 1 - share[:, :, self._muscles]

    def __call__(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Actions of the task, (N, nu) in [-1, 1]; see ``control``."""
        return self._to_action(self.control(snapshot, reach, frame), self._range)

    def control(self, snapshot: Snapshot, reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
        """Controls, (N, nu), of N arms, each in a frame (N,) of a reach (N,); in the last frame, those before it."""
        step = np.minimum(frame, self._lead.shape[1] - 1)
        state = np.concatenate([snapshot.qpos, snapshot.qvel, snapshot.activation], axis=1)
        lead = self._lead[reach, step] + np.matvec(self._gains[reach, step], state - self._state[reach, step])
        activation = self._activation(state)
        return np.clip(activation + (lead - activation) / self._share(state, lead), *self._range.T)

    def _activation(self, state: np.ndarray) -> np.ndarray:
        """(..., nu) of states (..., n); 0 for motors."""
        return np.where(self._columns >= 0, state[..., self._columns], 0.0)

    def _share(self, state: np.ndarray, goal: np.ndarray) -> np.ndarray:
        """(..., nu) share of the way to goals, (..., nu), that the activation does in a step; 1 for motors."""
        activation = self._activation(state)
        up, down = self._progress(np.clip(activation, 0, 1))
        return np.where(goal > activation, up, down)
