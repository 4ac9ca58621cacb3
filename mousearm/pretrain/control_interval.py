"""One control interval: how acceleration and activation go in it, and the feedback and the controls that suit it."""

from typing import NamedTuple

import mujoco
import numpy as np

from mousearm.mechanics import drive_range
from mousearm.model import Arm


class ControlInterval(NamedTuple):
    """One control interval of a joint whose acceleration goes from a to b, which is chosen.

    position' = position + dt speed + dt^2 (p0 a + p1 b), speed' = speed + dt (s0 a + s1 b).

    Attributes:
        position: (p0, p1).
        speed: (s0, s1).
        at: the part of the interval after which the joint has the acceleration b.
        bandwidth: how fast errors are to die out, 1/s.
    """

    position: tuple[float, float]
    speed: tuple[float, float]
    at: float
    bandwidth: float

    def ahead(
        self, qpos: np.ndarray, qvel: np.ndarray, qacc: np.ndarray, chosen: np.ndarray, dt: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Position and speed when the acceleration is the chosen one, from those and the acceleration now."""
        t = self.at * dt
        (p0, p1), (s0, s1) = self.position, self.speed
        return qpos + t * qvel + t**2 * (p0 * qacc + p1 * chosen), qvel + t * (s0 * qacc + s1 * chosen)

    def gains(self, dt: float) -> np.ndarray:
        """(3,) feedback of errors of position, speed and acceleration that makes them die out in time.

        Ackermann's formula: k = (0 0 1) C^-1 phi(A), with C = (B AB AAB), and phi the polynomial of the wanted poles.
        All of them are exp(-bandwidth dt); but where the acceleration now has no consequence, one is 0.
        """
        (p0, p1), (s0, s1) = self.position, self.speed
        a = np.array([[1, dt, p0 * dt**2], [0, 1, s0 * dt], [0, 0, 0]])
        b = np.array([p1 * dt**2, s1 * dt, 1])
        pole = np.exp(-self.bandwidth * dt)
        phi = (a - pole * np.eye(3)) @ (a - pole * np.eye(3)) @ (a - (pole if s0 else 0.0) * np.eye(3))
        reach = np.stack([b, a @ b, a @ a @ b], axis=1)
        return np.linalg.solve(reach.T, [0.0, 0.0, 1.0]) @ phi


MOTOR_INTERVAL = ControlInterval(position=(0.0, 1 / 2), speed=(0.0, 1.0), at=0.5, bandwidth=200.0)
"""Motors: the torque is there at once and stays; what is chosen is its mean, that of the middle of the interval."""

MUSCLE_INTERVAL = ControlInterval(position=(1 / 3, 1 / 6), speed=(1 / 2, 1 / 2), at=1.0, bandwidth=90.0)
"""Muscles: the activation needs the whole interval to get from one value to the next. Faster feedback than this makes
muscles fight each other, because they relax slowly."""


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
        """Share of the way to the excitation that is done in an interval between these activations."""
        slowness = 0.5 + 1.5 * np.clip((now + goal) / 2, 0, 1)
        return -np.expm1(-self._dt / np.where(rising, self._up * slowness, self._down / slowness))
