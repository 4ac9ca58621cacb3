import numpy as np
import pytest

from mousearm.reach_check.check import measure


def test_speed_and_acceleration_of_a_circle(turning):
    found = measure(turning())
    # 14 mm x 10 rad/s, and x 10 rad/s again; central differences give sin(h)/h of them, h = 1/15 rad: 0.07 % less.
    assert found.peak_speed == pytest.approx(0.14, rel=2e-3)
    assert found.peak_acceleration == pytest.approx(1.4, rel=5e-2)
    assert (found.n_frames, found.n_gaps, found.longest_gap_ms) == (60, 0, 0)
    assert found.rate == pytest.approx(150)
    assert str(found.upper_arm) == "12.00 ±0.00 +0.00"
    assert found.forearm.median_mm == pytest.approx(14)
    assert found.remarks() == []


def test_drift_and_spread(turning):
    # The forearm grows evenly from 14 to 17.5 mm: the drift is 3.5 mm, the standard deviation 3.5 / sqrt(12) = 1.01 mm.
    def grow(time, paw):
        elbow = np.array([0.0, 0.0, -0.012])
        return time, elbow + (paw - elbow) * np.linspace(1, 1.25, 60)[:, None]

    found = measure(turning(grow))
    assert found.forearm.drift_mm == pytest.approx(3.5)
    assert found.forearm.spread_mm == pytest.approx(3.5 / 12**0.5, rel=0.03)
    assert found.remarks() == [
        "the forearm changes its length by 7% (standard deviation): a point was tracked badly or does not sit on its "
        "joint"
    ]


def test_gaps(turning):
    def lose(time, paw):
        keep = np.delete(np.arange(60), [10, 30, 31])
        return time[keep], paw[keep]

    found = measure(turning(lose))
    assert found.n_gaps == 2
    assert found.longest_gap_ms == pytest.approx(20)  # three intervals
    assert found.remarks() == ["gaps in time: 2, the longest of 20 ms"]
