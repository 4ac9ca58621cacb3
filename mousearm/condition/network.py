"""Conditions of the network: silent units."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from mousearm.analysis import principal_components
from mousearm.condition.base import SEVERITY, Activity, Condition
from mousearm.errors import ConfigError, UnknownNameError
from mousearm.keys import Range, at_least, key
from mousearm.registry import CONDITIONS

if TYPE_CHECKING:
    from mousearm.policy.network import RecurrentPolicy


RANDOM, LISTED, COMPONENT = "random", "listed", "component"
ZERO, MEAN, GIVEN = "zero", "mean", "given"
_NUMBERS = Range("numbers from 0", lambda units: all(unit >= 0 for unit in units))


@dataclass
class Silence(Condition):
    """Units of one layer are clamped, as by optogenetic inhibition; those of smaller severities stay among them."""

    severity: float = key("Share of the units in question that are held. 0: none.", SEVERITY, default=0.0)
    layer: str = key("The layer: `backbone_1`, ... or `actor_1`, ...", default="backbone_1")
    units: str = key(
        "Units in question, in the order in which they are held. random: all of the layer, drawn by "
        "`condition.silence.seed`. listed: those of `condition.silence.listed`. component: all, beginning with those "
        "that load most on a principal component of the layer's activity in the intact network.",
        (RANDOM, LISTED, COMPONENT),
        default=RANDOM,
    )
    listed: list[int] = key("Numbers of units, from 0.", _NUMBERS, default=[])
    seed: int = key("Decides the order of random units.", at_least(0), default=0)
    component: int = key("Which principal component, from 1 for the largest variance.", at_least(1), default=1)
    held_at: str = key(
        "Where they are held. zero: they send nothing. mean: at their mean in the intact network. given: at "
        "`condition.silence.values`.",
        (ZERO, MEAN, GIVEN),
        default=ZERO,
    )
    values: list[float] = key("Activities of the listed units, one for each.", default=[])

    def __post_init__(self) -> None:
        if self.held_at == GIVEN and not (self.units == LISTED and len(self.values) == len(self.listed)):
            raise ConfigError(
                f"condition.silence.held_at=given needs as many values ({len(self.values)}) as listed units "
                f"({len(self.listed)}). Give units=listed, and both lists.",
                "condition.silence.values",
            )

    def resolved(self, activity: Activity) -> Self:
        """As `Condition.resolved`: units by component are listed then, and means are given."""
        if self.units != COMPONENT and self.held_at != MEAN:
            return self
        seen = activity()
        if self.layer not in seen:
            raise UnknownNameError("layer of the network (key condition.silence.layer)", self.layer, seen)
        of_layer = np.asarray(seen[self.layer], dtype=float)
        order, mean = self._order(of_layer.shape[1], of_layer), of_layer.mean(axis=0)
        held_at = {"held_at": GIVEN, "values": [float(mean[i]) for i in order]} if self.held_at == MEAN else {}
        return replace(self, units=LISTED, listed=[int(i) for i in order], **held_at)

    def policy(self, policy: "RecurrentPolicy") -> None:
        """As `Condition.policy`."""
        from mousearm.policy.silence import layer_sizes, silence  # slow to import

        sizes = layer_sizes(policy)
        if self.layer not in sizes:
            raise UnknownNameError("layer of the network (key condition.silence.layer)", self.layer, sizes)
        if self.units == COMPONENT or self.held_at == MEAN:
            raise ConfigError(
                "condition.silence with units=component or held_at=mean needs a network that can already reach. Train "
                "one without it, and silence that one by scripts/whatif.py.",
                "condition.silence.units",
            )
        order = self._order(sizes[self.layer], None)
        n = int(self.severity * len(order) + 0.5)
        silence(policy, self.layer, order[:n], np.array(self.values[:n]) if self.held_at == GIVEN else 0.0)

    def _order(self, n: int, activity: np.ndarray | None) -> np.ndarray:
        """Numbers of units of a layer of n, those that are held first in front; its activity is (frames, n)."""
        if self.units == LISTED:
            if none := [unit for unit in self.listed if unit >= n]:
                raise ConfigError(
                    f"condition.silence.listed: {self.layer} has the units 0 to {n - 1}, so that {none[0]} is none.",
                    "condition.silence.listed",
                )
            return np.array(self.listed, dtype=int)
        if self.units == RANDOM or activity is None:
            return np.random.default_rng(self.seed).permutation(n)
        loadings = principal_components([activity], self.component).directions
        if self.component > len(loadings):
            raise ConfigError(
                f"condition.silence.component={self.component}: {self.layer} has {len(loadings)} components. Give at "
                "most that.",
                "condition.silence.component",
            )
        return np.argsort(-np.abs(loadings[self.component - 1]), kind="stable")


CONDITIONS.add(Silence, "silence")
