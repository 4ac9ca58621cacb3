"""How the acceleration goes while a control is held, and the feedback that suits it."""

from typing import NamedTuple

import numpy as np


class Hold(NamedTuple):
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


STEP = Hold(position=(0.0, 1 / 2), speed=(0.0, 1.0), at=0.5, bandwidth=200.0)
"""Motors: the torque is there at once and stays; what is chosen is its mean, that of the middle of the interval."""

RAMP = Hold(position=(1 / 3, 1 / 6), speed=(1 / 2, 1 / 2), at=1.0, bandwidth=90.0)
"""Muscles: the activation needs the whole interval to get from one value to the next. Faster feedback than this makes
muscles fight each other, because they relax slowly."""
