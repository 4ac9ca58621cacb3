"""Nulls and ceilings by hand, and by counting how often they err."""

import numpy as np
import pytest
from scipy.stats import gamma, norm

from mousearm.stats import (
    Evidence,
    arrangements,
    circular_correlations,
    circular_shift_test,
    exchange_test,
    moment_p,
    nested_spread,
    null_test,
    pairwise_ceiling,
    sign_flip_test,
)


def z(values):
    return (values - values.mean(-1, keepdims=True)) / values.std(-1, keepdims=True)


def test_exchanges_stay_in_their_groups_and_are_all_there():
    orders, exact = arrangements(["a", "b", "a", "b", "c"])
    assert exact
    assert sorted(map(tuple, orders)) == [(0, 1, 2, 3, 4), (0, 3, 2, 1, 4), (2, 1, 0, 3, 4), (2, 3, 0, 1, 4)]
    assert tuple(orders[0]) == (0, 1, 2, 3, 4)
    drawn, exact = arrangements([0] * 6 + [1] * 4, draws=50)
    assert (len(drawn), exact) == (51, False)
    assert (drawn[:, :6] < 6).all()
    assert (np.sort(drawn, axis=1) == np.arange(10)).all()


def test_exchange_by_hand():
    scores = np.array([[0.9, 0.1], [0.3, 0.5]])  # own 0.7, exchanged 0.2: the larger of 2
    found = exchange_test(scores, [0, 0])
    assert (found.observed, found.p, found.null_mean, found.least_p) == pytest.approx((0.7, 0.5, 0.45, 0.5))
    assert exchange_test(scores, [0, 1]).p == exchange_test(scores, [0, 1]).p_corrected == 1  # nothing to exchange
    with pytest.raises(ValueError, match="finite"):
        exchange_test(np.full((2, 2), np.nan), [0, 0])


def test_signs_by_hand():
    # Of the 8 patterns of 1, 2, -0.5 the sum 2.5 is reached by +++ (3.5) and the observed one.
    assert sign_flip_test(np.array([1.0, 2.0, -0.5])).p == 2 / 8
    assert sign_flip_test(np.array([1.0, 2.0, 3.0]), clusters=["a", "a", "b"]).p == 1 / 4


def test_circular_correlations_are_those_of_rolled_series():
    one, other = np.random.default_rng(0).normal(size=(2, 9))
    rolled = [np.corrcoef(one, np.roll(other, k))[0, 1] for k in range(9)]
    assert circular_correlations(one, other) == pytest.approx(np.array(rolled))
    assert (circular_correlations(one, np.ones(9)) == 0).all()


def nulls(rng, n):
    """n tests of each null, of what is not there: with a shared time course, with heavy tails, of smooth noise."""
    courses = z(rng.normal(size=(2, n, 5, 12)).cumsum(-1) + rng.normal(size=(n, 1, 12)).cumsum(-1))
    smooth = rng.normal(size=(2, 4, 44, n))
    smooth = smooth[..., :-4, :] + smooth[..., 2:-2, :] + smooth[..., 4:, :]
    return (
        exchange_test(np.einsum("cit,cjt->cij", *courses) / 12, [0] * 5),
        sign_flip_test(rng.standard_t(4, size=(n, 8))),
        circular_shift_test([*smooth[0]], [*smooth[1]], draws=199),
    )


def test_false_positives_of_a_thousand_are_five_percent():
    found = [(one.p <= 0.05).mean() for one in nulls(np.random.default_rng(5), 1000)]
    assert found == pytest.approx([0.05] * 3, abs=0.015)


def test_the_largest_of_several_tests_by_hand():
    # Standardised, the tests are 1.34 -0.45 0.45 -1.34 and 0.45 1.34 -1.34 -0.45. The largest of both is at least the
    # first's 1.34 in 2 of 4 rows; of the second alone 2 of 4 are at least 0.45, of the largest it would be 3.
    found = null_test(np.array([[3.0, 2.0, 7.0], [1.0, 3.0, 7.0], [2.0, 0.0, 7.0], [0.0, 1.0, 7.0]]), exact=True)
    assert found.p_corrected.tolist() == [0.5, 0.5, 1.0]  # a null of one value tells nothing
    values = np.random.default_rng(0).normal(size=(40, 1))
    same = null_test(np.repeat(values, 60, axis=1), exact=False)
    assert same.p_corrected == pytest.approx(same.p)  # alike tests cost nothing


def test_one_family_in_twenty_finds_what_is_not_there_beside_what_is():
    """Families of 5 x 12 tests that share a part of their rows, without anything, and with five that are there."""
    rng, wrong = np.random.default_rng(7), np.zeros(2)
    for _ in range(400):
        values = rng.normal(size=(100, 60)) + rng.normal(size=(100, 1))
        wrong[0] += null_test(values, exact=False).p_corrected.min() <= 0.05
        values[0, :5] += 20
        found = null_test(values, exact=False).p_corrected
        assert found[:5].max() <= 0.05
        wrong[1] += found[5:].min() <= 0.05
    assert wrong / 400 == pytest.approx([0.05, 0.05], abs=0.03)


@pytest.mark.slow
def test_of_three_tests_together_one_in_twenty_families_finds_something():
    rng = np.random.default_rng(6)
    found = np.mean([[one.p_corrected.min() <= 0.05 for one in nulls(rng, 3)] for _ in range(1000)], axis=0)
    assert found == pytest.approx([0.05] * 3, abs=0.015)


