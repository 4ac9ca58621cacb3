"""Means of measurements that stand in each other, reaches in sessions in animals, with the interval that they allow."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

from mousearm.stats.means import CONFIDENCE, ENOUGH, Spread
from mousearm.text import plural

NESTING = ("animal", "session", "reach")
_PLURALS = {"animal": "animals", "session": "sessions", "reach": "reaches"}
_DRAWS = 4_000
_Tree = dict[Hashable, dict[Hashable, list[float]]]


class Nested(NamedTuple):
    """A mean over animals of means over their sessions of means over their reaches, and its 95 % interval."""

    spread: Spread  # its n counts the resampled units; the range of the units where they are too few
    unit: str  # the highest level with enough units to resample: ``animal``, ``session`` or ``reach``
    counts: tuple[int, int, int]  # animals, sessions and reaches with a value

    @property
    def scope(self) -> str:
        """For what the interval speaks, in words."""
        animals, sessions, reaches = (
            plural(n, level, _PLURALS[level]) for n, level in zip(self.counts, NESTING, strict=True)
        )
        if self.unit == "animal":
            return f"resampled: {animals}, within them sessions and reaches"
        if self.unit == "session":
            return f"resampled: {sessions}, within them reaches, of {animals}: it does not speak for other animals"
        return f"resampled: {reaches} of {animals}: it does not speak for other animals or sessions"


def nested_spread(
    values: Sequence[float],
    animals: Sequence[Hashable] | None = None,
    sessions: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> Nested:
    """The mean of values by reach, every animal and within it every session with the same weight, with its interval.

    Animals are resampled, within them sessions, within them reaches. Where there are too few animals for that (fewer
    than 5), they stay as they are, and their sessions are resampled, or else their reaches.
    The interval has the percentiles of these draws, smoothed by the standard error over the root of n, and spread about
    the mean until their standard deviation is the unbiased standard error of the resampled units (without that,
    resampling several levels counts the lower ones twice), at the levels that make it as wide as Student's t of their
    number (Hesterberg 2015, American Statistician 69:371-386). Values that are NaN are left out.

    Args:
        values: one per reach.
        animals: their labels; None if all are of one.
        sessions: their labels, within animals; None if all are of one.
        seed: of what is drawn.
    """
    tree: _Tree = {}
    labels = [list(level) if level is not None else [""] * len(values) for level in (animals, sessions)]
    for value, animal, session in zip(values, *labels, strict=True):
        if np.isfinite(value):
            tree.setdefault(animal, {}).setdefault(session, []).append(float(value))
    if not tree:
        return Nested(Spread(np.nan, np.nan, np.nan, 0), "reach", (0, 0, 0))
    of_sessions = [[float(np.mean(of)) for of in animal.values()] for animal in tree.values()]
    of_reaches = [of for animal in tree.values() for of in animal.values()]
    counts = len(tree), sum(map(len, of_sessions)), sum(map(len, of_reaches))
    mean = float(np.mean([np.mean(of) for of in of_sessions]))
    unit, error, freedom = _unit(tree, of_sessions, of_reaches)
    n = counts[NESTING.index(unit)]
    if n < 2:
        return Nested(Spread(mean, np.nan, np.nan, n), unit, counts)
    if freedom < ENOUGH - 1:
        units = [value for of in of_reaches for value in of]
        return Nested(Spread(mean, min(units), max(units), min(n, ENOUGH - 1)), unit, counts)
    from scipy.stats import norm, t  # slow to import

    rng = np.random.default_rng(seed)
    offsets = _draws(tree, unit, rng) - mean + rng.normal(scale=error / np.sqrt(freedom + 1), size=_DRAWS)
    scale = float(offsets.std())
    tail = float(norm.cdf(t.ppf((1 - CONFIDENCE) / 2, freedom)))
    low, high = mean + np.quantile(offsets, [tail, 1 - tail]) * (error / scale if scale > 0 else 0.0)
    return Nested(Spread(mean, float(low), float(high), n), unit, counts)


def _unit(
    tree: _Tree, of_sessions: Sequence[Sequence[float]], of_reaches: Sequence[Sequence[float]]
) -> tuple[str, float, int]:
    """The level to resample, the standard error of the mean over its units, and its degrees of freedom."""
    animals = np.array([np.mean(of) for of in of_sessions])
    if len(animals) >= ENOUGH:
        return "animal", float(animals.std(ddof=1) / np.sqrt(len(animals))), len(animals) - 1
    weights = [1 / (len(animals) * len(of)) for of in of_sessions]  # of sessions, the same in an animal
    error, freedom = _pooled(of_sessions, weights)
    if freedom >= ENOUGH - 1:
        return "session", error, freedom
    finer = [w / len(of) for w, animal in zip(weights, tree.values(), strict=True) for of in animal.values()]
    return ("reach", *_pooled(of_reaches, finer))


def _pooled(groups: Sequence[Sequence[float]], weights: Sequence[float]) -> tuple[float, int]:
    """The standard error of a weighted sum of values whose groups stay: of one variance, about their own means."""
    freedom = sum(len(group) - 1 for group in groups)
    squares = sum(float(np.square(np.array(group) - np.mean(group)).sum()) for group in groups)
    total = sum(len(group) * weight**2 for group, weight in zip(groups, weights, strict=True))
    return float(np.sqrt(squares / max(freedom, 1) * total)), freedom


def _draws(tree: _Tree, unit: str, rng: np.random.Generator) -> np.ndarray:
    """Resampled means: units of a level and what stands in them are drawn, what stands above them stays."""
    level = NESTING.index(unit)
    animals = [
        _resample([_resample(_values(of), True, rng) for of in animal.values()], level <= 1, rng)
        for animal in tree.values()
    ]
    return _resample(animals, level == 0, rng)


def _values(values: Sequence[float]) -> list[np.ndarray]:
    return [np.full(_DRAWS, value) for value in values]


def _resample(units: Sequence[np.ndarray], drawn: bool, rng: np.random.Generator) -> np.ndarray:
    """Draws of the mean of units, of which there are draws: of all of them, or of as many drawn with replacement."""
    pools, shape = np.array(units), (_DRAWS, len(units))
    if not drawn:
        return pools.mean(axis=0)
    return pools[rng.integers(len(units), size=shape), rng.integers(_DRAWS, size=shape)].mean(axis=1)
