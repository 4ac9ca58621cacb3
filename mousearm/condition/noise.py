"""Noise: controls and senses are less reliable."""

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from mousearm.condition.base import SEVERITY, Condition
from mousearm.keys import at_least, finite, key
from mousearm.registry import CONDITIONS

if TYPE_CHECKING:
    from mousearm.config import Config

_NO_LESS = finite(at_least(0))


@dataclass
class Noise(Condition):
    """There is more noise than `env.noise` says: that of muscles is added, that of the senses multiplied."""

    severity: float = key("Share of this noise. 0: none more than there is.", SEVERITY, default=0.0)
    motor: float = key("S.d. of what is added to controls, in their unit, as `env.noise.motor`.", _NO_LESS, default=0.0)
    motor_share: float = key("S.d. of what is added, as a share of the control.", _NO_LESS, default=0.3)
    senses: float = key(
        "How much larger sensory noise gets: its s.d. is multiplied by 1 + severity x this. Where there is none, none "
        "comes.",
        _NO_LESS,
        default=2.0,
    )

    def config(self, config: "Config") -> "Config":
        """As `Condition.config`."""
        now = config.env.noise
        factor = 1 + self.severity * self.senses
        more = {one.name: factor * getattr(now, one.name) for one in fields(now) if one.name.startswith("sd_")}
        for name in ("motor", "motor_share"):  # independent, so that variances add up
            more[name] = math.hypot(getattr(now, name), self.severity * getattr(self, name))
        return replace(config, env=replace(config.env, noise=replace(now, **more)))


CONDITIONS.add(Noise, "noise")