def test_what_is_there_is_found():
    rng = np.random.default_rng(6)
    own = rng.normal(size=(5, 40)).cumsum(-1)
    found = exchange_test(z(own) @ z(own + rng.normal(size=own.shape)).T / 40, [0] * 5)
    assert found.p == found.least_p == 1 / 120


def test_nested_means_weigh_animals_alike_and_say_for_whom_they_speak():
    found = nested_spread([1.0, 3.0, 10.0], ["a", "a", "b"], [1, 2, 1])
    assert found.spread.mean == 6.0  # of 2 and 10
    assert (found.unit, found.counts, found.spread.kind) == ("reach", (2, 3, 3), "range")
    assert nested_spread([1.0, 2.0, np.nan, 4.0]).counts == (1, 1, 3)
    values = np.random.default_rng(0).normal(size=20)
    one = nested_spread(values)
    assert (one.unit, one.spread.n) == ("reach", 20)
    half = 2.093 * values.std(ddof=1) / np.sqrt(20)  # Student's t with 19 degrees of freedom
    assert (one.spread.high - one.spread.low) / 2 == pytest.approx(half, rel=0.15)
    many = nested_spread(values, np.repeat(range(5), 4))
    assert (many.unit, many.spread.n, many.counts) == ("animal", 5, (5, 5, 20))


@pytest.mark.slow
def test_nested_intervals_hold_the_mean_in_95_of_100():
    rng = np.random.default_rng(7)
    # Of 8 reaches it is 94: more draws, so that chance alone does not take it below 93.
    for n_animals, n_sessions, n_reaches, spread, draws in ((5, 2, 4, 1.0, 1000), (1, 1, 8, 0.0, 3000)):
        shape = n_animals, n_sessions, n_reaches
        animals, sessions, _ = (axis.ravel() for axis in np.indices(shape))
        held = 0
        for _ in range(draws):
            values = rng.normal(size=shape) + spread * rng.normal(size=n_animals)[:, None, None]
            values += (0.5 if n_sessions > 1 else 0.0) * rng.normal(size=shape[:2])[..., None]
            found = nested_spread(values.ravel(), animals, sessions).spread
            held += found.low <= 0 <= found.high
        assert held / draws == pytest.approx(0.95, abs=0.02), shape


def test_ceilings_by_hand():
    scores = np.array([[1, 0.2, 0.4, 9], [0.2, 1, 0.6, 9], [0.4, 0.6, 1, 9], [9, 9, 9, 1]])
    assert pairwise_ceiling(scores, ["a", "a", "a", "b"]).value == pytest.approx(0.4)  # b is alone
    # Trials of signal and noise of one variance: r of two is 1/2.
    rng = np.random.default_rng(1)
    trials = rng.normal(size=2000) + rng.normal(size=(8, 2000))
    assert pairwise_ceiling(np.corrcoef(trials), [0] * 8).value == pytest.approx(0.5, abs=0.04)
    assert pairwise_ceiling(np.corrcoef(trials), [0] * 8).share(0.25) == pytest.approx(0.5, abs=0.05)


@pytest.mark.slow
def test_the_interval_of_a_ceiling_holds_it_in_95_of_100():
    """Trials of 49 frames with a common course; the true ceiling is r of two trials in the mean of many."""
    rng = np.random.default_rng(8)
    kernel = np.exp(-0.5 * (np.arange(-12, 13) / 4) ** 2)
    smooth = np.array([np.convolve(row, kernel, "same") for row in np.eye(49)])
    for n, weight in ((5, 1.0), (8, 2.0)):
        course = weight * (np.random.default_rng(9).normal(size=49) @ smooth)
        many = np.corrcoef(course + rng.normal(size=(3000, 49)) @ smooth)
        true = (many.sum() - 3000) / (3000 * 2999)
        held = 0
        for _ in range(1000):
            found = pairwise_ceiling(np.corrcoef(course + rng.normal(size=(n, 49)) @ smooth), [0] * n)
            held += found.low <= true <= found.high
        assert held / 1000 == pytest.approx(0.95, abs=0.02), (n, weight)


def test_sentences_say_what_numbers_allow():
    null = {"biceps": 0.01, "long": 0.04, "lateral": 0.2}
    rivals = {"the mean of others": {"biceps": 0.03, "long": 0.3, "lateral": 0.01}}
    rivals["paw speed"] = dict.fromkeys(null, 0.5)
    found = Evidence("cmc", null, rivals, ("the mean of others",), {"biceps": 0.5, "long": 0.3, "lateral": 0.9})
    assert found.sentence == (
        "cmc: better than its null in 2 of 3 muscles (biceps, long), at 40 % of the ceiling; better than the mean of "
        "others in 2 of 3 muscles (biceps, lateral); not better than paw speed. Agreement: biceps"
    )
    assert "too few" in Evidence("cmc", null, {}, least_p=0.2).sentence


def test_the_p_of_moments_is_that_of_the_distribution():
    """Of normal nulls and of skewed ones, far beyond the largest of them; two-sided."""
    rng = np.random.default_rng(0)
    for of in (norm(1, 2), gamma(30, scale=0.1)):
        null = of.rvs(2000, random_state=rng)
        for q, factor in ((0.3, 1.2), (0.01, 1.5), (1e-4, 4)):
            assert q / factor < moment_p(of.isf(q / 2), null) < q * factor
        assert moment_p(of.ppf(0.005), null) == pytest.approx(0.01, rel=0.4)
    assert moment_p(0.3, np.zeros(9)) == 1
    assert np.isnan(moment_p(0.3, np.zeros(0)))
