"""State of simulations at one instant, as arrays alone."""

from dataclasses import dataclass

import numpy as np

from mousearm.trajectory import ELBOW, PAW


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State of N simulations at one instant; copies, so that they stay as they were.

    Attributes:
        qpos: (N, nq) joint positions, rad.
        qvel: (N, nq) joint velocities, rad/s.
        activation: (N, na) muscle activations, 0 to 1.
        ctrl: (N, nu) the controls of the step that led here.
        force: (N, nu) actuator forces in that step's last substep.
        landmarks: (N, 3, 3) shoulder, elbow and paw, metres, world frame (z up), current with qpos.
    """

    qpos: np.ndarray
    qvel: np.ndarray
    activation: np.ndarray
    ctrl: np.ndarray
    force: np.ndarray
    landmarks: np.ndarray

    @property
    def elbow(self) -> np.ndarray:
        """(N, 3) metres."""
        return self.landmarks[:, ELBOW]

    @property
    def paw(self) -> np.ndarray:
        """(N, 3) metres."""
        return self.landmarks[:, PAW]
