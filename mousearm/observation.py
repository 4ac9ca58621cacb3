"""Observation terms, each a pure function of a snapshot and the targets ahead, side by side for the network.

A term is a function below `OBSERVATIONS.add`, listed by its name in ``env.observation``. Its sense, which `sense` says,
decides how late it is (``env.delay_ms``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from mousearm.arrays import Array, side_by_side
from mousearm.errors import ConfigError
from mousearm.registry import OBSERVATIONS
from mousearm.trajectory import FOLLOWED, Snapshot

_FAR = 0.01  # m, between reaches that are drawn
_Term = TypeVar("_Term", bound=Callable[..., Array])
_SENSE = "sense"

PROPRIOCEPTION, VISION, NO_SENSE = "proprioception", "vision", "none"


def sense(name: str) -> Callable[[_Term], _Term]:
    """Decorator that says by which sense a term reaches the network; one without comes by none, and is never late."""

    def mark(term: _Term) -> _Term:
        setattr(term, _SENSE, name)
        return term

    return mark


@dataclass(frozen=True, slots=True)
class Ahead:
    """Position of N simulations in their reaches, and the targets to come.

    The phase, (N,), is 0 at the first frame, 1 at the last; the target, (N, 2, 3) metres, that of elbow and paw in the
    current frame; the targets, (N, K, 2, 3), are those of K = ``env.path_steps`` frames to come, ``env.path_spacing``
    apart, of which the last of the reach repeats.
    """

    phase: Array
    target: Array
    targets: Array


@OBSERVATIONS.add
@sense(PROPRIOCEPTION)
def qpos(snapshot: Snapshot, ahead: Ahead) -> Array:
    """Joint positions, (N, nq) rad."""
    return snapshot.qpos


@OBSERVATIONS.add
@sense(PROPRIOCEPTION)
def qvel(snapshot: Snapshot, ahead: Ahead) -> Array:
    """Joint velocities, (N, nq) rad/s."""
    return snapshot.qvel


@OBSERVATIONS.add
@sense(PROPRIOCEPTION)
def activation(snapshot: Snapshot, ahead: Ahead) -> Array:
    """Muscle activations, (N, na), 0 to 1; no columns for an arm of motors."""
    return snapshot.activation


@OBSERVATIONS.add
def phase(snapshot: Snapshot, ahead: Ahead) -> Array:
    """Time within the reach, (N, 1), 0 to 1."""
    return ahead.phase[:, None]


@OBSERVATIONS.add
@sense(VISION)
def path(snapshot: Snapshot, ahead: Ahead) -> Array:
    """Future targets minus the current position of the arm, (N, 6 path_steps) metres.

    For each frame to come x, y, z of the elbow, then of the paw. Says where to go, the present error included.
    """
    return _flat(ahead.targets - snapshot.landmarks[:, None, FOLLOWED])


@OBSERVATIONS.add
@sense(VISION)
def path_preview(snapshot: Snapshot, ahead: Ahead) -> Array:
    """Future targets minus the current target, (N, 6 path_steps) metres, in the order of ``path``.

    Shows the course of the reach, and nothing of the arm.
    """
    return _flat(ahead.targets - ahead.target[:, None])


def _flat(offsets: Array) -> Array:
    return offsets.reshape(len(offsets), 6 * offsets.shape[1])


class Observation:
    """The terms that a configuration lists, side by side."""

    def __init__(self, names: Sequence[str]):
        """Find the terms; UnknownNameError if there is none of a name."""
        if len(set(names)) < len(names):
            raise ConfigError(f"env.observation={list(names)} lists a term twice.")
        self.by_name = {name: OBSERVATIONS[name] for name in names}

    def __call__(self, snapshot: Snapshot, ahead: Ahead) -> Array:
        """Compute the observation, (N, n) float32."""
        return side_by_side([*self.terms(snapshot, ahead).values()])

    def terms(self, snapshot: Snapshot, ahead: Ahead) -> dict[str, Array]:
        """Compute the terms, (N, n) each, by name."""
        return {name: term(snapshot, ahead) for name, term in self.by_name.items()}

    @property
    def senses(self) -> Mapping[str, str]:
        """The sense of each term, by name: ``proprioception``, ``vision`` or ``none``."""
        return {name: getattr(term, _SENSE, NO_SENSE) for name, term in self.by_name.items()}

    def shows_targets(self, snapshot: Snapshot, n_ahead: int) -> bool:
        """Whether what is seen depends on the targets, of which ``n_ahead`` frames to come are looked at.

        It is tried, with two reaches that are drawn at random, so every term counts for what it computes.
        """
        n, rng = len(snapshot.qpos), np.random.default_rng(0)
        drawn = [rng.normal(0, _FAR, (n, 1 + n_ahead, 2, 3)) for _ in range(2)]
        one, other = (self(snapshot, Ahead(np.zeros(n), points[:, 0], points[:, 1:])) for points in drawn)
        return not np.array_equal(one, other, equal_nan=True)

    def widths(self, snapshot: Snapshot, ahead: Ahead) -> dict[str, int]:
        """Columns of each term, in order; shown before training."""
        return {name: term(snapshot, ahead).shape[1] for name, term in self.by_name.items()}
