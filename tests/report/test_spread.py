import numpy as np
import pytest

from mousearm.report.spread import Spread, number


def test_of_two_or_three_runs_the_interval_is_all_of_them():
    # The lowest of n runs n times in a row is drawn with probability n**-n: 1/4, 1/27 are above 2.5 %, 1/256 is not.
    assert Spread.of([1.0, 2.0]) == Spread(1.5, 1.0, 2.0)
    assert Spread.of([4.0, 1.0, 1.0]) == Spread(2.0, 1.0, 4.0)
    four = Spread.of([1.0, 2.0, 3.0, 4.0])
    assert 1.0 < four.low < four.mean < four.high < 4.0


def test_one_run_has_no_interval_and_equal_runs_have_none_to_speak_of():
    assert Spread.of([0.25]) == Spread(0.25, None, None)
    assert Spread.of([0.25, 0.25, 0.25]) == Spread(0.25, 0.25, 0.25)
    assert np.isnan(Spread.of([]).mean)
    assert Spread.of([1.0, float("nan")]).low is None


def test_many_runs_come_near_the_standard_error():
    values = np.random.default_rng(1).normal(10.0, 2.0, 400)  # 1.96 * 2 / sqrt(400) = 0.196
    spread = Spread.of(list(values))
    assert (spread.high - spread.low) / 2 == pytest.approx(0.196, rel=0.1)
    assert spread == Spread.of(list(values))


@pytest.mark.parametrize(
    ("low", "high", "overlap"), [(2.0, 3.0, True), (2.5, 3.0, False), (0.0, 5.0, True), (None, None, False)]
)
def test_overlap(low, high, overlap):
    one, other = Spread(1.5, 1.0, 2.0), Spread(2.7, low, high)
    assert one.overlaps(other) == other.overlaps(one) == overlap


def test_text():
    assert Spread(1.5, 1.0, 2.25).interval(".1f") == "1.0 to 2.2"
    assert (Spread(1.5, None, None).interval(".1f"), number(float("nan"), ".1f"), number(1.25, ".2f")) == (
        "–",
        "–",
        "1.25",
    )
