"""Spasticity: muscles resist being lengthened, the more the faster."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mousearm.condition.base import SEVERITY, Acting, Condition
from mousearm.condition.muscles import WHICH, chosen
from mousearm.errors import ConfigError
from mousearm.keys import at_least, finite, key
from mousearm.registry import CONDITIONS
from mousearm.trajectory import Snapshot

if TYPE_CHECKING:
    from mousearm.model import Arm


@dataclass
class Spasticity(Condition):
    """A stretch reflex that is too strong: excitation grows by severity x gain x max(0, v - threshold).

    v is the velocity of the muscle's fibres, positive where they lengthen, at the begin of the control step (as by
    Jansen et al. 2014, J Neuroeng Rehabil 11:78). Feedback of force explains children's spasticity better than that of
    velocity (Falisse et al. 2018, PLoS ONE 13:e0208811), which is simpler.
    """

    severity: float = key("Share of `condition.spasticity.gain`. 0: no such reflex.", SEVERITY, default=0.0)
    gain: float = key(
        "Excitation for a fibre that lengthens by its optimal length in a second.",
        finite(at_least(0)),
        "s",
        default=0.01,
    )
    threshold: float = key(
        "Velocity of lengthening from which on it acts.", finite(at_least(0)), "optimal fibre lengths/s", default=0.0
    )
    muscles: list[str] = key(f"Which are spastic. {WHICH}", default=[])

    needs_fibres: ClassVar[bool] = True

    def acting(self, arm: "Arm", n: int, control_dt: float) -> Acting:
        """As `Condition.acting`; ConfigError if the arm has no muscles."""
        if arm.na == 0:
            raise ConfigError(f"condition.spasticity: {arm.source} has no muscles. Use model=muscle.", "condition")
        gain = self.severity * self.gain * chosen(arm, self.muscles, "condition.spasticity.muscles")
        return _Reflex(gain, self.threshold)


class _Reflex(Acting):
    """Gains, (nu,) s, of fibres that lengthen faster than a threshold, 1/s."""

    def __init__(self, gain: np.ndarray, threshold: float):
        self._gain, self._threshold = gain, threshold

    def controls(self, ctrl: np.ndarray, snapshot: Snapshot, time: np.ndarray) -> np.ndarray:
        """As `Acting.controls`."""
        velocity = np.asarray(snapshot.fibre_velocity)  # None where nobody asked for it, see `needs_fibres`
        return ctrl + self._gain * np.maximum(velocity - self._threshold, 0)


CONDITIONS.add(Spasticity, "spasticity")
