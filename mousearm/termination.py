"""End of an episode: at the end of its reach (a truncation), or because the simulation diverged."""

import numpy as np

from mousearm.trajectory import Snapshot

# rad/s; more than a thousand turns a second, while random controls at full force stay below 200 rad/s.
MAX_QVEL = 1e4


def diverged(snapshot: Snapshot) -> np.ndarray:
    """Find simulations, (N,) bool, with a value that is not finite or a joint faster than ``MAX_QVEL``.

    A control that is not a number counts too: MuJoCo would take it for 0 without a warning.
    """
    state = np.concatenate([snapshot.qpos, snapshot.qvel, snapshot.activation, snapshot.ctrl], axis=1)
    too_fast = np.abs(snapshot.qvel) > MAX_QVEL
    return np.asarray(~np.isfinite(state).all(axis=1) | too_fast.any(axis=1))


def divergence_reward(remaining: np.ndarray, worst: np.ndarray, least_penalty: float) -> np.ndarray:
    """Last reward of diverged episodes: no continuation could have been worse, so diverging never pays.

    Every step that remains, (N,), the diverged one included, is charged the worst reward of a step in the episode so
    far, (N,), and at least ``env.divergence_penalty``: -remaining max(least_penalty, -worst).
    """
    return -remaining * np.maximum(least_penalty, -worst)
