"""Nerve injury: the muscles that a nerve supplies are cut off, and what they report is lost."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mousearm.condition.base import SEVERITY, Acting, Condition
from mousearm.condition.muscles import with_strength
from mousearm.errors import ConfigError
from mousearm.keys import key
from mousearm.registry import CONDITIONS

if TYPE_CHECKING:
    from mousearm.model import Arm

SUPPLIED = {
    "radial": (
        *("Triceps_Lat_Head", "Triceps_Long_Head", "Triceps_Medial_Head"),
        *("Anconeus", "Anconeus_Short_Head", "Brachioradialis"),
    ),
    "musculocutaneous": (
        *("Biceps_Short_Head", "Biceps_Long_Head"),
        *("Brachialis_Proximal_Head", "Brachialis_Distal_Head"),
    ),
    "axillary": ("Deltoid_Medial", "Deltoid_Posterior"),
    "suprascapular": ("Infraspinatus",),
    "subscapular": ("Subscapularis_SuperiorHead",),
    "median": ("PronatorTeres", "FlexorCarpiRadialis"),
    "pectoral": ("Pectoralis_Clavicle_Head", "Pectoralis_Major_Anterior", "Pectoralis_Major_Posterior"),
}
"""Muscles of the published forelimb by the nerve that supplies them in the rat (Greene 1935, Trans Am Philos Soc 27;
for the pectoral nerves Riva et al. 2012, Front Neuroanat 6:41). Latissimus_Dorsi_Rostral and Latissimus_Dorsi_Caudal
are in none of these: the thoracodorsal nerve supplies both.
"""

_AFFERENTS = ("muscle_length", "muscle_velocity", "muscle_force", "spindle_ia", "spindle_ii", "tendon_organ")


@dataclass
class Nerve(Condition):
    """Axons of nerves are cut: muscles lose active force, and the senses in them lose signal, by the same share."""

    severity: float = key("Share of the axons that are cut. 0: intact. 1: all.", SEVERITY, default=0.0)
    nerves: list[str] = key("Which nerves.", (*SUPPLIED,), default=["radial"])
    afferents: bool = key(
        "Whether the axons of the muscles' senses are cut too: " + ", ".join(f"`{name}`" for name in _AFFERENTS) + ".",
        default=True,
    )

    def supplied(self, arm: "Arm") -> np.ndarray:
        """(nu,) bool, the muscles that these nerves supply; ConfigError if the arm has none of them."""
        muscles = {muscle for nerve in self.nerves for muscle in SUPPLIED[nerve]}
        found = np.array([name in muscles for name in arm.actuator_names])
        if not found.any():
            raise ConfigError(
                f"condition.nerve.nerves={self.nerves}: {arm.source} has none of their muscles. Use model=muscle, or "
                "condition=weakness with the names of this arm's own actuators.",
                "condition.nerve.nerves",
            )
        return found

    def arm(self, arm: "Arm") -> "Arm":
        """As `Condition.arm`."""
        return with_strength(arm, 1 - self.severity * self.supplied(arm))

    def acting(self, arm: "Arm", n: int, control_dt: float) -> Acting | None:
        """As `Condition.acting`."""
        from mousearm.model.muscles import feeling_muscles  # which loads the simulator

        share = 1 - self.severity * self.supplied(arm)
        return _Numb(share[feeling_muscles(arm)]) if self.afferents else None


class _Numb(Acting):
    """Shares, (M,), of what M muscles report."""

    def __init__(self, share: np.ndarray):
        self._share = share

    def observation(self, terms: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """As `Acting.observation`."""
        return {name: value * self._share if name in _AFFERENTS else value for name, value in terms.items()}


CONDITIONS.add(Nerve, "nerve")
