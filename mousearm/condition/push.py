"""Push: the paw is hit once."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mousearm.condition.base import SEVERITY, Acting, Condition, PawLoad
from mousearm.keys import Range, above, at_least, finite, key
from mousearm.registry import CONDITIONS

if TYPE_CHECKING:
    from mousearm.model import Arm

_MICRO = 1e-6
_DIRECTION = Range("three numbers, not all 0", lambda axis: len(axis) == 3 and 0 < math.hypot(*axis) < math.inf)


@dataclass
class Push(Condition):
    """A constant force on the paw for a short time, always in the same direction of space."""

    severity: float = key("Share of `condition.push.impulse`. 0: none.", SEVERITY, default=0.0)
    impulse: float = key(
        "Force x duration. 20 moves 0.1 g, about what a paw feels like, by 0.2 m/s.",
        finite(above(0)),
        "mN ms",
        default=20.0,
    )
    at_ms: float = key("When it begins, from the first frame of the reach.", finite(at_least(0)), "ms", default=100.0)
    duration_ms: float = key("How long it lasts.", finite(above(0)), "ms", default=20.0)
    direction: list[float] = key("Where to: right, forward, up, of any length.", _DIRECTION, default=[1.0, 0.0, 0.0])

    @property
    def pushes_paw(self) -> bool:
        """As `Condition.pushes_paw`."""
        return True

    def acting(self, arm: "Arm", n: int, control_dt: float) -> Acting:
        """As `Condition.acting`."""
        axis = np.array(self.direction)
        impulse = self.severity * _MICRO * self.impulse * axis / np.linalg.norm(axis)
        return _Pushing(impulse, 1e-3 * self.at_ms, 1e-3 * self.duration_ms, control_dt)


class _Pushing(Acting):
    """An impulse, (3,) N s, spread evenly over some time, s.

    Each control step has the mean force of its part, so the impulse is whole whatever the times are.
    """

    def __init__(self, impulse: np.ndarray, begin: float, duration: float, control_dt: float):
        self._force, self._begin, self._end, self._dt = impulse / duration, begin, begin + duration, control_dt

    def paw_load(self, time: np.ndarray) -> PawLoad | None:
        """As `Acting.paw_load`."""
        begin, end = np.maximum(time, self._begin), np.minimum(time + self._dt, self._end)
        share = np.maximum(end - begin, 0) / self._dt
        return PawLoad(share[:, None] * self._force) if share.any() else None


CONDITIONS.add(Push, "push")
