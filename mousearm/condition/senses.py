"""Conditions of senses and nerves: sensory loss, longer delays, more noise."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from mousearm.condition.base import NOT_NEGATIVE, SEVERITY, Acting, Condition
from mousearm.errors import UnknownNameError
from mousearm.keys import between, key
from mousearm.observation import PROPRIOCEPTION, sense_of
from mousearm.registry import CONDITIONS, OBSERVATIONS

if TYPE_CHECKING:
    from mousearm.config import Config
    from mousearm.model import Arm


@dataclass
class SensoryLoss(Condition):
    """Terms of the observation are replaced by 0, or by what they were at the start of the episode, in part or whole.

    What is seen is (1 - severity) x the term + severity x its replacement: of a nerve whose fibres are lost by that
    share, the mean.
    """

    severity: float = key("Share of the signal that is lost. 0: intact. 1: all.", SEVERITY, default=0.0)
    terms: list[str] = key(
        "Terms of `env.observation` that suffer. []: all of proprioception.", OBSERVATIONS, default=[]
    )
    left: str = key(
        "What is left of them. silent: 0. frozen: what was there at the start of the episode.",
        ("silent", "frozen"),
        default="silent",
    )

    def acting(self, arm: "Arm", n: int, control_dt: float) -> Acting:
        """As `Condition.acting`."""
        return _Loss(n, self.severity, self.terms, self.left == "frozen")


class _Loss(Acting):
    """A share of terms is lost in n simulations; before, perhaps, they freeze at what is seen first."""

    def __init__(self, n: int, share: float, names: list[str], freezes: bool):
        self._share, self._names, self._freezes = share, names, freezes
        self._is_new = np.ones(n, dtype=bool)  # that nothing was seen yet in this episode
        self._first: dict[str, np.ndarray] = {}

    def reset(self, ids: np.ndarray, chance: np.ndarray) -> None:
        """As `Acting.reset`."""
        self._is_new[ids] = True

    def observation(self, terms: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """As `Acting.observation`; UnknownNameError if one that is to be lost is not there."""
        for name in self._names:
            if name not in terms:
                raise UnknownNameError("term in env.observation (key condition.sensory_loss.terms)", name, terms)
        lost = self._names or [name for name in terms if sense_of(OBSERVATIONS[name]).name == PROPRIOCEPTION]
        if self._freezes:
            first = {name: self._first.get(name, terms[name]) for name in lost}
            self._first = {name: np.where(self._is_new[:, None], terms[name], first[name]) for name in lost}
            self._is_new[:] = False
        return terms | {name: self._mixed(terms[name], self._first.get(name, 0.0)) for name in lost}

    def _mixed(self, term: np.ndarray, left: np.ndarray | float) -> np.ndarray:
        return (1 - self._share) * term + self._share * left

    def state(self) -> dict[str, np.ndarray]:
        """As `Acting.state`."""
        return {"is_new": self._is_new, **self._first}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """As `Acting.restore`."""
        self._is_new[:] = state["is_new"]
        self._first = {name: np.array(value) for name, value in state.items() if name != "is_new"}


CONDITIONS.add(SensoryLoss, "sensory_loss")


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


@dataclass
class Noise(Condition):
    """There is more noise than `env.noise` says: that of muscles is added, that of the senses multiplied."""

    severity: float = key("Share of this noise. 0: none more than there is.", SEVERITY, default=0.0)
    motor: float = key(
        "S.d. of what is added to controls, in their unit, as `env.noise.motor`.", NOT_NEGATIVE, default=0.0
    )
    motor_share: float = key("S.d. of what is added, as a share of the control.", NOT_NEGATIVE, default=0.3)
    senses: float = key(
        "How much larger sensory noise gets: its s.d. is multiplied by 1 + severity x this. Where there is none, none "
        "comes.",
        NOT_NEGATIVE,
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
