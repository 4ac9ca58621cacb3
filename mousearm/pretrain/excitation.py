"""What controls make of actuators in one control interval, and which control makes of them what is wanted.

Actuators are described by their share: 0 at the lowest control and 1 at the highest, for muscles of the activation.
"""

import mujoco
import numpy as np

from mousearm.mechanics import drive_range
from mousearm.model import Arm

# The time constant changes on the way with the activation, which this many repetitions follow.
_REPETITIONS = 3


class Excitation:
    """The activation dynamics of an arm's muscles over one control interval; motors follow at once.

    An activation a goes towards the excitation u as da/dt = (u - a) / tau, with tau = t_act (0.5 + 1.5 a) on its way up
    and t_deact / (0.5 + 1.5 a) on its way down (MuJoCo, mju_muscleDynamics). Here tau is that of the middle of the way;
    activations come out within 0.02.

    Attributes:
        muscles: (M,) indices of the actuators that have such dynamics.
    """

    def __init__(self, arm: Arm, control_dt: float, ctrl_limits: np.ndarray):
        """Prepare.

        Args:
            arm: the arm.
            control_dt: how long a control is held, s.
            ctrl_limits: (nu, 2) lowest and highest control that may be given.
        """
        model = arm.model
        self.muscles = np.flatnonzero(model.actuator_dyntype == mujoco.mjtDyn.mjDYN_MUSCLE)
        self._dt = control_dt
        self._low, self._span = drive_range(arm)[:, 0], np.ptp(drive_range(arm), axis=1)
        self._ctrl_limits = ctrl_limits.T
        self._address = model.actuator_actadr[self.muscles]
        self._up, self._down = model.actuator_dynprm[self.muscles, :2].T

    def reachable(self, activation: np.ndarray) -> np.ndarray:
        """(2, N, nu) lowest and highest share at the end of the interval."""
        ends = np.repeat(self._ctrl_limits[:, None], len(activation), axis=1)
        now = activation[:, self._address]
        for end in ends:
            excitation, goal = np.clip(end[:, self.muscles], 0, 1), now
            for _ in range(_REPETITIONS):
                goal = now + (excitation - now) * self._progress(now, goal, excitation > now)
            end[:, self.muscles] = goal
        return (ends - self._low) / self._span

    def control(self, activation: np.ndarray, share: np.ndarray) -> np.ndarray:
        """(N, nu) controls that lead to shares, (N, nu), at the end of the interval."""
        control = self._low + share * self._span
        now, goal = activation[:, self._address], control[:, self.muscles]
        control[:, self.muscles] = now + (goal - now) / self._progress(now, goal, goal > now)
        return np.clip(control, *self._ctrl_limits)

    def _progress(self, now: np.ndarray, goal: np.ndarray, rising: np.ndarray) -> np.ndarray:
        """What part of the way to the excitation is done in an interval that begins and ends with these activations."""
        slowness = 0.5 + 1.5 * np.clip((now + goal) / 2, 0, 1)
        return -np.expm1(-self._dt / np.where(rising, self._up * slowness, self._down / slowness))
