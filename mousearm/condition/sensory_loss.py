"""Sensory loss: what the network sees of some terms gets weaker, or stands still."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mousearm.condition.base import SEVERITY, Acting, Condition
from mousearm.errors import UnknownNameError
from mousearm.keys import key
from mousearm.observation import PROPRIOCEPTION, sense_of
from mousearm.registry import CONDITIONS, OBSERVATIONS

if TYPE_CHECKING:
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
