"""What conditions did: paired differences to the intact arm, with intervals, tests and the muscles that took over."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from mousearm.stats import ENOUGH, Paired, Spread, change_verdict, enough_pairs, holm, least_p, paired, spread
from mousearm.text import listed, plural
from mousearm.whatif.cases import INTACT
from mousearm.whatif.trials import ACUTE, AFTEREFFECT, RETRAINED, TrialRow

MEASURES = {"paw_mm": "paw error, mm", "effort": "effort"}  # tested, by their columns of the trials
_RESOLUTION = 1e-6  # mm, and of efforts: smaller differences are rounding

CasePlace = tuple[str, str, float]  # phase, condition and severity
BASELINE: CasePlace = ACUTE, INTACT, 0.0  # with which everything is compared


class Effect(NamedTuple):
    """One condition at one severity against the intact arm, in one measure; a unit is a run or a reach."""

    phase: str
    condition: str
    severity: float
    measure: str
    mean: Spread  # over units
    change: Paired  # to the intact arm, of the same units
    p: float  # of the change, after Holm's correction over all cases of the phase, in this measure
    tests: int  # how many these were
    completed: float  # share of the trials that did not diverge

    @property
    def verdict(self) -> str:
        """The verdict on the change, as of `mousearm.stats.change_verdict`."""
        return change_verdict(self.change, self.p, self.tests)


class MuscleChange(NamedTuple):
    """The change of one actuator's effort against the intact arm."""

    phase: str
    condition: str
    severity: float
    actuator: str
    before: float  # mean of (force / peak force of the intact arm)^2
    change: Paired
    p: float  # after Holm's correction over the actuators


class Regained(NamedTuple):
    """The part of an error by a condition that more training under it removed."""

    condition: str
    severity: float
    means: Sequence[Spread]  # mm, over units: acute, retrained and, where there was a condition, the aftereffect
    change: Paired  # of the paw error, from before to after
    share: float  # (acute - retrained) / (acute - intact), of means; NaN where the condition did nothing


