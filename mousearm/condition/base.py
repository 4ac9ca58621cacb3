"""Base of conditions: keys with a severity, and hooks of which each condition fills those that it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

import numpy as np

from mousearm.keys import at_least, between, finite, key
from mousearm.trajectory import Snapshot

if TYPE_CHECKING:
    from mousearm.config import Config
    from mousearm.model import Arm
    from mousearm.policy.network import RecurrentPolicy

SEVERITY = between(0, 1)
NOT_NEGATIVE = finite(at_least(0))

Activity = Callable[[], Mapping[str, np.ndarray]]
"""Gives the activity of an intact network's units on its reaches: (frames, units) by the name of the layer."""


class PawLoad(NamedTuple):
    """Load on the paws of N simulations for a control step, in the world frame: force - viscosity x velocity."""

    force: np.ndarray  # (N, 3) N
    viscosity: float = 0.0  # N s/m


class Acting:
    """Effect of a condition in every control step of N simulations, with its memory; here nothing.

    Times are those within the reach, (N,) s: 0 in its first frame.
    """

    def reset(self, ids: np.ndarray, chance: np.ndarray) -> None:
        """Forget the past of simulations (K,) whose episodes begin; chance, (K, 2), are standard normal numbers."""

    def observation(self, terms: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Change what is seen: (N, k) by the name of the term."""
        return terms

    def controls(self, ctrl: np.ndarray, snapshot: Snapshot, time: np.ndarray) -> np.ndarray:
        """Change controls (N, nu) at the begin of a step; what is out of the actuators' range is clipped later."""
        return ctrl

    def paw_load(self, time: np.ndarray) -> PawLoad | None:
        """Say what acts on the paws during the step that begins now; None for nothing."""
        return None

    def state(self) -> dict[str, np.ndarray]:
        """All that the next step depends on, by name; live, to be copied."""
        return {}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Restore what ``state`` returned."""
        for name, now in self.state().items():
            now[:] = state[name]


@dataclass
class Condition:
    """A condition: its keys, and what it changes; a severity of 0 is the intact arm, and then nothing is asked."""

    severity: float = key("0: intact.", SEVERITY, default=0.0)

    is_random: ClassVar[bool] = False  # whether episodes differ by chance
    needs_fibres: ClassVar[bool] = False  # whether snapshots must have the fibres of muscles
    in_muscles: ClassVar[bool] = False  # whether controls go through it after all others

    @property
    def pushes_paw(self) -> bool:
        """True if something acts on the paw, which MuJoCo alone can do."""
        return False

    def config(self, config: "Config") -> "Config":
        """Change delays and noise of the task; all else in a configuration stays as it is."""
        return config

    def resolved(self, activity: Activity) -> Self:
        """The same with what it takes from the intact network's activity written down; then `policy` does without."""
        return self

    def policy(self, policy: "RecurrentPolicy") -> None:
        """Change the network itself; copy it (``copy.deepcopy``) to keep the intact one."""

    def arm(self, arm: "Arm") -> "Arm":
        """Change the arm that is simulated; errors where its keys do not fit the arm."""
        return arm

    def acting(self, arm: "Arm", n: int, control_dt: float) -> Acting | None:
        """Build what acts in every control step, ``control_dt`` s, of n simulations of the intact arm; None: nothing.

        It is reset before its first step.
        """
        return None
