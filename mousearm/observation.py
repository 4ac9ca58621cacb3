"""What the network sees: named terms, each a pure function of a snapshot and the targets ahead."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from mousearm.errors import ConfigError, UnknownNameError
from mousearm.simulation import Snapshot
from mousearm.trajectory import FOLLOWED


@dataclass(frozen=True, slots=True)
class Ahead:
    """Where N simulations stand in their reaches, and what comes.

    Attributes:
        phase: (N,) 0 at the first frame, 1 at the last.
        target: (N, 2, 3) elbow and paw targets of the current frame, metres.
        targets: (N, K, 2, 3) those of K = ``env.path_steps`` frames to come, ``env.path_spacing`` apart; the last
            frame of the reach repeats.
    """

    phase: np.ndarray
    target: np.ndarray
    targets: np.ndarray


def qpos(snapshot: Snapshot, ahead: Ahead) -> np.ndarray:
    """Joint positions, (N, nq) rad."""
    return snapshot.qpos


def qvel(snapshot: Snapshot, ahead: Ahead) -> np.ndarray:
    """Joint velocities, (N, nq) rad/s."""
    return snapshot.qvel


def activation(snapshot: Snapshot, ahead: Ahead) -> np.ndarray:
    """Muscle activations, (N, na), 0 to 1; no columns for an arm of motors."""
    return snapshot.activation


def phase(snapshot: Snapshot, ahead: Ahead) -> np.ndarray:
    """Time within the reach, (N, 1), 0 to 1."""
    return ahead.phase[:, None]


def path(snapshot: Snapshot, ahead: Ahead) -> np.ndarray:
    """Future targets minus the current position of the arm, (N, 6 path_steps) metres.

    For each frame to come x, y, z of the elbow, then of the paw. Says where to go, the present error included.
    """
    return _flat(ahead.targets - snapshot.landmarks[:, None, FOLLOWED])


def path_preview(snapshot: Snapshot, ahead: Ahead) -> np.ndarray:
    """Future targets minus the current target, (N, 6 path_steps) metres, in the order of ``path``.

    Says how the reach goes on, and nothing of the arm.
    """
    return _flat(ahead.targets - ahead.target[:, None])


def _flat(offsets: np.ndarray) -> np.ndarray:
    return offsets.reshape(len(offsets), 6 * offsets.shape[1])


Term = Callable[[Snapshot, Ahead], np.ndarray]
TERMS = MappingProxyType({term.__name__: term for term in (qpos, qvel, activation, phase, path, path_preview)})


class Observation:
    """The terms that a configuration lists, side by side."""

    def __init__(self, names: Sequence[str]):
        """Look the terms up.

        Raises:
            UnknownNameError: if there is no term of a name.
        """
        if len(set(names)) < len(names):
            raise ConfigError(f"env.observation={list(names)} lists a term twice.")
        for name in names:
            if name not in TERMS:
                raise UnknownNameError("observation term (key env.observation)", name, TERMS)
        self.names = tuple(names)

    def __call__(self, snapshot: Snapshot, ahead: Ahead) -> np.ndarray:
        """The observation, (N, n) float32."""
        return np.concatenate([TERMS[name](snapshot, ahead) for name in self.names], axis=1, dtype=np.float32)

    def widths(self, snapshot: Snapshot, ahead: Ahead) -> dict[str, int]:
        """Columns of each term, in order; shown before training."""
        return {name: TERMS[name](snapshot, ahead).shape[1] for name in self.names}