@dataclass(frozen=True)
class LesionStudy:
    """All trials of a study, and what they say."""

    rows: Sequence[TrialRow]
    actuators: Sequence[str]

    @property
    def runs(self) -> list[str]:
        """Names of the runs."""
        return list(dict.fromkeys(row.run for row in self.rows))

    @property
    def unit(self) -> str:
        """The unit of the statistics: ``run`` where there are several, else ``reach``."""
        return "run" if len(self.runs) > 1 else "reach"

    @property
    def conditions(self) -> list[str]:
        """Names of the conditions, the intact arm left out."""
        return [name for name in dict.fromkeys(row.condition for row in self.rows) if name != INTACT]

    @cached_property
    def by_place(self) -> dict[CasePlace, list[TrialRow]]:
        """The trials of every case, in their order."""
        found: dict[CasePlace, list[TrialRow]] = {}
        for row in self.rows:
            found.setdefault((row.phase, row.condition, row.severity), []).append(row)
        return found

    @property
    def worst(self) -> list[CasePlace]:
        """The case with the largest severity of every condition, at once and after more training under it."""
        largest: dict[tuple[str, str], CasePlace] = {}
        for place in (place for place in self.by_place if place[0] != AFTEREFFECT and place[1] != INTACT):
            largest[place[:2]] = max(place, largest.get(place[:2], place), key=lambda one: one[2])
        return list(largest.values())

    def intact(self, measure: str) -> Spread:
        """Mean of a measure with the intact arm, over units."""
        return self.spread(BASELINE, measure)

    def units(self, place: CasePlace, measure: str) -> dict[str, float]:
        """Means of a measure by unit, over repeats, and then over the reaches of a run."""
        return self._by_unit(place, lambda row: getattr(row, measure))

    def spread(self, place: CasePlace, measure: str) -> Spread:
        """Mean of a measure over units, with its interval or range."""
        return spread(tuple(self.units(place, measure).values()))

    @cached_property
    def effects(self) -> list[Effect]:
        """Every case against the intact arm, in every measure."""
        return [effect for phase in self._phases for name in MEASURES for effect in self._effects(phase, name)]

    def _effects(self, phase: str, measure: str) -> list[Effect]:
        places = [place for place in self.by_place if place[0] == phase and place != BASELINE]
        changes = [self._change(BASELINE, place, measure) for place in places]
        adjusted = holm([change.p for change in changes])
        return [
            Effect(*place, measure, self.spread(place, measure), change, p, len(places), self._completed(place))
            for place, change, p in zip(places, changes, adjusted, strict=True)
        ]

    def _change(self, one: CasePlace, other: CasePlace, measure: str) -> Paired:
        """From one case to another, of the units that both have."""
        before, after = self.units(one, measure), self.units(other, measure)
        return paired([before[unit] for unit in after], list(after.values()), _RESOLUTION)

    def muscles(self, place: CasePlace) -> list[MuscleChange]:
        """Actuators of a case against the intact arm, the one that gained most first."""
        before, after = (self._muscles(one) for one in (BASELINE, place))
        changes = [
            paired([before[unit][i] for unit in after], [of[i] for of in after.values()], _RESOLUTION)
            for i in range(len(self.actuators))
        ]
        means = np.mean([before[unit] for unit in after], axis=0)
        adjusted = holm([change.p for change in changes])
        parts = zip(self.actuators, means, changes, adjusted, strict=True)
        found = [MuscleChange(*place, name, float(mean), change, p) for name, mean, change, p in parts]
        return sorted(found, key=lambda one: -one.change.difference.mean)

    def regained(self) -> list[Regained]:
        """The effect of more training under each condition, and of as much without one."""
        found = []
        for place in (place for place in self.by_place if place[0] == RETRAINED):
            acute = ACUTE, *place[1:]
            change, lost = (self._change(acute, place, "paw_mm"), self._change(BASELINE, acute, "paw_mm"))
            share = -change.difference.mean / lost.difference.mean if lost.difference.mean > _RESOLUTION else np.nan
            places = acute, place, (AFTEREFFECT, *place[1:])
            means = [self.spread(one, "paw_mm") for one in places if one in self.by_place]
            found.append(Regained(*place[1:], means, change, float(share)))
        return found

    def caveats(self) -> list[str]:
        """Reasons to say less than the numbers seem to, a line each."""
        return list(_caveats(self))

    @property
    def _phases(self) -> list[str]:
        return list(dict.fromkeys(row.phase for row in self.rows))

    def _completed(self, place: CasePlace) -> float:
        return float(np.mean([row.completed for row in self.by_place[place]]))

    def _muscles(self, place: CasePlace) -> dict[str, np.ndarray]:
        return self._by_unit(place, lambda row: np.array(row.muscles))

    def _by_unit(self, place: CasePlace, value: Callable[[TrialRow], Any]) -> dict[str, Any]:
        """Means by unit: over the repeats of a reach, and then over the reaches of a run where runs are the unit."""
        repeats: dict[tuple[str, str], list[Any]] = {}
        for row in self.by_place[place]:
            repeats.setdefault((row.run, row.reach), []).append(value(row))
        units: dict[str, list[Any]] = {}
        for (run, reach), values in repeats.items():
            units.setdefault(run if self.unit == "run" else reach, []).append(np.mean(values, axis=0))
        return {unit: np.mean(values, axis=0) for unit, values in units.items()}


def _caveats(study: LesionStudy) -> Iterator[str]:
    n, effects = len(study.units(BASELINE, "paw_mm")), study.effects
    tests = max((effect.tests for effect in effects), default=1)
    whole = plural(n, study.unit, "reaches" if study.unit == "reach" else "")
    if n < ENOUGH:
        yield f"{whole.capitalize()} cannot tell an effect from chance: there is no interval of the differences."
    if n > 1 and (needed := enough_pairs(tests)) > n:
        yield (
            f"With {whole} none of {tests} comparisons can be a finding, however large it is: Wilcoxon's p is at least "
            f"{least_p(n):.2g}, and Holm's correction multiplies it by {tests}. {needed} would be enough, or fewer "
            "conditions and severities."
        )
    if study.unit == "reach":
        yield "One network: what is said holds for this network on reaches like these, not for others trained alike."
    if lost := [effect for effect in effects if effect.completed < 1 and effect.measure == "paw_mm"]:
        names = list(dict.fromkeys(f"{effect.condition} at {effect.severity:g}" for effect in lost))
        yield f"Simulations diverged; from there on the last good frame counts: {listed(names, most=6)}."
