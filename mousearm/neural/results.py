"""What a study of networks against neurons found: matches, contrasts, and what they allow to say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from mousearm.stats import (
    ALPHA,
    ENOUGH,
    Nested,
    Paired,
    Spread,
    holm,
    least_p,
    nested_spread,
    paired,
    spread,
)
from mousearm.text import listed, plural

UNIQUE = "unique variance"  # the measure of what a layer explains that a rival does not
MORE, LESS, NONE_SHOWN, TOO_FEW = "more", "less", "none shown", "too few"
MOST_RUNS = 4  # whose layers are contrasted with one another; of more, groups are compared
WEAK_CEILING = 0.1  # below it the activity of a population hardly repeats
_RESOLUTION = 1e-9  # scores that differ by less are the same


@dataclass(frozen=True)
class Resemblance:
    """How alike one predictor and one population are, by one measure, on reaches that nothing was fitted to."""

    run: str  # whose network it is; empty for what is of none, such as kinematics
    predictor: str  # a layer, such as ``hidden_1``, or a rival
    population: str  # session and area
    animal: str
    measure: str
    score: float  # on held-out reaches, at the lag that was chosen on the others
    lag_ms: float  # that lag; above 0: neurons are later than the predictor
    null: tuple[float, float]  # from where to where 95 % of the null scores lie
    p: float  # of the score, by its null, one-sided
    ceiling: tuple[float, float]  # lower and upper: what a perfect predictor would have
    reaches: Mapping[str, float] = field(default_factory=dict)  # score of each held-out reach
    curve: Sequence[tuple[float, float]] = ()  # lag in ms and score, over the window
    units: Mapping[str, float] = field(default_factory=dict)  # score of each neuron, where the measure has them
    against: str = ""  # the rival beside which the predictor stood, of `UNIQUE`

    @property
    def is_judged(self) -> bool:
        """True if it has a null and a ceiling, without which it is not drawn."""
        return bool(np.isfinite([*self.null, *self.ceiling]).all())

    @property
    def label(self) -> str:
        """The predictor with its run."""
        return f"{self.run}: {self.predictor}" if self.run else self.predictor

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)

    @staticmethod
    def of_json(content: Mapping[str, Any]) -> "Resemblance":
        """What `as_json` made."""
        pairs = {name: tuple(content[name]) for name in ("null", "ceiling")}
        return Resemblance(**{**content, **pairs, "curve": tuple(tuple(pair) for pair in content["curve"])})


class Contrast(NamedTuple):
    """A layer against a rival in one measure, or what it explains beyond it, over the same reaches."""

    label: str  # the layer, with its run
    rival: str
    measure: str
    change: Paired  # the layer's score less the rival's, of reaches; of `UNIQUE` the unique variance itself
    mean: Nested  # the same over animals, sessions and reaches
    p: float  # after Holm's correction over all contrasts
    tests: int  # how many these were

    @property
    def verdict(self) -> str:
        """What may be said of it."""
        if self.tests * least_p(self.change.n) > ALPHA:
            return TOO_FEW
        if not self.p < ALPHA:
            return NONE_SHOWN
        return MORE if self.change.difference.mean > 0 else LESS


@dataclass(frozen=True)
class NeuralStudy:
    """All matches of a study, and what they say."""

    matches: Sequence[Resemblance]
    layers: Sequence[str]  # predictors that are asked about; the others are rivals

    @property
    def measures(self) -> list[str]:
        """Names of the measures, in order, without `UNIQUE`."""
        return [name for name in dict.fromkeys(match.measure for match in self.matches) if name != UNIQUE]

    @property
    def populations(self) -> list[str]:
        """Names of the populations."""
        return list(dict.fromkeys(match.population for match in self.matches))

    @property
    def animals(self) -> list[str]:
        """Names of the animals."""
        return list(dict.fromkeys(match.animal for match in self.matches))

    @property
    def labels(self) -> list[str]:
        """Predictors with their runs: layers first, then rivals."""
        found = dict.fromkeys((match.predictor not in self.layers, match.label) for match in self.matches)
        return [label for _, label in sorted(found, key=lambda one: one[0])]

    @property
    def judged(self) -> list[Resemblance]:
        """Matches that have a null and a ceiling: the others are in tables only."""
        return [match for match in self.matches if match.is_judged]

    @cached_property
    def by_place(self) -> dict[tuple[str, str], list[Resemblance]]:
        """Matches by label and measure, one per population."""
        found: dict[tuple[str, str], list[Resemblance]] = {}
        for match in (match for match in self.matches if not match.against):
            found.setdefault((match.label, match.measure), []).append(match)
        return found

    @cached_property
    def chance(self) -> dict[tuple[str, str], float]:
        """P of every label and measure against its null, after Holm's correction over layers and measures.

        Of several populations the p are combined by Fisher's method (1925): they are of different reaches.
        """
        places = [place for place in self.by_place if self.is_layer(place[0])]
        raw = [_combined([match.p for match in self.by_place[place]]) for place in places]
        return dict(zip(places, holm(raw), strict=True))

    @cached_property
    def contrasts(self) -> list[Contrast]:
        """Every layer against every rival, in every measure that scores reaches one by one."""
        found: list[Contrast] = []
        known: set[tuple[str, str, str]] = set()
        for (label, measure), ours in self.by_place.items():
            for rival in self.rivals(label) if self.is_layer(label) else ():
                if (rival, label, measure) not in known:
                    known.add((label, rival, measure))
                    found += self._contrast(label, rival, measure, ours)
        for label, rival in dict.fromkeys((m.label, m.against) for m in self.judged if m.against):
            beyond = [m for m in self.judged if (m.label, m.against) == (label, rival)]
            found.append(_of_reaches(label, rival, UNIQUE, beyond, [dict.fromkeys(m.reaches, 0.0) for m in beyond]))
        adjusted = holm([one.change.p for one in found])
        return [one._replace(p=p, tests=len(found)) for one, p in zip(found, adjusted, strict=True)]

    def rivals(self, label: str) -> list[str]:
        """What a layer is contrasted with: the rivals of its run, and the same layer of other runs, if they are few."""
        run, predictor = self._parts[label]
        same = [other for other, (of, name) in self._parts.items() if of in ("", run) and name not in self.layers]
        runs = {of for of, name in self._parts.values() if name == predictor}
        others = [other for other, (of, name) in self._parts.items() if name == predictor and of != run]
        return same + (others if len(runs) <= MOST_RUNS else [])

    def spread(self, label: str, measure: str) -> Spread:
        """Mean score of a predictor over populations."""
        return spread(tuple(match.score for match in self.by_place.get((label, measure), ())))

    def caveats(self) -> list[str]:
        """Reasons to say less than the numbers seem to, a line each."""
        return list(_caveats(self))

    @cached_property
    def _parts(self) -> dict[str, tuple[str, str]]:
        return {match.label: (match.run, match.predictor) for match in self.matches}

    def is_layer(self, label: str) -> bool:
        """True for what is asked about, False for its rivals."""
        return self._parts[label][1] in self.layers

    def _contrast(self, label: str, rival: str, measure: str, ours: Sequence[Resemblance]) -> Iterator[Contrast]:
        """The scores of reaches of both, in pairs; nothing where the measure does not score reaches one by one."""
        theirs = {m.population: m.reaches for m in self.by_place.get((rival, measure), ()) if m.is_judged}
        ours = [match for match in ours if match.is_judged and match.reaches and theirs.get(match.population)]
        if ours:
            yield _of_reaches(label, rival, measure, ours, [theirs[match.population] for match in ours])

    def above_chance(self, label: str) -> dict[str, bool]:
        """By measure that is judged, whether a layer scores more than its null."""
        return {name: p < ALPHA for (of, name), p in self.chance.items() if of == label and self._is_drawn(of, name)}

    def share(self, label: str) -> float:
        """Mean over measures of a layer's score as a part of the lower ceiling; NaN where there is no ceiling."""
        judged = [m for m in self.judged if m.label == label and not m.against and m.ceiling[0] > 0]
        return float(np.mean([m.score / m.ceiling[0] for m in judged])) if judged else np.nan

    def _is_drawn(self, label: str, measure: str) -> bool:
        return any(match.is_judged for match in self.by_place[label, measure])


