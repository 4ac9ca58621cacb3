"""A trained network as a controller."""

import numpy as np

from mousearm.policy.network import RecurrentPolicy


class PolicyController:
    """A policy as a deterministic controller of N arms, which carries its state from step to step."""

    def __init__(self, policy: RecurrentPolicy):
        self.policy = policy
        self.reset(0)

    def reset(self, n: int) -> None:
        """Forget the past; n arms follow."""
        self._state: tuple[np.ndarray, ...] | None = None

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions (N, nu) in [-1, 1] for observations (N, n_obs) float32."""
        action, self._state = self.policy.predict(observation, self._state, deterministic=True)
        return action
