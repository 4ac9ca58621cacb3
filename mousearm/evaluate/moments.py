"""A reach between the frames of its rollout."""

from typing import NamedTuple

import numpy as np

from mousearm.evaluate.rollout import Rollout


class Moment(NamedTuple):
    """The arm and its targets at one time of the reach."""

    time: float  # s
    qpos: np.ndarray  # (nq,) rad
    activation: np.ndarray  # (na,)
    targets: np.ndarray  # (2, 3) elbow and paw, m
    errors_mm: np.ndarray  # (2,) elbow and paw


class Course:
    """One reach of a rollout, linear between its frames, up to where the simulation ended or diverged.

    Attributes:
        name: of the reach.
        end: s, the last moment that there is.
        whole: s, how long the reach is.
        paths: (2, T, 3) targets of elbow and paw, m.
        points: (n, 3) everything that targets and landmarks touch, m.
    """

    def __init__(self, rollout: Rollout, reach: int):
        n_frames = int(rollout.n_frames[reach])
        self.name = rollout.names[reach]
        self._dt, self._last = rollout.dt, int(rollout.completed[reach]) - 1
        self.end, self.whole = rollout.dt * self._last, rollout.dt * (n_frames - 1)
        fields = (rollout.qpos, rollout.activation, rollout.targets, rollout.errors_mm())
        self._columns = [field[reach] for field in fields]
        self.paths = rollout.targets[reach, :n_frames].swapaxes(0, 1)
        self.points = np.concatenate([self.paths.reshape(-1, 3), rollout.landmarks[reach].reshape(-1, 3)])

    @property
    def diverged(self) -> bool:
        """Whether it ended before the reach did."""
        return self.end < self.whole

    def at(self, time: float) -> Moment:
        """The moment at a time in s; after the end, the last one."""
        position = min(time / self._dt, self._last)
        before = int(position)
        after, share = min(before + 1, self._last), position - before
        columns = ((1 - share) * field[before] + share * field[after] for field in self._columns)
        return Moment(position * self._dt, *columns)
