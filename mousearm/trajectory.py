"""A trial: one reach as an arm performed it, or as it was recorded, frame by frame.

`LANDMARKS` is the one order in which points of an arm stand in arrays; `errors_mm` is the one place
where an error is computed, `Trial.at` the one that interpolates.
"""

from dataclasses import dataclass, field, fields
from functools import partial
from typing import NamedTuple

import numpy as np

from mousearm.arrays import Array, namespace

LANDMARKS = ("shoulder", "elbow", "paw")  # in the order of every array that has them along an axis
SHOULDER, ELBOW, PAW = range(len(LANDMARKS))
FOLLOWED = slice(ELBOW, PAW + 1)  # the landmarks that follow targets; the shoulder is held by the trunk
_unknown = partial(np.empty, (0, 0))
DIRECTIONS = ("right", "forward", "up")  # of the axes x, y, z of MuJoCo's world, as the animal sees it and all is shown


def errors_mm(points: Array, targets: Array) -> Array:
    """Distances of points from their targets, (...) mm, both (..., 3) in metres."""
    xp = namespace(points)
    return 1e3 * xp.sqrt(xp.sum(xp.square(points - targets), axis=-1))


def hold(rows: np.ndarray, n: int) -> np.ndarray:
    """The first n rows; where there are fewer, the last one is repeated."""
    return np.concatenate([rows[:n], np.repeat(rows[-1:], max(n - len(rows), 0), axis=0)])


def with_shoulder(shoulder: np.ndarray, followed: np.ndarray) -> np.ndarray:
    """Targets of all landmarks, (T, 3, 3): a shoulder that stays, (3,), and those of elbow and paw, (T, 2, 3)."""
    return np.concatenate([np.broadcast_to(shoulder, (len(followed), 1, 3)), followed], axis=1)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """State of N simulations at one instant; copies, so that they stay as they were.

    Of the joints ``qpos`` (N, nq) rad and ``qvel`` (N, nq) rad/s; ``activation`` (N, na) of muscles, 0 to 1; ``ctrl``
    (N, nu) of the step that led here, and ``force`` (N, nu) of the actuators in its last substep; ``landmarks``
    (N, 3, 3) shoulder, elbow and paw, metres, world frame (z up), current with qpos. Of a simulation that was asked
    for them, ``fibre_length`` (N, nu) of muscles in optimal fibre lengths, ``fibre_velocity`` (N, nu) in these per s,
    positive where it lengthens, and ``tension`` (N, nu) N, positive where it pulls; all three in this very state, and 0
    for other actuators. Else None.
    """

    qpos: Array
    qvel: Array
    activation: Array
    ctrl: Array
    force: Array
    landmarks: Array
    fibre_length: Array | None = None
    fibre_velocity: Array | None = None
    tension: Array | None = None

    def arrays(self) -> dict[str, Array]:
        """The arrays that there are, by name."""
        named = {part.name: getattr(self, part.name) for part in fields(self)}
        return {name: array for name, array in named.items() if array is not None}


