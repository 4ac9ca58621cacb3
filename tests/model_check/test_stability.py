import numpy as np
import pytest

from mousearm.model_check.stability import StressTest, stress_checks, stress_test

DT = 1 / 150


@pytest.mark.slow
def test_shipped_arms_survive(torque_arm, muscle_arm):
    for arm in (torque_arm, muscle_arm):
        results = stress_checks(arm, stress_test(arm, DT, 16, seed=0, seconds=2.0))
        assert [result.passed for result in results] == [True, True, True], results


def test_an_explosive_arm_is_caught(explosive, quiet_log):
    found = stress_test(explosive, DT, 16, seed=0, seconds=1.0)
    assert found.first_divergence_s == pytest.approx(DT)
    result = stress_checks(explosive, found)[0]
    assert not result.passed
    assert result.measured == "diverged after 0.007 s"


def test_same_seed_same_stress_test(two_link):
    first, again, other = (stress_test(two_link, DT, 4, seed, seconds=0.5, n=4) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.speed, again.speed)
    assert (first.speed != other.speed).all()


def test_limits_are_applied(build_two_link):
    arm = build_two_link("<actuator>", '<equality><joint joint1="elbow" joint2="shoulder"/></equality><actuator>')
    found = StressTest(
        1.0, None, np.array([10.0, 2000.0]), np.array([-0.5, np.deg2rad(12)]), np.array([0.0, np.deg2rad(11)])
    )
    results = stress_checks(arm, found)
    assert [result.measured for result in results] == [
        "1 s survived",
        "2000 rad/s: elbow",
        "12.00 degrees past the limit: elbow",
        "11.00 degrees apart: elbow",
    ]
    assert [result.passed for result in results] == [True, False, False, False]
    untouched = StressTest(1.0, None, np.zeros(2), np.array([-0.5, -0.1]), np.zeros(2))
    assert stress_checks(arm, untouched)[2].measured.startswith("0.00 degrees")
