"""The filter against sines, the cutting against reaches that are known."""

import numpy as np
import pytest
from tracked_files import RATE, WRITERS, arm, arm_points, write_anipose, write_sto, write_trc

from mousearm.errors import KinematicsError
from mousearm.kinematics.checks import Place
from mousearm.kinematics.imports import CutRule
from mousearm.kinematics.imports.cleaning import cut_reaches, paw_speed
from mousearm.kinematics.imports.markers import MarkerTrajectory
from mousearm.kinematics.noise import low_pass
from mousearm.kinematics.synthetic import minimum_jerk
from mousearm.trajectory import ELBOW, PAW, SHOULDER


def session(points, rate=RATE):
    return MarkerTrajectory(Place("a.csv"), 0.0, rate, points)


def sine(frequency, n_frames=600):
    """A point that swings by 1 along x; (T, 3, 3)."""
    points = np.zeros((n_frames, 3, 3))
    points[:, :, 0] = np.sin(2 * np.pi * frequency * np.arange(n_frames) / RATE)[:, None]
    return points


MIDDLE = slice(100, -100)


def gain(frequency, cutoff):
    """Of both passes, by the bilinear transform of 1 / (1 + (f / fc)^4): 0.707 at the cut-off."""
    ratio = np.tan(np.pi * frequency / RATE) / np.tan(np.pi * cutoff / RATE)
    return 1 / (1 + (2**0.5 - 1) * ratio**4)


def test_slow_sines_pass_without_delay():
    # 3 Hz is a tenth of 30 Hz: 1 - 0.414 x (0.063 / 0.727)^4 = 1 - 2e-5 of the amplitude.
    points = sine(3.0)
    assert gain(3, 30) > 1 - 3e-5
    assert np.abs(low_pass(points, RATE, 30.0) - points)[MIDDLE].max() < 3e-5


def test_fast_sines_vanish():
    # 70 Hz is near the Nyquist frequency of 75 Hz.
    assert gain(70, 20) < 3e-5
    assert np.abs(low_pass(sine(70.0), RATE, 20.0))[MIDDLE].max() < 3e-5


@pytest.mark.parametrize(("frequency", "cutoff"), [(5, 5), (30, 30), (60, 60), (20, 10)])
def test_gain_without_delay(frequency, cutoff):
    points = sine(float(frequency))
    expected = gain(frequency, cutoff) * points
    np.testing.assert_allclose(low_pass(points, RATE, float(cutoff))[MIDDLE], expected[MIDDLE], atol=1e-6)
    assert frequency != cutoff or gain(frequency, cutoff) == pytest.approx(2**-0.5)


def test_filter_in_the_import(tmp_path, bring_in, points_of):
    clean = arm(300)
    noise = 0.001 * np.sin(2 * np.pi * 60 * np.arange(300) / RATE)[:, None, None]
    write_anipose(tmp_path / "a.csv", 1e3 * (clean + noise))
    imported, (reach,) = bring_in(tmp_path / "a.csv", cutoff=15.0)
    assert np.abs(points_of(reach) - clean)[30:-30].max() < 2e-5
    assert "filter    Butterworth forwards and backwards, -3 dB at 15 Hz (--cutoff)" in imported[0].text()


def test_cutoffs_that_cannot_be(tmp_path, refused):
    write_anipose(tmp_path / "a.csv", 1e3 * arm(40))
    refused(tmp_path / "a.csv", "at 150 Hz, so --cutoff must be below half of it; it is 75 Hz", cutoff=75.0)
    write_anipose(tmp_path / "a.csv", 1e3 * arm(15))
    refused(tmp_path / "a.csv", "row 2: 15 frames are too few to filter; more than 15 are needed", cutoff=20.0)


ONSETS, SECONDS, LIFT = (1.0, 2.0, 3.5), 0.2, 1.6


def known(n_frames=750, onsets=ONSETS, noise=0.0):
    """A session with reaches: the forearm of 14 mm turns by LIFT rad in SECONDS and back 0.2 s later."""
    time = np.arange(n_frames) / RATE
    angle = -0.8 * np.ones(n_frames)
    for onset in onsets:
        for start, sign in ((onset, 1), (onset + 0.2, -1)):
            angle += sign * LIFT * minimum_jerk(np.clip((time - start) / SECONDS, 0, 1))
    zero = np.zeros(n_frames)
    shoulder = np.tile([0.017, 0.008, -0.015], (n_frames, 1))
    points = arm_points(shoulder, (zero, zero, angle, zero))
    return points + np.random.default_rng(3).normal(0, noise, points.shape)


@pytest.mark.parametrize("noise", [0.0, 1e-4])
def test_three_known_reaches_are_found(noise):
    # Peak speed of a minimum jerk movement: 1.875 x 14 mm x 1.6 rad / 0.2 s = 0.21 m/s.
    cut = cut_reaches(session(known(noise=noise)), CutRule())
    assert cut.peak_speed == pytest.approx(0.21, rel=0.1)
    assert len(cut.reaches) == 3
    assert not cut.left_out["cut off by a gap or an end of the recording"]
    for frames, onset in zip(cut.reaches, ONSETS, strict=True):
        # 50 ms are kept before and after; above rest speed the paw is a little later and shorter than the movement.
        assert frames.start / RATE == pytest.approx(onset - 0.05, abs=0.04)
        assert frames.stop / RATE == pytest.approx(onset + 0.4 + 0.05, abs=0.04)


