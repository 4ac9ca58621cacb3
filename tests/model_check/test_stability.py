import numpy as np
import pytest

from mousearm.model_check.stability import (
    StressTest,
    coupling_check,
    overshoot_check,
    speed_check,
    stress_test,
    survival_check,
)

DT = 1 / 150


def test_shipped_arms_survive(torque_arm, muscle_arm):
    for arm in (torque_arm, muscle_arm):
        found = stress_test(arm, DT, 16, seed=0, seconds=2.0)
        for check in (survival_check, speed_check, overshoot_check):
            assert check(arm, found).passed, check(arm, found)


def test_an_explosive_arm_is_caught(explosive, quiet_log):
    found = stress_test(explosive, DT, 16, seed=0, seconds=1.0)
    assert found.first_divergence_s == pytest.approx(DT)
    result = survival_check(explosive, found)
    assert not result.passed
    assert result.measured == "diverged after 0.007 s"


def test_same_seed_same_stress_test(two_link):
    first, again, other = (stress_test(two_link, DT, 4, seed, seconds=0.5, n=4) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.speed, again.speed)
    assert (first.speed != other.speed).all()


def test_limits_are_applied(two_link):
    found = StressTest(
        1.0, None, np.array([10.0, 2000.0]), np.array([-0.5, np.deg2rad(12)]), np.array([0.0, np.deg2rad(11)])
    )
    assert speed_check(two_link, found).measured == "2000 rad/s: elbow"
    assert not speed_check(two_link, found).passed
    assert overshoot_check(two_link, found).measured == "12.00 degrees past the limit: elbow"
    assert not overshoot_check(two_link, found).passed
    assert coupling_check(two_link, found).measured == "11.00 degrees apart: elbow"
    assert not coupling_check(two_link, found).passed
    untouched = StressTest(1.0, None, np.zeros(2), np.array([-0.5, -0.1]), np.zeros(2))
    assert overshoot_check(two_link, untouched).measured.startswith("0.00 degrees")
