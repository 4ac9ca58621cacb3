"""Nulls: what a score would be by chance, by exchanging recordings, shifting them in time, or flipping signs.

Every null holds the observed arrangement as its first row, so that p = (rows at least as large) / (rows): exact where
all arrangements are there, and with the +1 of Phipson and Smyth (2010) where they are drawn. All tests ask whether the
observed value is larger than by chance; several tests share their arrangements, which gives the correction by the
largest statistic among them (Westfall and Young 1993), step by step (`null_test`).
"""

import math
from collections.abc import Hashable, Sequence
from itertools import permutations, product
from typing import NamedTuple

import numpy as np

DRAWS = 10_000
"""Arrangements of a null; where there are no more than these, all are taken."""

_MOST_VALUES = 1_000_000  # that are held at once
_ROUNDING = 1e-12  # arrangements whose values differ by less are equal


class Arrangements(NamedTuple):
    """Which recording stands for which prediction, in each row of a null; the first row is what was observed."""

    orders: np.ndarray  # (arrangements, n) indices of recordings
    exact: bool  # whether all arrangements are there, each once


class NullTest(NamedTuple):
    """Observed values against a null, of any number of tests that share it; arrays have the shape of the tests."""

    observed: np.ndarray
    null_mean: np.ndarray
    null_high: np.ndarray  # the value that 5 % of the null exceed
    p: np.ndarray  # one-sided: the share of the null that is at least as large
    p_corrected: np.ndarray  # for all these tests together, see `null_test`
    arrangements: int
    exact: bool

    @property
    def least_p(self) -> float:
        """The smallest p that this null can give."""
        return 1 / self.arrangements


def arrangements(groups: Sequence[Hashable], draws: int = DRAWS, seed: int = 0) -> Arrangements:
    """Exchanges of n recordings within groups, such as (animal, session): all where they are few, else drawn ones.

    The observed order comes first. A group of one recording has nothing to exchange.
    """
    labels = list(groups)
    places = [np.array([i for i, label in enumerate(labels) if label == one]) for one in dict.fromkeys(labels)]
    if math.prod(math.factorial(len(place)) for place in places) <= draws:
        ways = [list(permutations(place)) for place in places]
        orders = np.empty((math.prod(map(len, ways)), len(labels)), dtype=int)
        for row, chosen in enumerate(product(*ways)):
            for place, order in zip(places, chosen, strict=True):
                orders[row, place] = order
        return Arrangements(orders, True)
    rng = np.random.default_rng(seed)
    orders = np.tile(np.arange(len(labels)), (draws + 1, 1))
    for place in places:
        orders[1:, place] = rng.permuted(np.tile(place, (draws, 1)), axis=1)
    return Arrangements(orders, False)


def null_test(values: np.ndarray, exact: bool) -> NullTest:
    """Test the first row of (arrangements, *tests) values against all of them; ValueError if one is not finite.

    ``p_corrected`` keeps the chance of any false finding among the tests below the bound (step-down maxT, Westfall and
    Young 1993, algorithm 4.1): values are standardised by their null; the largest observed one is compared with the
    largest of all tests in every row, the next with the largest of the remaining ones, and no p is below the one
    before it. What tests have in common is in the rows, so that alike tests cost nothing, and the smallest p is one
    over the rows however many tests there are. Tests whose rows were drawn apart count as independent, for which the
    bound holds too where they are not, but positively dependent (Sidak 1967, JASA 62:626-633).
    """
    if not np.isfinite(values).all():
        raise ValueError("a value of the null is not finite")
    observed, slack = values[0], _ROUNDING * np.maximum(1.0, np.abs(values[0]))
    tests = values.reshape(len(values), -1)
    scale = tests.std(axis=0)
    known = scale > _ROUNDING * np.maximum(1.0, np.abs(tests).max(axis=0))  # a null that is one value tests nothing
    standard = (tests - tests.mean(axis=0)) / np.where(known, scale, 1.0)
    order = np.argsort(-np.where(known, standard[0], -np.inf))
    ranked = np.where(known, standard, -np.inf)[:, order]
    largest = np.maximum.accumulate(ranked[:, ::-1], axis=1)[:, ::-1]  # of a test and of those after it
    corrected = np.empty(len(order))
    corrected[order] = np.maximum.accumulate((largest >= ranked[0] - _ROUNDING).mean(axis=0))
    corrected[~known] = 1.0
    return NullTest(
        observed,
        values.mean(axis=0),
        np.quantile(values, 0.95, axis=0),
        (values >= observed - slack).mean(axis=0),
        corrected.reshape(observed.shape),
        len(values),
        exact,
    )


