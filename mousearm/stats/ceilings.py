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


class MeanTrial(NamedTuple):
    """Fit of the mean trial to single ones (Nili et al. 2014, PLoS Computational Biology 10:e1003553)."""

    lower: Ceiling  # without the trial itself: what a model can reach that knows only the others
    upper: Ceiling  # with it: no model can have a better mean


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


def split_half_ceiling(trials: np.ndarray, splits: int = 100, seed: int = 0) -> Ceiling:
    """Reliability of the mean of n trials (n, ...) of one condition: r of two halves, as if each had all n.

    The mean over random splits of r between the means of the halves, by the formula of Spearman and Brown (1910):
    2 r / (1 + r). With an odd n a drawn trial is left out of each split.
    """
    flat = trials.reshape(len(trials), -1)
    keys = np.random.default_rng(seed).random((splits, len(trials)))  # the same for all, so that one trial changes one

    def reliability(kept: np.ndarray) -> float:
        half = len(kept) // 2
        if not half:
            return np.nan
        rank = np.argsort(np.argsort(keys[:, kept], axis=1), axis=1)
        halves = ((rank < half) @ flat[kept], ((rank >= half) & (rank < 2 * half)) @ flat[kept])
        r = float(np.mean([correlation(*pair) for pair in zip(*halves, strict=True)]))
        single = r / (half - (half - 1) * r)  # of a trial; then of the mean of all
        return len(kept) * single / (1 + (len(kept) - 1) * single)

    return _jackknife(reliability, np.arange(len(trials)), len(trials) - 1)


def leave_one_out_ceiling(trials: np.ndarray) -> MeanTrial:
    """Pearson r of each of n trials (n, ...) with the mean of the others, and with the mean of all, over the trials."""
    flat = trials.reshape(len(trials), -1)

    def agreement(with_itself: bool) -> Callable[[np.ndarray], float]:
        def mean(kept: np.ndarray) -> float:
            if len(kept) < 2:
                return np.nan
            total = flat[kept].sum(axis=0)
            return float(np.mean([correlation(own, total if with_itself else total - own) for own in flat[kept]]))

        return mean

    every = np.arange(len(trials))
    lower, upper = (_jackknife(agreement(own), every, len(trials) - 1) for own in (False, True))
    return MeanTrial(lower, upper)


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
