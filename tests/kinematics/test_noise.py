"""Planted noise is found; what a filter and the control rate leave of it, and what is known of targets."""

from dataclasses import replace

import numpy as np
import pytest

from mousearm.config import compose
from mousearm.errors import KinematicsError
from mousearm.kinematics import generate, read_csv, read_reaches, resample, write_csv
from mousearm.kinematics.noise import (
    UNMODELLED_MM,
    low_pass,
    noise_left,
    noise_uncertainty,
    possible_truths,
    tracking_noise,
)
from mousearm.paths import resolve
from mousearm.retarget import retarget
from mousearm.trajectory import LANDMARKS

KINEMATICS = compose([]).kinematics


def noisy(points, noise_mm, seed=0):
    return points + np.random.default_rng(seed).normal(0, 1e-3 * noise_mm, points.shape)


@pytest.mark.parametrize("rate", [100, 150, 250, 500])
@pytest.mark.parametrize("noise_mm", [0.02, 0.1, 0.3])
def test_planted_noise_is_found(torque_arm, rate, noise_mm):
    reaches = generate(torque_arm, 30, seed=77, dt=1 / rate)
    found = [tracking_noise([noisy(of.landmarks, noise_mm, i)], rate) for i, of in enumerate(reaches)]
    wrong = np.abs(1e3 * np.array(found) / noise_mm - 1)
    said = np.array([[noise_uncertainty([of.n_frames], rate)] for of in reaches])
    # Of 37 frames at 100 Hz 15 are noise alone: their standard deviation is known to 1 / sqrt(2 * 3 * 15), 11 %.
    assert (wrong < 0.2).mean() > (0.86 if rate == 100 else 0.97)
    assert (wrong < said).mean() > 0.87
    assert (wrong < said / 2).mean() < 0.85  # which holds two of three normal numbers


@pytest.mark.parametrize("rate", [100, 150])
def test_movement_is_not_taken_for_noise(torque_arm, rate):
    found = [tracking_noise([of.landmarks], rate) for of in generate(torque_arm, 20, seed=3, dt=1 / rate)]
    assert np.max(found) < (1e-5 if rate == 100 else 3e-6)


def test_uncertainty_of_noise_by_hand():
    # 128 frames at 150 Hz: the top from 30 Hz on, but not below half of the spectrum, are 64 oscillations of 3 axes.
    assert noise_uncertainty([128], 150) == pytest.approx(2 / np.sqrt(2 * 3 * 64))
    assert noise_uncertainty([128, 5, 128], 150) == pytest.approx(2 / np.sqrt(2 * 3 * 128))
    assert np.isnan(noise_uncertainty([11], 150))


def test_landmarks_have_noise_of_their_own():
    (reach,) = read_reaches(resolve("package:demo.csv", "kinematics/data"))
    planted, rng = np.array([[2e-5], [1e-4], [3e-4]]), np.random.default_rng(0)
    found = [tracking_noise([reach.landmarks + planted * rng.normal(size=(50, 3, 3))], 150.0) for _ in range(20)]
    np.testing.assert_allclose(np.median(found, axis=0), planted[:, 0], rtol=0.08)


def test_a_badly_tracked_stretch_does_not_count():
    still = np.random.default_rng(0).normal(0, 1e-4, (1000, 1, 3))
    still[100:200] *= 30
    assert tracking_noise([still], 150.0) == pytest.approx(1e-4, rel=0.1)


def test_nothing_is_said_of_a_handful_of_frames():
    assert np.isnan(tracking_noise([np.zeros((11, 3, 3))], 150.0)).all()


def test_noise_that_is_left(torque_arm):
    white = np.random.default_rng(1).normal(0, 1, (20_000, 1, 1))
    assert noise_left(150.0, 20.0) == pytest.approx(low_pass(white, 150.0, 20.0).std(), rel=0.03)


@pytest.mark.parametrize(("rate", "cutoff"), [(150, None), (150, 25.0), (500, None), (500, 25.0)])
@pytest.mark.parametrize("method", ["segments", "uniform"])
def test_floor_is_the_mean_distance_of_targets_from_the_truth(torque_arm, rate, cutoff, method):
    config = replace(KINEMATICS, retarget=method, max_residual_mm=100.0)
    floors, distances = [], []
    for i, reach in enumerate(generate(torque_arm, 12, seed=5, dt=1 / rate)):
        points = noisy(reach.landmarks, 0.1, i)
        points = points if cutoff is None else low_pass(points, rate, cutoff)
        recording = reach.moved(
            points, measured_noise_mm=dict.fromkeys(LANDMARKS, 0.1), cutoff=cutoff, versions={"truth": reach.landmarks}
        )
        found = retarget(resample(recording, 1 / 150), torque_arm, 1 / 150, config, no_poses(torque_arm))
        targets = np.stack([found.elbow, found.paw], axis=1)
        distances.append(1e3 * np.linalg.norm(targets - found.versions["truth"], axis=2).mean(axis=0))
        floors.append(found.noise_floor_mm)
    np.testing.assert_allclose(np.mean(floors, axis=0), np.mean(distances, axis=0), atol=0.02)