def test_files_of_the_reaches(tmp_path, bring_in, points_of):
    points = known()
    write_anipose(tmp_path / "day.csv", 1e3 * points)
    imported, reaches = bring_in(tmp_path / "day.csv", cut=CutRule())
    assert [reach.name for reach in imported[0].reaches] == ["day_001", "day_002", "day_003"]
    for reach, onset in zip(reaches, ONSETS, strict=True):
        first = round(reach.time[0] * RATE)
        np.testing.assert_allclose(points_of(reach), points[first : first + reach.n_frames], atol=5.1e-8)
        assert reach.time[0] < onset < onset + 0.4 < reach.time[-1]  # times are those of the session
    assert "cut       3 reaches from 1 stretch without gaps; left out: nothing" in imported[0].text()
    assert "reach     day_001.csv:" in imported[0].text()


def test_a_long_gap_splits_the_session(tmp_path, bring_in):
    points = 1e3 * known()
    points[round(2.2 * RATE) : round(2.3 * RATE), ELBOW] = np.nan  # between the ways out and back of the second reach
    points[50:52, PAW] = np.nan  # filled
    write_anipose(tmp_path / "day.csv", points)
    imported, reaches = bring_in(tmp_path / "day.csv", cut=CutRule())
    assert [round(reach.time.mean(), 1) for reach in reaches] == [1.2, 3.7]
    assert "2 reaches from 2 stretches" in imported[0].text()
    assert "2 cut off by a gap or an end of the recording" in imported[0].text()


def test_why_movements_are_left_out():
    points = session(known())
    for rule, why in (
        (CutRule(peak_speed=0.3), "slower than 0.3 m/s"),
        (CutRule(min_ms=450), "shorter than 450 ms"),
        (CutRule(max_ms=300), "longer than 300 ms"),
    ):
        cut = cut_reaches(points, rule)
        assert (cut.reaches, dict(cut.left_out)) == ([], {why: 3})


def test_a_shorter_pause_parts_the_ways_out_and_back():
    assert len(cut_reaches(session(known()), CutRule(pause_ms=10, pad_ms=0)).reaches) == 6


def test_speed_of_a_steady_movement():
    points = np.zeros((300, 3, 3))
    points[:, PAW] = np.outer(np.arange(300) / RATE, [0.03, 0.04, 0])  # 0.05 m/s
    np.testing.assert_allclose(paw_speed(session(points)), 0.05, rtol=1e-4)


def test_no_reach(tmp_path, refused):
    write_anipose(tmp_path / "day.csv", 1e3 * known(onsets=()))
    refused(tmp_path / "day.csv", "no reach was found (left out: nothing)", "--peak-speed is 0.12", cut=CutRule())


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"peak_speed": 0.0}, "--peak-speed 0: give a number above 0"),
        ({"rest_speed": 0.2}, "--rest-speed 0.2 must be below --peak-speed 0.12"),
        ({"min_ms": 2000.0}, "--min-ms 2000 must be below --max-ms 1500"),
        ({"pad_ms": 60.0}, "--pad-ms 60 at both ends is more than --pause-ms 100"),
    ],
)
def test_rules_that_cannot_be(change, text):
    with pytest.raises(KinematicsError, match=text):
        CutRule(**change)


@pytest.mark.parametrize("value", [0.0, -1.0, 1e10])
@pytest.mark.parametrize("name", WRITERS)
def test_values_for_a_point_that_was_not_seen(tmp_path, bring_in, points_of, name, value):
    points = 1e3 * arm(60)
    points[20:24, PAW] = points[40, SHOULDER] = value
    WRITERS[name](tmp_path / name, points)
    (imported,), (reach,) = bring_in(tmp_path / name)
    assert "5 points such as 0 0 0" in imported.text()
    assert "2 filled (5 positions" in imported.text()
    np.testing.assert_allclose(points_of(reach), arm(60), atol=3e-4)


@pytest.mark.parametrize("write", [write_trc, write_sto])
def test_advice_times_in_another_unit(tmp_path, refused, bring_in, points_of, write):
    path = tmp_path / f"a.{write.__name__[-3:]}"
    write(path, 1e3 * arm(60))
    text = path.read_text()
    for i in range(60):
        text = text.replace(f"{i / RATE:.16g}\t", f"{1e3 * i / RATE:.16g}\t", 1) if i else text
    path.write_text(text)
    refused(path, "ms (at 150 Hz)", "--rate HZ", rate=None)
    _, (reach,) = bring_in(path)
    np.testing.assert_allclose(points_of(reach), arm(60), atol=5.1e-8)
    np.testing.assert_allclose(reach.time, np.arange(60) / RATE, atol=5.1e-8)