class Frame(NamedTuple):
    """A `Trial` at one time, in s: its arrays without the axis of frames."""

    time: float
    driven: bool
    qpos: np.ndarray  # (nq,)
    activation: np.ndarray  # (na,)
    ctrl: np.ndarray  # (nu,)
    landmarks: np.ndarray  # (3, 3)
    targets: np.ndarray  # (3, 3)
    reference: np.ndarray  # (nq,)

    @property
    def errors_mm(self) -> np.ndarray:
        """(3,) distances of shoulder, elbow and paw from their targets, mm."""
        return errors_mm(self.landmarks, self.targets)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trial:
    """The L frames that an arm lived through on a reach of T frames; row 0 is the start.

    L is less than T where the simulation diverged, and more where the arm was simulated beyond the reach, whose last
    target then stays. What is not known of a trial, such as velocities, has no columns. ValueError if the shapes do not
    fit each other, or there is no frame.
    """

    name: str  # of the reach
    split: str = ""  # ``train`` or ``test``; empty where that is not known
    dt: float  # s between frames
    diverged: bool = False  # whether the simulation diverged after the last frame
    landmarks: np.ndarray  # (L, 3, 3) shoulder, elbow and paw, metres, world frame (z up)
    targets: np.ndarray  # (T, 3, 3) their targets; NaN for a shoulder whose target is not known
    reference: np.ndarray = field(default_factory=_unknown)  # (T, nq) rad, the poses that hit the targets
    qpos: np.ndarray = field(default_factory=_unknown)  # (L, nq) rad
    qvel: np.ndarray = field(default_factory=_unknown)  # (L, nq) rad/s
    activation: np.ndarray = field(default_factory=_unknown)  # (L, na), 0 to 1
    ctrl: np.ndarray = field(default_factory=_unknown)  # (L, nu) the controls that led to the frames; row 0 is 0
    effort: np.ndarray = field(default_factory=_unknown)  # (L, nu) (force / peak force)^2
    driven: np.ndarray = field(default_factory=_unknown)  # (L,) whether the controller drives; not given: always

    def __post_init__(self):
        if self.driven.ndim == 2:
            object.__setattr__(self, "driven", np.ones(len(self), dtype=bool))
        for name in (part.name for part in fields(self)):
            rows = getattr(self, name)
            if not isinstance(rows, np.ndarray):
                continue
            n = self.n_frames if name in ("targets", "reference") else len(self)
            if rows.shape[1:] == (0,):
                object.__setattr__(self, name, np.empty((n, 0)))
            elif len(rows) != n or n == 0:
                raise ValueError(f"trial {self.name}: {name} has {len(rows)} frames; {max(n, 1)} are needed")
        for name, points in (("landmarks", self.landmarks), ("targets", self.targets)):
            if points.shape[1:] != (len(LANDMARKS), 3):
                raise ValueError(f"trial {self.name}: {name} has the shape {points.shape}; (frames, 3, 3) is needed")

    def __len__(self) -> int:
        """Frames L that the arm lived through."""
        return len(self.landmarks)

    @property
    def n_frames(self) -> int:
        """Frames T of the reach."""
        return len(self.targets)

    @property
    def time(self) -> np.ndarray:
        """(L,) s from the start."""
        return self.dt * np.arange(len(self))

    @property
    def end(self) -> float:
        """Time of the arm's last frame, s."""
        return self.dt * (len(self) - 1)

    @property
    def duration(self) -> float:
        """Time from the first to the last frame of the reach, s."""
        return self.dt * (self.n_frames - 1)

    @property
    def points(self) -> np.ndarray:
        """(n, 3) metres, all that the landmarks and the targets of elbow and paw, where there are any, touch."""
        targets = self.targets[:, FOLLOWED].reshape(-1, 3)
        return np.concatenate([self.landmarks.reshape(-1, 3), targets[np.isfinite(targets).all(axis=1)]])

    @property
    def errors_mm(self) -> np.ndarray:
        """(L, 3) distances of shoulder, elbow and paw from their targets, mm."""
        return errors_mm(self.landmarks, hold(self.targets, len(self)))

    @property
    def mean_errors_mm(self) -> np.ndarray:
        """(3,) means over the frames; frame 0, where the arm was put, counts only if there is no other."""
        return self.errors_mm[min(1, len(self) - 1) :].mean(axis=0)

    def at(self, time: float) -> Frame:
        """The trial at a time in s, linear between frames; before the first and after the last it is these."""
        last = len(self) - 1
        position = float(np.clip(time / self.dt, 0, last))
        before = int(position)
        after, share = min(before + 1, last), position - before

        def between(rows: np.ndarray) -> np.ndarray:
            return (1 - share) * rows[min(before, len(rows) - 1)] + share * rows[min(after, len(rows) - 1)]

        rows = (self.qpos, self.activation, self.ctrl, self.landmarks, self.targets, self.reference)
        return Frame(position * self.dt, bool(self.driven[before]), *map(between, rows))
