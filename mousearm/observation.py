"""Observation terms, each a pure function of a snapshot, the targets ahead and the body, side by side for the network.

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
from mousearm.senses import Anatomy, ia_rate, ib_rate, ii_rate
from mousearm.trajectory import FOLLOWED, PAW, SHOULDER, Snapshot

PROPRIOCEPTION, VISION, NO_SENSE = "proprioception", "vision", "none"
FIBRES, GOAL = "fibres", "goal"  # of muscles in the snapshot; of the reach, in what is ahead
_FAR = 0.01  # m, between reaches that are drawn
_SENSE = "sense"
_Term = TypeVar("_Term", bound=Callable[..., Array])


@dataclass(frozen=True, slots=True)
class Sense:
    """Origin of a term: its sense, its unit, and what must be computed for it that others do without."""

    name: str = NO_SENSE
    unit: str = "1"
    needs: frozenset[str] = frozenset()  # of `FIBRES` and `GOAL`


def sense(name: str, unit: str = "1", *needs: str) -> Callable[[_Term], _Term]:
    """Decorator that gives a term its `Sense`; a term without comes by no sense, and is never late."""

    def mark(term: _Term) -> _Term:
        setattr(term, _SENSE, Sense(name, unit, frozenset(needs)))
        return term

    return mark


def sense_of(term: Callable[..., Array]) -> Sense:
    """The `Sense` of a term."""
    return getattr(term, _SENSE, Sense())


@dataclass(frozen=True, slots=True)
class Ahead:
    """Position of N simulations in their reaches, and the targets to come.

    The phase, (N,), is 0 at the first frame, 1 at the last; the target, (N, 2, 3) metres, that of elbow and paw in the
    current frame; the targets, (N, K, 2, 3), are those of K = ``env.path_steps`` frames to come, ``env.path_spacing``
    apart, of which the last of the reach repeats. The goal, (N, 3) metres, is the paw's target in the last frame; None
    where no term needs it.
    """

    phase: Array
    target: Array
    targets: Array
    goal: Array | None = None


@OBSERVATIONS.add
@sense(PROPRIOCEPTION, "rad")
def qpos(snapshot: Snapshot, ahead: Ahead, body: Anatomy) -> Array:
    """Joint positions, (N, nq) rad."""
    return snapshot.qpos


@OBSERVATIONS.add
@sense(PROPRIOCEPTION, "rad/s")
def qvel(snapshot: Snapshot, ahead: Ahead, body: Anatomy) -> Array:
    """Joint velocities, (N, nq) rad/s."""
    return snapshot.qvel


@OBSERVATIONS.add
@sense(PROPRIOCEPTION)
def activation(snapshot: Snapshot, ahead: Ahead, body: Anatomy) -> Array:
    """Muscle activations, (N, na), 0 to 1; no columns for an arm of motors."""
    return snapshot.activation


@OBSERVATIONS.add
def phase(snapshot: Snapshot, ahead: Ahead, body: Anatomy) -> Array:
    """Time within the reach, (N, 1), 0 to 1."""
    return ahead.phase[:, None]


@OBSERVATIONS.add
@sense(VISION, "m")
def path(snapshot: Snapshot, ahead: Ahead, body: Anatomy) -> Array:
    """Future targets minus the current position of the arm, (N, 6 path_steps) metres.

    For each frame to come x, y, z of the elbow, then of the paw. Says where to go, the present error included.
    """
    return _flat(ahead.targets - snapshot.landmarks[:, None, FOLLOWED])


@OBSERVATIONS.add
@sense(NO_SENSE, "m")
def path_preview(snapshot: Snapshot, ahead: Ahead, body: Anatomy) -> Array:
    """Future targets minus the current target, (N, 6 path_steps) metres, in the order of ``path``.

    Shows the course of the reach, and nothing of the arm: an intention, which no sense delivers.
    """
    return _flat(ahead.targets - ahead.target[:, None])


@OBSERVATIONS.add
@sense(VISION, "m")
def paw(snapshot: Snapshot, ahead: Ahead, body: Anatomy) -> Array:
    """Position of the paw, from the shoulder, (N, 3) metres."""
    return snapshot.landmarks[:, PAW] - snapshot.landmarks[:, SHOULDER]


@OBSERVATIONS.add
@sense(VISION, "m", GOAL)
def target(snapshot: Snapshot, ahead: Ahead, body: Anatomy) -> Array:
    """Target of the paw at the end of the reach, from the shoulder, (N, 3) metres: the pellet."""
    return ahead.goal - snapshot.landmarks[:, SHOULDER]


@OBSERVATIONS.add
@sense(PROPRIOCEPTION, "1", FIBRES)
def muscle_length(snapshot: Snapshot, ahead: Ahead, body: Anatomy) -> Array:
    """Fibre lengths of muscles, (N, M) in optimal fibre lengths; no columns for an arm of motors."""
    return _of_muscles(snapshot.fibre_length, body)


@OBSERVATIONS.add
@sense(PROPRIOCEPTION, "1", FIBRES)
def muscle_velocity(snapshot: Snapshot, ahead: Ahead, body: Anatomy) -> Array:
    """Fibre velocities of muscles, (N, M), of their maximal velocity; negative where they shorten."""
    return _of_muscles(snapshot.fibre_velocity, body) / body.vmax


@OBSERVATIONS.add
@sense(PROPRIOCEPTION, "1", FIBRES)
def muscle_force(snapshot: Snapshot, ahead: Ahead, body: Anatomy) -> Array:
    """Forces of muscles in this state, (N, M), relative to their peak isometric force when intact."""
    return _of_muscles(snapshot.tension, body) / body.peak


@OBSERVATIONS.add
@sense(PROPRIOCEPTION, "imp/s", FIBRES)
def spindle_ia(snapshot: Snapshot, ahead: Ahead, body: Anatomy) -> Array:
    """Rates of the primary endings of muscle spindles, (N, M) impulses/s; see `ia_rate`."""
    length, velocity = _of_muscles(snapshot.fibre_length, body), _of_muscles(snapshot.fibre_velocity, body)
    return ia_rate(body.senses, length - body.rest, velocity, snapshot.activation[:, body.states])


@OBSERVATIONS.add
@sense(PROPRIOCEPTION, "imp/s", FIBRES)
def spindle_ii(snapshot: Snapshot, ahead: Ahead, body: Anatomy) -> Array:
    """Rates of the secondary endings of muscle spindles, (N, M) impulses/s; see `ii_rate`."""
    stretch = _of_muscles(snapshot.fibre_length, body) - body.rest
    return ii_rate(body.senses, stretch, snapshot.activation[:, body.states])


@OBSERVATIONS.add
@sense(PROPRIOCEPTION, "imp/s", FIBRES)
def tendon_organ(snapshot: Snapshot, ahead: Ahead, body: Anatomy) -> Array:
    """Rates of Golgi tendon organs, (N, M) impulses/s; see `ib_rate`."""
    return ib_rate(body.senses, muscle_force(snapshot, ahead, body))


def _of_muscles(columns: Array | None, body: Anatomy) -> Array:
    """Those of (N, nu) that are of muscles; ValueError if the simulation was not asked for fibres."""
    if columns is None:
        raise ValueError("the snapshot has no fibres; build the simulation with fibres=True")
    return columns[:, body.muscles]


def _flat(offsets: Array) -> Array:
    return offsets.reshape(len(offsets), 6 * offsets.shape[1])


class Observation:
    """The terms that a configuration lists, side by side."""

    def __init__(self, names: Sequence[str], body: Anatomy):
        """Find the terms, for this body; UnknownNameError if there is none of a name."""
        if len(set(names)) < len(names):
            raise ConfigError(f"env.observation={list(names)} lists a term twice.")
        self.by_name = {name: OBSERVATIONS[name] for name in names}
        self.body = body

    @property
    def senses(self) -> Mapping[str, str]:
        """The sense of each term, by name: ``proprioception``, ``vision`` or ``none``."""
        return {name: sense_of(term).name for name, term in self.by_name.items()}

    def needing(self, what: str) -> list[str]:
        """Names of the terms that need this computed: `FIBRES` or `GOAL`."""
        return [name for name, term in self.by_name.items() if what in sense_of(term).needs]

    def __call__(self, snapshot: Snapshot, ahead: Ahead) -> Array:
        """Compute the observation, (N, n) float32."""
        return side_by_side([*self.terms(snapshot, ahead).values()])

    def terms(self, snapshot: Snapshot, ahead: Ahead) -> dict[str, Array]:
        """Compute the terms, (N, n) each, by name."""
        return {name: term(snapshot, ahead, self.body) for name, term in self.by_name.items()}

    def shows_targets(self, snapshot: Snapshot, n_ahead: int) -> bool:
        """True if what is seen depends on the targets, of which ``n_ahead`` frames to come are looked at.

        It is tried, with two reaches that are drawn at random, so every term counts for what it computes.
        """
        n, rng = len(snapshot.qpos), np.random.default_rng(0)
        drawn = [rng.normal(0, _FAR, (n, 1 + n_ahead, 2, 3)) for _ in range(2)]
        one, other = (
            self(snapshot, Ahead(np.zeros(n), points[:, 0], points[:, 1:], points[:, -1, 1])) for points in drawn
        )
        return not np.array_equal(one, other, equal_nan=True)

    def widths(self, snapshot: Snapshot, ahead: Ahead) -> dict[str, int]:
        """Columns of each term, in order; shown before training."""
        return {name: term.shape[1] for name, term in self.terms(snapshot, ahead).items()}
