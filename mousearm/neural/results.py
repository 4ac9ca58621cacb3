"""What a study of networks against neurons found: matches, contrasts, and what they allow to say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from mousearm.stats import (
    ALPHA,
    ENOUGH,
    LESS,
    NONE_SHOWN,
    Nested,
    Paired,
    Spread,
    change_verdict,
    holm,
    least_p,
    moment_p,
    nested_spread,
    null_test,
    paired,
    spread,
)
from mousearm.text import listed, plural

UNIQUE = "unique variance"  # the measure of what a layer explains that a rival does not
ENCODING = "encoding"  # the measure that scores reaches and neurons one by one
WEAK_CEILING = 0.1  # share of the variance of neurons below which hardly anything can be explained
_NULL_BAND = (0.025, 0.975)
RESOLUTION = 1e-9  # scores that differ by less are the same


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
    nulls: Sequence[float]  # scores by chance; those of other matches in the same places are of the same exchanges
    ceiling: tuple[float, float]  # lower and upper: what a perfect predictor would have
    curve: Sequence[tuple[float, float]] = ()  # lag in ms and score, over the window
    interval: tuple[float, ...] = ()  # low and high end of 95 % over reaches, if the score has an interval

    @cached_property
    def null(self) -> tuple[float, float]:
        """Range of the middle 95 % of the null scores; NaN without any."""
        low, high = np.quantile(self.nulls, _NULL_BAND) if len(self.nulls) else (np.nan, np.nan)
        return float(low), float(high)

    @property
    def p(self) -> float:
        """Share of the null scores, the score among them, that are at least as large; 1 without any."""
        return float(np.mean([of >= self.score for of in (self.score, *self.nulls)]))

    @property
    def is_judged(self) -> bool:
        """True if it has a null and a ceiling, without which it is not drawn."""
        return bool(np.isfinite([*self.null, *self.ceiling]).all())

    @property
    def label(self) -> str:
        """The predictor with its run."""
        return f"{self.run}: {self.predictor}" if self.run else self.predictor


@dataclass(frozen=True)
class Beside:
    """A layer beside a rival in one population: what is explained of every held-out reach and neuron."""

    label: str  # the layer, with its run
    rival: str
    population: str
    animal: str
    reaches: Mapping[str, tuple[float, float, float]]  # from the rival, from the layer, beyond the rival
    units: Mapping[str, tuple[float, float, float]]  # the same of each neuron
    nulls: Sequence[float]  # what is beyond the rival where reaches are exchanged


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
        """The verdict, as of `mousearm.stats.change_verdict`; unique variance below 0 is chance."""
        said = change_verdict(self.change, self.p, self.tests)
        return NONE_SHOWN if self.measure == UNIQUE and said == LESS else said


@dataclass(frozen=True)
class NeuralStudy:
    """All matches of a study, and what they say."""

    matches: Sequence[Resemblance]
    besides: Sequence[Beside]
    layers: Sequence[str]  # predictors that are asked about; the others are rivals

    @property
    def measures(self) -> list[str]:
        """Names of the measures, in order."""
        return list(dict.fromkeys(match.measure for match in self.matches))

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
        for match in self.matches:
            found.setdefault((match.label, match.measure), []).append(match)
        return found

    @cached_property
    def chance(self) -> dict[tuple[str, str], float]:
        """P of every label and measure against its null, corrected over all of them by their joint null.

        Of several populations the mean of the scores is tested, each divided by the s.d. of its null. NaN without null
        scores.
        """
        rows = {place: _over_populations(of) for place, of in self.by_place.items() if self.is_layer(place[0])}
        known = [place for place, row in rows.items() if len(row) > 1 and np.isfinite(row).all()]
        if not known:
            return dict.fromkeys(rows, np.nan)
        tested = null_test(np.stack([rows[place] for place in known], axis=1), exact=False).p_corrected
        return dict.fromkeys(rows, np.nan) | dict(zip(known, tested.tolist(), strict=True))

    @cached_property
    def contrasts(self) -> list[Contrast]:
        """Every layer against every rival: by reaches in `ENCODING` and `UNIQUE`, by populations in other measures."""
        found: list[Contrast] = []
        pairs = dict.fromkeys((one.label, one.rival) for one in self.besides)
        for label, rival in pairs:
            judged = {match.population for match in self.by_place.get((label, ENCODING), ()) if match.is_judged}
            besides = [b for b in self.besides if (b.label, b.rival) == (label, rival) and b.population in judged]
            of_reaches = [(b.animal, b.population, *three) for b in besides for three in b.reaches.values()]
            beyond = [(animal, population, 0.0, unique) for animal, population, _, _, unique in of_reaches]
            found += [_contrast(label, rival, ENCODING, [row[:4] for row in of_reaches])] if of_reaches else []
            found += [_contrast(label, rival, UNIQUE, beyond, _joint_null(besides))] if of_reaches else []
            for measure in (name for name in self.measures if name != ENCODING):
                rows = self._by_population(label, rival, measure)
                found += [_contrast(label, rival, measure, rows)] if 2 * least_p(len(rows)) < ALPHA else []
        adjusted = holm([one.change.p for one in found])
        return [one._replace(p=p, tests=len(found)) for one, p in zip(found, adjusted, strict=True)]

    def _by_population(self, label: str, rival: str, measure: str) -> list[tuple[str, str, float, float]]:
        """Animal, population, and the scores of a rival and of a layer in it, of what is judged."""
        theirs = {m.population: m.score for m in self.by_place.get((rival, measure), ()) if m.is_judged}
        ours = [m for m in self.by_place.get((label, measure), ()) if m.is_judged and m.population in theirs]
        return [(m.animal, m.population, theirs[m.population], m.score) for m in ours]

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

    def above_chance(self, label: str) -> dict[str, bool]:
        """By measure that is judged, whether a layer scores more than its null."""
        return {name: p < ALPHA for (of, name), p in self.chance.items() if of == label and self._is_drawn(of, name)}

    def share(self, label: str) -> float:
        """The neurons' variance that a layer explains, as a part of the upper ceiling; NaN where that is not known."""
        judged = [m for m in self.judged if m.label == label and m.measure == ENCODING and m.ceiling[1] > 0]
        return float(np.mean([m.score / m.ceiling[1] for m in judged])) if judged else np.nan

    def _is_drawn(self, label: str, measure: str) -> bool:
        return any(match.is_judged for match in self.by_place[label, measure])