def no_poses(arm):
    return lambda elbow, paw: np.tile(arm.rest_qpos, (len(paw), 1))


def test_a_file_keeps_what_is_known(tmp_path, torque_arm):
    (reach,) = generate(torque_arm, 1, seed=0)
    noise = {"shoulder": 0.05, "elbow": 0.1, "paw": 0.2}
    versions = {"recorded": noisy(reach.landmarks, 0.2), "truth": reach.landmarks}
    write_csv(reach.moved(reach.landmarks, measured_noise_mm=noise, cutoff=30.0, versions=versions), tmp_path / "a.csv")
    back = read_csv(tmp_path / "a.csv")
    assert (back.measured_noise_mm, back.cutoff) == (noise, 30.0)
    for name, points in versions.items():
        np.testing.assert_allclose(back.versions[name], points, atol=5.1e-8)


def test_advice_on_numbers_that_differ(tmp_path, torque_arm):
    (reach,) = generate(torque_arm, 1, seed=0)
    write_csv(reach.moved(reach.landmarks, cutoff=30.0), tmp_path / "a.csv")
    text = (tmp_path / "a.csv").read_text()
    for wrong in ("20.0000000", "-1"):
        (tmp_path / "a.csv").write_text(text.rstrip().rpartition(",")[0] + f",{wrong}\n")
        with pytest.raises(KinematicsError, match=rf"row {reach.n_frames + 1}, column cutoff_hz: .*Remove the column"):
            read_csv(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("".join(line.rpartition(",")[0] + "\n" for line in text.splitlines()))
    assert read_csv(tmp_path / "a.csv").cutoff is None


def test_versions_that_cannot_be(torque_arm):
    (reach,) = generate(torque_arm, 1, seed=0)
    for versions in ({"other": reach.landmarks}, {"truth": reach.landmarks[1:]}):
        with pytest.raises(KinematicsError, match="recorded, truth"):
            reach.moved(reach.landmarks, versions=versions)


@pytest.mark.parametrize(("rate", "noise_mm"), [(100, 0.02), (150, 0.3), (500, 0.1)])
def test_the_truth_is_among_what_is_possible(torque_arm, rate, noise_mm):
    """The error to the truth of arms that follow noise, or its slow part, is as near to what is expected as said."""
    off, sds = [], []
    for i, reach in enumerate(generate(torque_arm, 24, seed=9, dt=1 / rate)):
        recorded = noisy(reach.landmarks, noise_mm, i)
        truths = possible_truths(recorded, rate, tracking_noise([recorded], rate))
        for arm in (recorded, low_pass(recorded, rate, 15.0)):
            errors = 1e3 * np.linalg.norm(arm - truths, axis=3).mean(axis=1)  # (N, 3)
            off.append(errors.mean(axis=0) - 1e3 * np.linalg.norm(arm - reach.landmarks, axis=2).mean(axis=0))
            sds.append(errors.std(axis=0))
    off, sds = np.array(off), np.hypot(sds, UNMODELLED_MM)
    assert (np.abs(off) < 2 * sds).mean() > 0.93
    assert np.abs(off.mean()) < np.sqrt(np.square(sds).mean()) / 2  # bias
    assert (np.abs(off) < 0.02).mean() > (0.6 if noise_mm == 0.3 else 0.99)


def test_noise_is_removed_where_the_filter_left_it(torque_arm):
    (reach,) = generate(torque_arm, 1, seed=9, dt=1 / 250)
    left = low_pass(noisy(reach.landmarks, 0.2), 250.0, 25.0)
    truths = possible_truths(left, 250.0, np.full(3, 2e-4), cutoff=25.0)
    off = [1e3 * np.linalg.norm(of - reach.landmarks, axis=2).mean() for of in (truths.mean(axis=0), left)]
    assert off[0] < 0.9 * off[1]
    assert 1e3 * np.linalg.norm(left - truths, axis=3).mean() == pytest.approx(off[1], rel=0.3)


def test_what_is_possible_of_few_and_of_many_frames():
    for n in (3, 4, 700):
        points = np.linspace(0, 1e-2, n)[:, None, None] * np.ones((3, 3))
        truths = possible_truths(points, 150.0, np.full(3, 1e-5), n=7)
        assert truths.shape == (7, n, 3, 3)
        assert np.abs(truths - points).max() < 1e-4


def test_noise_that_is_not_known_or_negligible_has_no_floor(torque_arm):
    (reach,) = generate(torque_arm, 1, seed=0)
    for other in (reach, reach.moved(reach.landmarks[:11], time=reach.time[:11])):
        assert resample(other, 1 / 150).truths is None
        assert np.isnan(retarget(resample(other, 1 / 150), torque_arm, 1 / 150, KINEMATICS).noise_floor_mm).all()
