"""Fatigue: what was done before, and is done now, makes muscles weaker."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mousearm.condition.base import SEVERITY, Acting, Condition
from mousearm.keys import at_least, between, finite, key
from mousearm.registry import CONDITIONS
from mousearm.trajectory import Snapshot

if TYPE_CHECKING:
    from mousearm.model import Arm

_RATE = finite(at_least(0))
_STEP_S = 0.1  # of the exertion before the reach; rates of fatigue are far below 1/s
_FREY_LAW = "of human shoulders (Frey-Law et al. 2012, J Biomech 45:1803-1808); none is known of mice."


@dataclass
class Fatigue(Condition):
    """Motor units rest, are active or fatigued: the three compartments of Xia and Frey Law (2008, J Biomech 41:3046).

    Of each muscle the share M_F is fatigued, and dM_F/dt = F M_A - R M_F. Activation follows its drive within
    hundredths of a second, so the active share M_A is the drive, as far as 1 - M_F units are left. In the reach the
    drive reaches all units alike and gives 1 - M_F of its force.
    """

    severity: float = key(
        "How long all muscles worked before the reach, as a share of `condition.fatigue.exertion_s`. 0: not at all.",
        SEVERITY,
        default=0.0,
    )
    exertion_s: float = key("How long they work before, at severity 1.", finite(at_least(0)), "s", default=120.0)
    exertion: float = key("How hard, as a share of their force.", between(0, 1), default=0.5)
    fatigue_rate: float = key(f"Rate F at which active units tire, {_FREY_LAW}", _RATE, "1/s", default=0.0182)
    recovery_rate: float = key(f"Rate R at which tired units recover, {_FREY_LAW}", _RATE, "1/s", default=0.00168)

    in_muscles: ClassVar[bool] = True

    def acting(self, arm: "Arm", n: int, control_dt: float) -> Acting:
        """As `Condition.acting`."""
        before = np.zeros(1)
        for _ in range(round(self.severity * self.exertion_s / _STEP_S)):
            before = self.tired(before, np.full(1, self.exertion), _STEP_S)
        return _Tiring(self, arm, n, control_dt, float(before[0]))

    def tired(self, tired: np.ndarray, drive: np.ndarray, seconds: float) -> np.ndarray:
        """The fatigued shares a little later, under a drive, 0 to 1."""
        active = np.minimum(drive, 1 - tired)
        return np.clip(tired + seconds * (self.fatigue_rate * active - self.recovery_rate * tired), 0, 1)


class _Tiring(Acting):
    """N arms whose muscles get tired as they are driven."""

    def __init__(self, fatigue: Fatigue, arm: "Arm", n: int, control_dt: float, before: float):
        self._model, self._dt, self._before = fatigue, control_dt, before
        self._largest = np.abs(arm.ctrl_range).max(axis=1)
        self._tired = np.full((n, arm.nu), before)

    def reset(self, ids: np.ndarray, chance: np.ndarray) -> None:
        """As `Acting.reset`."""
        self._tired[ids] = self._before

    def controls(self, ctrl: np.ndarray, snapshot: Snapshot, time: np.ndarray) -> np.ndarray:
        """As `Acting.controls`."""
        given = (1 - self._tired) * ctrl
        drive = np.clip(np.abs(ctrl) / self._largest, 0, 1)
        self._tired = self._model.tired(self._tired, drive * (1 - self._tired), self._dt)
        return given

    def state(self) -> dict[str, np.ndarray]:
        """As `Acting.state`."""
        return {"tired": self._tired}


CONDITIONS.add(Fatigue, "fatigue")