def _of_reaches(
    label: str, rival: str, measure: str, ours: Sequence[Resemblance], theirs: Sequence[Mapping[str, float]]
) -> Contrast:
    """Differences of the scores of reaches that both have: their test, not yet corrected, and their nested mean."""
    rows = [
        (match.animal, match.population, other[reach], score)
        for match, other in zip(ours, theirs, strict=True)
        for reach, score in match.reaches.items()
        if reach in other
    ]
    animals, populations, before, after = zip(*rows, strict=True)
    change = paired(before, after, _RESOLUTION)
    mean = nested_spread(np.subtract(after, before).tolist(), animals, populations)
    return Contrast(label, rival, measure, change, mean, np.nan, 0)


def _combined(p: Sequence[float]) -> float:
    """One p of several independent ones by Fisher's method."""
    if len(p) == 1:
        return p[0]
    from scipy.stats import chi2  # slow to import

    return float(chi2.sf(-2 * np.sum(np.log(p)), 2 * len(p)))


def _caveats(study: NeuralStudy) -> Iterator[str]:
    animals, populations = len(study.animals), len(study.populations)
    if animals == 1:
        yield "One animal: what is said holds for reaches like these of this animal, not for other animals."
    elif animals < ENOUGH:
        yield (
            f"{plural(animals, 'animal')}: p are of reaches, and hold for these animals; a mean over so few animals "
            "says little of others."
        )
    if silent := sorted({match.measure for match in study.matches} - {match.measure for match in study.judged}):
        yield f"Not drawn, for there is no null or no ceiling: {listed(silent, most=6)}."
    low = {m.population for m in study.judged if m.ceiling[0] < WEAK_CEILING}
    if low:
        yield (
            f"The activity repeats so little from trial to trial in {listed(sorted(low), most=3)} ({len(low)} of "
            f"{populations}) that hardly anything can be found there."
        )
