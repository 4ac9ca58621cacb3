"""Statistics by hand, against SciPy, and by counting how often they err."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control, wilcoxon

from mousearm.stats import ALPHA, Spread, enough_pairs, holm, least_p, paired, spread

NAN = float("nan")


def test_few_runs_have_a_range_and_more_an_interval():
    assert spread((1.0, 2.0)) == Spread(1.5, 1.0, 2.0, 2)
    assert spread((4.0, 1.0, 1.0)) == Spread(2.0, 1.0, 4.0, 3)
    # The lowest of n runs n times in a row is drawn with probability n**-n: 1/3125 of five is below the tail of 0.00095
    # (norm.cdf(sqrt(5/4) * -2.776)), 1/256 of four is above its tail of 0.00012: an interval would be their range.
    five = spread((1.0, 2.0, 3.0, 4.0, 5.0))
    assert 1.0 < five.low < five.mean < five.high < 5.0
    kinds = [spread(tuple(range(n))).kind for n in range(6)]
    assert kinds == ["", "", "range", "range", "range", "95 % interval"]


def test_one_run_has_no_interval_and_equal_runs_have_none_to_speak_of():
    assert (spread((0.25,)).mean, spread((0.25,)).kind) == (0.25, "")
    assert spread((0.25, 0.25, 0.25)) == Spread(0.25, 0.25, 0.25, 3)
    assert np.isnan(spread(()).mean)
    assert spread((1.0, NAN)).kind == ""


def test_many_runs_come_near_the_standard_error():
    values = np.random.default_rng(1).normal(10.0, 2.0, 400)  # 1.96 * 2 / sqrt(400) = 0.196
    mean = spread(tuple(values))
    assert (mean.high - mean.low) / 2 == pytest.approx(0.196, rel=0.1)
    assert mean == spread(tuple(values))


@pytest.mark.parametrize(
    ("low", "high", "overlap"), [(2.0, 3.0, True), (2.5, 3.0, False), (0.0, 5.0, True), (NAN, NAN, False)]
)
def test_overlap(low, high, overlap):
    one, other = Spread(1.5, 1.0, 2.0, 3), Spread(2.7, low, high, 3)
    assert one.overlaps(other) == other.overlaps(one) == overlap


def test_text():
    assert Spread(1.5, 1.0, 2.25, 3).text(".1f") == "1.0 to 2.2"
    assert Spread(1.5, NAN, NAN, 1).text(".1f") == "–"


def test_paired_by_hand():
    before, after = [1.0, 1.0, 1.0, 1.0, 1.0], [1.1, 1.2, 1.3, 1.4, 0.5]
    found = paired(before, after)
    # Differences 0.1, 0.2, 0.3, 0.4, -0.5 have the ranks 1 to 5: W+ = 10, W- = 5, of 15.
    assert found.effect == pytest.approx(5 / 15)
    assert found.difference.mean == pytest.approx(0.1)
    # Of 32 patterns of signs, W- <= 5 has 10: {}, 1, 2, 3, 4, 5, 12, 13, 14, 23; twice that, over 32.
    assert found.p == pytest.approx(20 / 32) == wilcoxon(after, before).pvalue
    assert paired(after, before).effect == -found.effect


def test_paired_without_a_difference():
    assert paired([1.0, 2.0], [1.0, 2.0])[1:] == (1.0, 0.0)
    assert paired([1.0, 2.0], [1.0 + 1e-9, 2.0 - 1e-9], resolution=1e-6) == paired([1.0, 2.0], [1.0, 2.0])
    assert paired([1.0, NAN, 2.0], [3.0, 1.0, 2.5]).n == 2
    assert np.isnan(paired([NAN], [1.0]).p)
    with pytest.raises(ValueError, match="broadcast"):
        paired([1.0, 2.0], [1.0, 2.0, 3.0])


def test_holm_by_hand():
    # Sorted 0.01, 0.02, 0.03, 0.04, times 4, 3, 2, 1: 0.04, 0.06, 0.06, 0.04, which may not fall.
    assert holm([0.03, 0.01, NAN, 0.04, 0.02]) == pytest.approx([0.06, 0.04, NAN, 0.06, 0.06], nan_ok=True)
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    rng = np.random.default_rng(0)
    for _ in range(20):  # never below Benjamini and Hochberg's, never above Bonferroni's
        p = rng.uniform(0, 0.2, 6)
        assert (false_discovery_control(p) <= np.array(holm(p)) + 1e-12).all()
        assert (np.array(holm(p)) <= 6 * p + 1e-12).all()


def test_what_few_pairs_can_show():
    for n in (3, 6, 8):
        assert least_p(n) == wilcoxon(np.arange(1, n + 1)).pvalue  # all above zero
    assert (enough_pairs(1), enough_pairs(24)) == (6, 10)  # 2/2^6 = 0.031; 24 * 2/2^10 = 0.047
    assert 24 * least_p(9) > ALPHA


def test_error_rates_of_planted_effects():
    """Of studies of 3 tests with 10 pairs each, at most 5 % find what is not there; a large effect is found."""
    rng = np.random.default_rng(3)
    for effect, n in ((0.0, 120), (2.0, 20)):
        found = 0
        for _ in range(n):
            before = rng.lognormal(0, 0.5, (3, 10))
            after = before + rng.standard_t(4, (3, 10)) + effect
            found += min(holm([paired(*both).p for both in zip(before, after, strict=True)])) < ALPHA
        assert found >= 0.95 * n if effect else found <= 0.05 * n + 2 * np.sqrt(n * 0.05 * 0.95)


def test_intervals_hold_the_true_mean_as_often_as_they_say():
    rng = np.random.default_rng(4)
    for n, least in ((5, 0.86), (10, 0.89)):  # 0.92 and 0.94 of many; of 80 these are two standard errors less
        means = [spread(tuple(rng.normal(size=n))) for _ in range(80)]
        assert np.mean([mean.low <= 0 <= mean.high for mean in means]) >= least
