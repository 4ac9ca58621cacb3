from dataclasses import replace

import numpy as np
import pytest

from mousearm.errors import KinematicsError
from mousearm.kinematics import Reach, resample

DT = 1 / 150
SECONDS = 0.3
TO = np.array([0.008, 0.006, 0.01])


def analytic(time):
    """A paw that moves by TO in SECONDS with minimum jerk, the elbow by half of it; (T, 3) m each."""
    s = (np.asarray(time) / SECONDS)[:, None]
    way = TO * (10 * s**3 - 15 * s**4 + 6 * s**5)
    return np.array([-0.002, 0.03, 0.01]) + way, np.array([-0.014, 0.025, 0.008]) + way / 2


def sampled(time, offset=0.0):
    paw, elbow = analytic(time)
    shoulder = np.tile([-0.014, 0.013, 0.008], (len(time), 1))
    return Reach("r", np.asarray(time) + offset, shoulder=shoulder, elbow=elbow, paw=paw)


def error(reach):
    """Largest distance [m] from the analytic paths."""
    paw, elbow = analytic(reach.time)
    return max(np.linalg.norm(reach.paw - paw, axis=1).max(), np.linalg.norm(reach.elbow - elbow, axis=1).max())


def irregular(seed=0):
    """Times from 0 to SECONDS at about 200 Hz, each off the grid by up to a third of an interval."""
    time = np.linspace(0, SECONDS, 61)
    time[1:-1] += np.random.default_rng(seed).uniform(-1, 1, 59) * SECONDS / 60 / 3
    return time


def test_every_second_frame_of_300_hz():
    result = resample(sampled(np.arange(91) / 300), DT)
    np.testing.assert_array_equal(result.time, DT * np.arange(46))
    assert error(result) < 1e-12  # knots of the spline


def test_irregular_times():
    result = resample(sampled(irregular()), DT)
    assert result.n_frames == 46
    assert error(result) < 2e-6  # 2 micrometres of a way of 14 mm


def test_up_from_100_hz():
    result = resample(sampled(np.arange(31) / 100), DT)
    assert result.n_frames == 46
    assert error(result) < 1e-5


def test_error_falls_with_the_fourth_power_of_the_interval():
    # A grid that shares no knots; halving the interval divides a cubic spline's error by 2^4.
    errors = [error(resample(sampled(np.linspace(0, SECONDS, n)), 0.0017)) for n in (16, 31, 61)]
    assert errors[0] / errors[1] > 8
    assert errors[1] / errors[2] > 8


@pytest.mark.parametrize("rounded", [6, 3])
def test_one_row_is_one_step(rounded):
    # Recorded at 150 Hz with time stamps rounded to a microsecond, or a millisecond: positions stay as they are.
    reach = sampled(np.arange(46) * DT)
    stamped = replace(reach, time=np.round(reach.time, rounded) + 5)
    result = resample(stamped, DT)
    np.testing.assert_array_equal(result.time, DT * np.arange(46))
    np.testing.assert_array_equal(result.paw, reach.paw)
    np.testing.assert_array_equal(result.elbow, reach.elbow)
    np.testing.assert_array_equal(result.shoulder, reach.shoulder)
    assert result.name == "r"


def test_interval_within_and_beyond_one_percent():
    assert resample(sampled(np.arange(40) * DT * 1.009), DT).n_frames == 40
    # 39 intervals 2 % too long last 39.78 steps: 39 whole ones fit.
    assert resample(sampled(np.arange(40) * DT * 1.02), DT).n_frames == 40
    assert error(resample(sampled(np.arange(40) * DT * 1.02), DT)) < 1e-5
    assert error(resample(sampled(np.arange(40) * DT * 1.009), DT)) > 1e-5


def test_start_time_is_dropped():
    a, b = resample(sampled(irregular()), DT), resample(sampled(irregular(), offset=12.5), DT)
    assert b.time[0] == 0
    np.testing.assert_allclose(a.paw, b.paw, atol=1e-12)


def test_rounded_duration_costs_no_frame():
    time = np.round(np.arange(91) / 300, 6)
    time[-1] -= 1e-6
    assert resample(sampled(time), DT).n_frames == 46


def test_twice_is_once():
    once = resample(sampled(irregular()), DT)
    np.testing.assert_array_equal(resample(once, DT).paw, once.paw)


@pytest.mark.parametrize("n", [1, 6])
def test_lost_frames(n):
    time = np.delete(np.arange(46) * DT, range(20, 20 + n))
    with pytest.raises(KinematicsError, match=rf"reach 'r', frame 20, column time: {n} rows? lost after this one"):
        resample(sampled(time), DT)


@pytest.mark.parametrize("dt", [0, -0.1, np.nan, np.inf])
def test_dt_out_of_range(dt):
    with pytest.raises(KinematicsError, match="positive number of seconds"):
        resample(sampled(irregular()), dt)


def test_times_in_another_unit():
    inside = sampled(np.linspace(0, SECONDS, 4))
    reach = replace(inside, time=1e9 * inside.time)
    with pytest.raises(KinematicsError, match=r"lasts 3e\+08 s; up to 60 s are a reach\. Are its times in seconds"):
        resample(reach, DT)


def test_too_short_for_dt():
    with pytest.raises(KinematicsError, match=r"lasts 0\.3 s, which is 2 frame\(s\) at dt = 0\.2 s; at least 3"):
        resample(sampled(irregular()), 0.2)
