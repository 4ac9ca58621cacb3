"""Tremor: an oscillation that is added to the controls."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mousearm.condition.base import SEVERITY, Acting, Condition
from mousearm.condition.muscles import moment_arms
from mousearm.errors import UnknownNameError
from mousearm.keys import above, between, finite, key
from mousearm.registry import CONDITIONS
from mousearm.trajectory import Snapshot

if TYPE_CHECKING:
    from mousearm.model import Arm


@dataclass
class Tremor(Condition):
    """Muscles that turn a joint one way are driven in turn with those that turn it the other way.

    The control of an actuator with the moment arm r at the joint changes by severity x amplitude x range of controls x
    sign(r) sin(2 pi f t + phase), and drives below 0 are cut off. The phase is drawn in each episode.
    """

    severity: float = key("Share of `condition.tremor.amplitude`. 0: none.", SEVERITY, default=0.0)
    hz: float = key(
        "Frequency. Harmaline, a model of essential tremor, makes mice tremble at 10 to 16 Hz (Martin et al. 2005, Mov "
        "Disord 20:298-305).",
        finite(above(0)),
        "Hz",
        default=12.0,
    )
    amplitude: float = key(
        "Amplitude, as a share of the range of controls. Muscles are far stronger than a reach needs.",
        between(0, 1),
        default=0.02,
    )
    joint: str = key("The joint that trembles.", default="elbow_flex")

    is_random: ClassVar[bool] = True

    def acting(self, arm: "Arm", n: int, control_dt: float) -> Acting:
        """As `Condition.acting`."""
        if self.joint not in arm.joint_names:
            raise UnknownNameError(f"joint of {arm.source} (key condition.tremor.joint)", self.joint, arm.joint_names)
        direction = np.sign(moment_arms(arm)[:, arm.joint_names.index(self.joint)])
        swing = self.severity * self.amplitude * np.ptp(arm.ctrl_range, axis=1) * direction
        return _Oscillation(n, swing, math.tau * self.hz)


class _Oscillation(Acting):
    """Swings of controls, (nu,), at an angular frequency, rad/s."""

    def __init__(self, n: int, swing: np.ndarray, speed: float):
        self._swing, self._speed, self._phase = swing, speed, np.zeros(n)

    def reset(self, ids: np.ndarray, chance: np.ndarray) -> None:
        """As `Acting.reset`."""
        self._phase[ids] = np.arctan2(*chance.T)

    def controls(self, ctrl: np.ndarray, snapshot: Snapshot, time: np.ndarray) -> np.ndarray:
        """As `Acting.controls`."""
        return ctrl + np.sin(self._speed * time + self._phase)[:, None] * self._swing

    def state(self) -> dict[str, np.ndarray]:
        """As `Acting.state`."""
        return {"phase": self._phase}


CONDITIONS.add(Tremor, "tremor")
