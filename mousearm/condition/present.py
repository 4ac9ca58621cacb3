"""All conditions of a configuration that are present, as one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mousearm.condition.base import Acting, Activity, Condition, PawLoad
from mousearm.registry import CONDITIONS
from mousearm.trajectory import Snapshot

if TYPE_CHECKING:
    from mousearm.config import Config
    from mousearm.model import Arm
    from mousearm.policy.network import RecurrentPolicy


_Group = TypeVar("_Group", bound=Any)


class Conditions:
    """The conditions of a configuration whose severity is above 0; false where there is none."""

    def __init__(self, group: Any):
        """Find those of ``Config.condition``, which has a `Condition` under each name."""
        found: dict[str, Condition] = {name: getattr(group, name) for name in sorted(CONDITIONS)}
        if (common := group.severity) is not None:
            found = {name: replace(one, severity=common * (one.severity > 0)) for name, one in found.items()}
        self.by_name = {name: one for name, one in found.items() if one.severity > 0}

    def __bool__(self) -> bool:
        return bool(self.by_name)

    def __str__(self) -> str:
        return ", ".join(f"{name} {one.severity:g}" for name, one in self.by_name.items()) or "intact"

    @property
    def pushing(self) -> list[str]:
        """Names of those that act on the paw, which MuJoCo alone can do."""
        return [name for name, one in self.by_name.items() if one.pushes_paw]

    @property
    def is_random(self) -> bool:
        """True if episodes differ by chance, so that an evaluation repeats them."""
        return any(one.is_random for one in self.by_name.values())

    @property
    def need_fibres(self) -> bool:
        """True if one looks at the fibres of muscles in a snapshot."""
        return any(one.needs_fibres for one in self.by_name.values())

    def config(self, config: "Config") -> "Config":
        """The configuration with the delays and the noise of all; to be asked once."""
        for one in self.by_name.values():
            config = one.config(config)
        return config

    def policy(self, policy: "RecurrentPolicy") -> None:
        """Change the network itself, as `Condition.policy`."""
        for one in self.by_name.values():
            one.policy(policy)

    def arm(self, arm: "Arm") -> "Arm":
        """The arm that is simulated; itself where nothing about it changes."""
        for one in self.by_name.values():
            arm = one.arm(arm)
        return arm

    def acting(self, arm: "Arm", n: int, control_dt: float) -> "Together | None":
        """Effects in every control step, as `Condition.acting`; None where nothing does."""
        order = sorted(self.by_name.items(), key=lambda item: item[1].in_muscles)
        found = {name: one.acting(arm, n, control_dt) for name, one in order}
        acting = {name: one for name, one in found.items() if one is not None}
        return Together(acting) if acting else None


def resolved(group: _Group, activity: Activity) -> _Group:
    """The conditions of ``Config.condition`` with what they take from an intact network's activity written down.

    A network that learns under them, and one that is loaded again, is then changed in the same way.
    """
    present = Conditions(group).by_name
    common = None if present else group.severity
    return replace(group, severity=common, **{name: one.resolved(activity) for name, one in present.items()})


class Together(Acting):
    """Several that act, one after the other; loads on the paw add up."""

    def __init__(self, by_name: Mapping[str, Acting]):
        self.by_name = by_name

    def reset(self, ids: np.ndarray, chance: np.ndarray) -> None:
        """As `Acting.reset`."""
        for one in self.by_name.values():
            one.reset(ids, chance)

    def observation(self, terms: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """As `Acting.observation`."""
        for one in self.by_name.values():
            terms = one.observation(terms)
        return terms

    def controls(self, ctrl: np.ndarray, snapshot: Snapshot, time: np.ndarray) -> np.ndarray:
        """As `Acting.controls`."""
        for one in self.by_name.values():
            ctrl = one.controls(ctrl, snapshot, time)
        return ctrl

    def paw_load(self, time: np.ndarray) -> PawLoad | None:
        """As `Acting.paw_load`."""
        loads = [load for one in self.by_name.values() if (load := one.paw_load(time)) is not None]
        if not loads:
            return None
        return PawLoad(np.sum([load.force for load in loads], axis=0), sum(load.viscosity for load in loads))

    def state(self) -> dict[str, np.ndarray]:
        """As `Acting.state`; names are such as ``fatigue.tired``."""
        return {f"{name}.{part}": value for name, one in self.by_name.items() for part, value in one.state().items()}
