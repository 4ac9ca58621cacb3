"""Delay: nerves conduct more slowly, as where myelin is lost."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mousearm.condition.base import SEVERITY, Condition
from mousearm.keys import between, key
from mousearm.registry import CONDITIONS

if TYPE_CHECKING:
    from mousearm.config import Config

_MS = between(0, 500)


@dataclass
class Delay(Condition):
    """Senses and controls come later than `env.delay_ms` says."""

    severity: float = key("Share of these delays that is added. 0: none.", SEVERITY, default=0.0)
    proprioception: float = key("Added to `env.delay_ms.proprioception`.", _MS, "ms", default=10.0)
    vision: float = key("Added to `env.delay_ms.vision`.", _MS, "ms", default=0.0)
    motor: float = key("Added to `env.delay_ms.motor`.", _MS, "ms", default=10.0)

    def config(self, config: "Config") -> "Config":
        """As `Condition.config`."""
        now = config.env.delay_ms
        later = {
            name: getattr(now, name) + self.severity * getattr(self, name)
            for name in ("proprioception", "vision", "motor")
        }
        return replace(config, env=replace(config.env, delay_ms=replace(now, **later)))


CONDITIONS.add(Delay, "delay")
