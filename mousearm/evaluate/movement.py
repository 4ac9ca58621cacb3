"""What a reach asks of the paw: how far, how fast and whereto."""

from dataclasses import dataclass

import numpy as np

DIRECTIONS = ("left", "right", "back", "forward", "down", "up")
"""The lower and the upper end of each axis x, y, z of the world, as the animal would say."""


@dataclass(frozen=True, slots=True)
class Movement:
    """What a reach asks of the paw.

    Attributes:
        distance_mm: from the first target to the farthest from it.
        peak_speed_m_s: largest speed of the target (central differences), m/s.
        direction: the one of ``DIRECTIONS`` that is nearest to the way from the first target to the farthest.
    """

    distance_mm: float
    peak_speed_m_s: float
    direction: str

    @staticmethod
    def of(paw: np.ndarray, dt: float) -> "Movement":
        """That of paw targets, (T, 3) metres in the world frame (z up), dt seconds apart."""
        offsets = paw - paw[0]
        distances = np.linalg.norm(offsets, axis=1)
        way = offsets[distances.argmax()]
        axis = int(np.abs(way).argmax())
        speed = np.linalg.norm(np.gradient(paw, dt, axis=0), axis=1).max()
        return Movement(float(1e3 * distances.max()), float(speed), DIRECTIONS[2 * axis + int(way[axis] > 0)])
