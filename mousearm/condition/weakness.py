"""Weakness: muscles give less force."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mousearm.condition.base import SEVERITY, Condition
from mousearm.condition.muscles import WHICH, chosen, with_strength
from mousearm.keys import key
from mousearm.registry import CONDITIONS

if TYPE_CHECKING:
    from mousearm.model import Arm


@dataclass
class Weakness(Condition):
    """Muscles lose a share of their active force, as after atrophy or in a myopathy; motors, of their torque."""

    severity: float = key("Share of the active force that is lost. 0: intact. 1: all of it.", SEVERITY, default=0.0)
    muscles: list[str] = key(f"Which become weak. {WHICH}", default=[])

    def arm(self, arm: "Arm") -> "Arm":
        """As `Condition.arm`."""
        return with_strength(arm, 1 - self.severity * chosen(arm, self.muscles, "condition.weakness.muscles"))


CONDITIONS.add(Weakness, "weakness")
