"""Ceilings: how well the recordings agree with one another, which no prediction need exceed; with their own error."""

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

import numpy as np

from mousearm.stats.means import CONFIDENCE

_EDGE = 1 - 1e-9  # r beyond which Fisher's z is infinite


class Ceiling(NamedTuple):
    """An agreement between -1 and 1 with its 95 % interval, which is NaN with fewer than 4 trials."""

    value: float
    low: float
    high: float
    n: int  # trials

    def share(self, score: float) -> float:
        """A score as a part of the ceiling; NaN where it, or the low end of its interval, is not above 0."""
        return score / self.value if self.value > 0 and not self.low <= 0 else np.nan


def pairwise_ceiling(scores: np.ndarray, groups: Sequence[Hashable]) -> Ceiling:
    """The mean agreement of a trial with another of its group, such as its animal: mean over trials, then groups.

    ``scores`` is (n, n), symmetric; its diagonal is not read. A trial alone in its group is left out. The interval is
    for other trials of the same groups.
    """
    labels = np.array([hash(label) for label in groups])
    pairs = (labels[:, None] == labels) & ~np.eye(len(labels), dtype=bool)
    known = np.flatnonzero(pairs.any(axis=1))
    table, names = np.where(pairs, scores, 0.0), labels[known]

    def mean(kept: np.ndarray) -> float:
        partners = pairs[np.ix_(kept, kept)].sum(axis=1)
        sums = table[np.ix_(kept, kept)].sum(axis=1)[partners > 0] / partners[partners > 0]
        of = labels[kept][partners > 0]
        return float(np.mean([sums[of == one].mean() for one in np.unique(of)])) if len(of) else np.nan

    return _jackknife(mean, known, len(known) - len(np.unique(names)))


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson r of two vectors; 0 where one is constant, for it predicts nothing."""
    first, second = one - one.mean(), other - other.mean()
    length = float(np.sqrt(np.square(first).sum() * np.square(second).sum()))
    return float(first @ second) / length if length > 0 else 0.0


def _jackknife(statistic: Callable[[np.ndarray], float], trials: np.ndarray, freedom: int) -> Ceiling:
    """A statistic of trials, and its interval by leaving each out, on the scale of Fisher's z with Student's t.

    Arvesen 1969 (Annals of Mathematical Statistics 40:2076-2100) gives the jackknife of means over pairs.
    """
    value, n = statistic(trials), len(trials)
    if n < 4 or freedom < 2 or not np.isfinite(value):
        return Ceiling(value, np.nan, np.nan, n)
    from scipy.stats import t  # slow to import

    z = float(np.arctanh(np.clip(value, -_EDGE, _EDGE)))
    without = np.arctanh(np.clip([statistic(np.delete(trials, i)) for i in range(n)], -_EDGE, _EDGE))
    pseudo = n * z - (n - 1) * without
    half = float(t.ppf((1 + CONFIDENCE) / 2, freedom) * np.nanstd(pseudo, ddof=1) / np.sqrt(n))
    return Ceiling(value, float(np.tanh(z - half)), float(np.tanh(z + half)), n)