def _contrast(
    label: str, rival: str, measure: str, rows: Sequence[tuple[str, str, float, float]], null: np.ndarray | None = None
) -> Contrast:
    """Differences of pairs, each with animal and population: their test, not yet corrected, and their nested mean.

    With a ``null`` of the mean difference its test is by that, else by Wilcoxon's signed ranks.
    """
    animals, populations, before, after = zip(*rows, strict=True)
    change = paired(before, after, RESOLUTION)
    if null is not None:
        change = change._replace(p=moment_p(change.difference.mean, null))
    mean = nested_spread(np.subtract(after, before).tolist(), animals, populations)
    return Contrast(label, rival, measure, change, mean, np.nan, 0)


def _joint_null(besides: Sequence[Beside]) -> np.ndarray:
    """Null of what is beyond a rival in the mean over the reaches of all populations."""
    return np.average([one.nulls for one in besides], axis=0, weights=[len(one.reaches) for one in besides])


def _over_populations(found: Sequence[Resemblance]) -> np.ndarray:
    """The score and the null scores, (1 + N,), in the mean over populations, each in s.d. of its null."""
    rows = np.array([[match.score, *match.nulls] for match in found])
    spread = rows.std(axis=1, keepdims=True)
    return (rows / np.where(spread > 0, spread, 1.0)).mean(axis=0)


def _caveats(study: NeuralStudy) -> Iterator[str]:
    animals, populations = len(study.animals), len(study.populations)
    if animals == 1:
        yield "One animal: what is said holds for reaches like these of this animal, not for other animals."
    elif animals < ENOUGH:
        yield (
            f"{plural(animals, 'animal')}: p are of reaches, and hold for these animals; a mean over so few animals "
            "says little of others."
        )
    told = [p for p in study.chance.values() if np.isfinite(p)]
    if told and min(told) >= ALPHA:
        same = [np.isclose([match.score, *match.nulls], match.score).mean() for match in study.judged]
        few = bool(same) and min(same) >= ALPHA
        said = f"No score is told from its null: the smallest p is {min(told):.2g} after the correction."
        more = " With so few null scores none could be: give more (--nulls), or more reaches where those are few."
        yield said + (more if few else "")
    if silent := sorted({match.measure for match in study.matches} - {match.measure for match in study.judged}):
        yield f"Not drawn, for there is no null or no ceiling: {listed(silent, most=6)}."
    low = {m.population for m in study.judged if m.measure == ENCODING and m.ceiling[1] < WEAK_CEILING}
    if low:
        yield (
            f"Noise leaves so little to explain in {listed(sorted(low), most=3)} ({len(low)} of "
            f"{plural(populations, 'population')}) that hardly anything can be found there."
        )