def moment_p(value: float, null: np.ndarray) -> float:
    """Two-sided p of a value by the mean, s.d. and skewness of a null (N,) of some hundred values.

    The tail is that of Pearson's type III, so that p can be less than 1 / N (Winkler et al. 2016, NeuroImage
    141:502-516). 1 where the null does not vary, NaN of fewer than three values.
    """
    from scipy.stats import pearson3, skew  # slow to import

    if len(null) < 3:
        return np.nan
    if not (spread := null.std(ddof=1)) > _ROUNDING:
        return 1.0
    of = pearson3(skew(null), null.mean(), spread)
    return float(min(1.0, 2 * min(of.sf(value), of.cdf(value))))


def exchange_test(scores: np.ndarray, groups: Sequence[Hashable], draws: int = DRAWS, seed: int = 0) -> NullTest:
    """Test whether predictions fit their own recordings better than others of the same group.

    Args:
        scores: (*tests, n, n) score of prediction i against recording j, finite; the statistic is the mean over i of
            the score against the recording that stands for j.
        groups: n labels, within which recordings are exchanged.
        draws: how many exchanges are taken where there are more.
        seed: of what is drawn.
    """
    orders, exact = arrangements(groups, draws, seed)
    rows = np.arange(scores.shape[-1])
    pieces = np.array_split(orders, math.ceil(scores.size * len(orders) / rows.size / _MOST_VALUES))
    values = np.concatenate([np.moveaxis(scores[..., rows, piece].mean(axis=-1), -1, 0) for piece in pieces])
    return null_test(values, exact)


def circular_correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(T, ...) Pearson r of (T, ...) series with the other rolled by 0 ... T - 1 frames; 0 where one is constant."""
    first, second = (_standardised(series) for series in (one, other))
    spectrum = np.fft.rfft(first, axis=0) * np.conj(np.fft.rfft(second, axis=0))
    return np.fft.irfft(spectrum, len(one), axis=0)


def _standardised(series: np.ndarray) -> np.ndarray:
    """Series along axis 0 without their mean, of length 1; a constant one becomes 0."""
    centred = series - series.mean(axis=0)
    length = np.sqrt(np.square(centred).sum(axis=0))
    constant = length <= _ROUNDING * np.maximum(1.0, np.abs(series).max(axis=0)) * math.sqrt(len(series))
    return np.where(constant, 0.0, centred / np.where(constant, 1.0, length))


def circular_shift_test(
    ones: Sequence[np.ndarray], others: Sequence[np.ndarray], draws: int = DRAWS, seed: int = 0
) -> NullTest:
    """Test whether pairs of series, (T_i, *tests) each, correlate more than with one of them rolled in time.

    The statistic is the mean r over the pairs; each pair is rolled by a number of frames of its own, all equally
    likely, 0 among them. Exact for stationary series that end where they begin; a reach does neither, so it says
    whether times fit, not whether the muscle of this reach does.
    """
    tables = [circular_correlations(*pair) for pair in zip(ones, others, strict=True)]
    lengths = [len(table) for table in tables]
    exact = math.prod(lengths) <= draws
    if exact:
        shifts = np.array(list(product(*map(range, lengths))))
    else:
        shifts = np.random.default_rng(seed).integers(0, lengths, size=(draws + 1, len(lengths)))
        shifts[0] = 0
    values = np.mean([table[shifts[:, i]] for i, table in enumerate(tables)], axis=0)
    return null_test(values, exact)


def sign_flip_test(
    differences: np.ndarray, clusters: Sequence[Hashable] | None = None, draws: int = DRAWS, seed: int = 0
) -> NullTest:
    """Test whether (*tests, n) paired differences are larger than 0 in their mean, if each might as well be negative.

    ``clusters`` are n labels of differences that keep their signs together, such as those of an animal; None if each
    stands for itself. Under the null differences are symmetric around 0. n differences give no p below 2^-n.
    """
    labels = list(range(differences.shape[-1])) if clusters is None else list(clusters)
    names = list(dict.fromkeys(labels))
    member = np.array([[label == name for label in labels] for name in names], dtype=float)  # (clusters, n)
    exact = 2 ** len(names) <= draws
    if exact:
        signs = np.array(list(product((1.0, -1.0), repeat=len(names))))
    else:
        signs = np.random.default_rng(seed).choice((1.0, -1.0), size=(draws + 1, len(names)))
        signs[0] = 1.0
    values = np.moveaxis(differences @ (signs @ member).T, -1, 0) / differences.shape[-1]
    return null_test(values, exact)
