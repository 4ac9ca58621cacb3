"""Redundancy: movements that are the same and come of other muscles, and what all of them have in common.

A family is optimal control of the same reaches by costs that differ, with computed muscle control and whatever else was
recorded on them. Of a muscle that the movement determines, all members do the same; of one that is free, each does what
its cost asks. A range over members is a lower bound of what muscles could do: other members would widen it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mousearm.config import OptimalConfig
from mousearm.emg.envelope import EmgTarget
from mousearm.emg_comparison.traces import pearson
from mousearm.errors import ConfigError
from mousearm.planning.muscles import Movements, Solver

DETERMINED, FREE = 0.9, 0.5  # of `FamilyMuscle.shared`: a muscle above the first is that, and one below the second
SILENT = 0.02  # of activation: a muscle that stays below it in all members is not used
VERDICTS = ("determined", "partly", "free", "not used")


@dataclass(frozen=True)
class FamilyMuscle:
    """One actuator over a family, means over the reaches."""

    name: str
    mean: float  # activation, over members and frames
    most: float  # the largest of any member in any frame of a reach
    width: float  # mean over frames of the range over members
    widest: float  # the largest range in a frame
    # 1 - (mean over frames of the variance over members) / (variance over members and frames): 1 where all members do
    # the same, 0 where frames do not differ.
    shared: float

    @property
    def verdict(self) -> str:
        """Whether the movement determines it, one of `VERDICTS`."""
        if self.most < SILENT:
            return VERDICTS[3]
        return VERDICTS[0] if self.shared >= DETERMINED else VERDICTS[2] if self.shared < FREE else VERDICTS[1]


@dataclass(frozen=True, eq=False)
class Family:
    """Movements of the same reaches, those within the limit of the error first, and the EMG of the reaches, if any."""

    reaches: tuple[str, ...]
    actuators: tuple[str, ...]
    members: list[Movements]  # that are as near to the targets as asked
    others: list[Movements]  # that are not, and count nothing
    within_mm: float
    dt: float
    emg: EmgTarget | None = None

    @cached_property
    def activation(self) -> np.ndarray:
        """(M, R, T, nu) of the members."""
        return np.stack([one.activation for one in self.members])

    @property
    def low(self) -> np.ndarray:
        """(R, T, nu) the least activation of any member."""
        return self.activation.min(axis=0)

    @property
    def high(self) -> np.ndarray:
        """(R, T, nu) the largest."""
        return self.activation.max(axis=0)

    def muscles(self) -> list[FamilyMuscle]:
        """All actuators with an activation, the widest range first."""
        of_frame = self.activation[:, :, 1:]  # all begin in frame 0 alike
        width = np.ptp(of_frame, axis=0)  # (R, T - 1, nu)
        within, total = np.nanmean(of_frame.var(axis=0), axis=1), np.nanvar(of_frame, axis=(0, 2))  # (R, nu)
        shared = np.where(total > 0, 1 - within / np.where(total > 0, total, 1), 1)
        found = [
            FamilyMuscle(
                name,
                float(np.nanmean(of_frame[..., j])),
                float(np.nanmax(of_frame[..., j])),
                float(np.nanmean(width[..., j])),
                float(np.nanmax(width[..., j])),
                float(shared[:, j].mean()),
            )
            for j, name in enumerate(self.actuators)
            if np.isfinite(of_frame[..., j]).any()
        ]
        return sorted(found, key=lambda one: -one.width)

    def matches(self) -> np.ndarray:
        """(M, R, C) Pearson r of each member with the EMG of each reach, without a lag."""
        assert self.emg is not None
        return np.stack([pearson(one.shown(self.emg), self.emg.values) for one in self.members])


def family_costs(base: OptimalConfig, efforts: Sequence[float]) -> list[tuple[str, OptimalConfig, str]]:
    """Names, costs and starts of the members: weights of effort, and each other choice at the weight of the base."""
    weights = sorted({*efforts, base.w_effort}, reverse=True)
    found = [(f"effort weight {weight:g}", replace(base, w_effort=weight), "given") for weight in weights]
    changes = {
        f"power {5 - base.power}": {"power": 5 - base.power},
        "effort of activation": {"effort": "activation"},
        "effort by volume": {"weighting": "volume"},
        "co-contraction 0.05": {"level": 0.05},
        "co-contraction 0.1": {"level": 0.1},
    }
    other = {name: replace(base, **change) for name, change in changes.items()}
    found += [(name, cost, "given") for name, cost in other.items() if cost != base]
    return [*found, ("start without activation", base, "zero"), ("start chosen", base, "chosen")]


def build_family(
    solver: Solver,
    efforts: Sequence[float],
    within_mm: float,
    more: Sequence[Movements] = (),
    emg: EmgTarget | None = None,
) -> Family:
    """Solve `family_costs`; members are those whose mean errors of elbow and paw are within a limit on each reach.

    ``more`` are movements from elsewhere, such as of networks. ConfigError if fewer than two are within.
    """
    from tqdm.auto import tqdm

    setup = solver.setup
    costs = family_costs(setup.config.optimal, efforts)
    found = [
        solver.performed(name, cost, start=start)
        for name, cost, start in tqdm(costs, "family", unit=" members", delay=1, leave=False)
    ]
    found += [solver.followed(), *more]
    near = [bool((one.error_mm <= within_mm).all()) for one in found]
    members = [one for one, is_near in zip(found, near, strict=True) if is_near]
    if len(members) < 2:
        least = sorted(float(one.error_mm.max()) for one in found)[1]
        raise ConfigError(
            f"--within {within_mm:g} leaves {len(members)} of {len(found)} movements: no family. Give --within "
            f"{np.ceil(1000 * least) / 1000:g} or more."
        )
    return Family(
        tuple(one.name for one in setup.references),
        tuple(setup.arm.actuator_names),
        members,
        [one for one, is_near in zip(found, near, strict=True) if not is_near],
        within_mm,
        setup.config.env.control_dt,
        emg,
    )
