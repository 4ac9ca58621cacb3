"""Which differences between kinds of networks hold, in how alike they are to neurons.

Runs that differ in one factor form pairs, over all others, the seed included.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from mousearm.neural.results import RESOLUTION, NeuralStudy
from mousearm.stats import Paired, change_verdict, holm, paired

Factors = Mapping[str, Mapping[str, str]]  # by run, the factors that tell runs apart, and their levels; the seed too
SEED_KEY = "seed"


class RunDifference(NamedTuple):
    """Two levels of a factor in one measure; the unit is a run."""

    factor: str  # such as ``policy``
    one: str
    other: str
    predictor: str
    measure: str
    change: Paired  # from one to the other, of runs that have all other factors in common
    p: float  # after Holm's correction over all differences of the study
    tests: int

    @property
    def verdict(self) -> str:
        """What may be said of the other level against the one, as of `mousearm.stats.change_verdict`."""
        return change_verdict(self.change, self.p, self.tests)


def run_scores(study: NeuralStudy, predictor: str, measure: str) -> dict[str, float]:
    """Mean score over populations of a predictor of every run, of what is judged."""
    found: dict[str, list[float]] = {}
    for match in study.judged:
        if (match.predictor, match.measure) == (predictor, measure):
            found.setdefault(match.run, []).append(match.score)
    return {run: float(np.mean(scores)) for run, scores in found.items()}


def differences(study: NeuralStudy, factors: Factors) -> list[RunDifference]:
    """Every pair of levels of every factor but the seed, in every layer and measure that is judged."""
    found: list[RunDifference] = []
    for predictor in study.layers:
        for measure in study.measures:
            scores = run_scores(study, predictor, measure)
            for factor, one, other, pairs in _pairs(factors, list(scores)):
                change = paired([scores[a] for a, _ in pairs], [scores[b] for _, b in pairs], RESOLUTION)
                found.append(RunDifference(factor, one, other, predictor, measure, change, np.nan, 0))
    adjusted = holm([one.change.p for one in found])
    return [one._replace(p=p, tests=len(found)) for one, p in zip(found, adjusted, strict=True)]


def _pairs(factors: Factors, runs: Sequence[str]) -> Iterator[tuple[str, str, str, list[tuple[str, str]]]]:
    """Two levels of a factor, and the pairs of runs that differ in nothing else."""
    names = dict.fromkeys(name for run in runs for name in factors.get(run, ()) if name != SEED_KEY)
    for factor in names:
        by_rest: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
        for run in runs:
            rest = tuple(sorted((name, level) for name, level in factors[run].items() if name != factor))
            by_rest.setdefault(rest, {})[factors[run].get(factor, "")] = run
        levels = dict.fromkeys(level for of in by_rest.values() for level in of)
        for one, other in combinations(levels, 2):
            if pairs := [(of[one], of[other]) for of in by_rest.values() if one in of and other in of]:
                yield factor, one, other, pairs
