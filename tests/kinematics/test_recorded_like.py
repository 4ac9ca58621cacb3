from pathlib import Path

import numpy as np
import pytest

from mousearm.config import compose
from mousearm.env.references import prepare
from mousearm.errors import KinematicsError
from mousearm.kinematics import generate_recorded_like, read_reaches, write_reaches
from mousearm.kinematics import recorded_like as made
from mousearm.kinematics.recorded_like import BOUNDS, HEADING, JOINT_SPEED, SYNERGIES, SYNERGY_RANGE, WIDER
from mousearm.reach_check import check_reaches

RECORDED = Path(__file__).parents[3] / "shared" / "kinematics"
RATE = 150.0
JOINTS = np.array([[*JOINT_SPEED.values()], [*HEADING.values()], SYNERGY_RANGE])


@pytest.fixture(scope="module")
def reaches(torque_arm):
    return generate_recorded_like(torque_arm, 16, seed=5)


@pytest.fixture(scope="module")
def folder(reaches, tmp_path_factory):
    where = tmp_path_factory.mktemp("recorded_like")
    write_reaches(reaches, where)
    return where


def on_model(reach, lengths):
    """The paw with segments of these lengths in the directions of a reach, from a shoulder at rest."""
    return sum(
        length * of / np.linalg.norm(of, axis=1)[:, None]
        for length, of in zip(lengths, np.moveaxis(np.diff(reach.landmarks, axis=1), 1, 0), strict=True)
    )


def table(reaches, arm):
    return np.array([[*made.measures(on_model(reach, arm.segment_lengths())).values()] for reach in reaches])


def angles_of(config):
    """(R, T, 4) rad of the reaches of a configuration."""
    return np.array([reference.qpos[:, :4] for reference in prepare(config).references])


def test_measures_of_a_circle():
    # 2 mm around with 20 rad/s for a whole turn: 0.04 m/s, 0.8 m/s^2, farthest 4 mm, and 47 chords of a way.
    phase = 20 * np.arange(48) / RATE
    found = made.measures(2e-3 * np.stack([np.cos(phase), np.sin(phase), 0 * phase], axis=1))
    chord = 4 * np.sin(20 / RATE / 2)
    assert found["peak speed"] == pytest.approx(0.04, rel=0.01)
    assert found["peak acceleration"] == pytest.approx(0.8, rel=0.02)
    assert found["farthest"] == pytest.approx(4.0, rel=0.01)
    assert found["path"] == pytest.approx(47 * chord)


def test_measures_of_joints_that_swing():
    # sin(10 t) of one joint: speeds of -10 to 10 rad/s, it heads for sin(10 t) + 0.3 cos(10 t), of amplitude 1.044;
    # its accelerations, 100 rad/s^2 at most, are shared out by its row of the synergies.
    time = np.arange(200) / RATE
    speed, heading, acceleration = made.joint_measures(np.sin(10 * time)[:, None] * [0, 0, 1, 0])
    np.testing.assert_allclose(speed[2], [-10, 10], rtol=0.01)
    np.testing.assert_allclose(heading[2], [-1.044, 1.044], rtol=0.01)
    np.testing.assert_allclose(acceleration[:, 1], 100 * np.abs(SYNERGIES[2]), rtol=0.02)


def test_synergies_are_directions_at_right_angles():
    np.testing.assert_allclose(SYNERGIES.T @ SYNERGIES, np.eye(4), atol=2e-3)


def test_a_reach_of_a_seed_is_the_same_whatever_n(torque_arm, reaches):
    for a, b in zip(generate_recorded_like(torque_arm, 2, seed=5), reaches, strict=False):
        np.testing.assert_array_equal(a.landmarks, b.landmarks)
    (other,) = generate_recorded_like(torque_arm, 1, seed=6)
    assert not np.array_equal(other.landmarks, reaches[0].landmarks)


def test_every_reach_is_within_what_was_recorded_or_a_little_beyond(torque_arm, reaches):
    found, (low, high) = table(reaches, torque_arm), np.array([*BOUNDS.values()]).T
    assert (found >= low - WIDER * (high - low)).all()
    assert (found <= high + WIDER * (high - low)).all()
    assert np.ptp(found[:, 0]) > 0.5 * (high - low)[0]  # slow and fast ones


def test_animals_differ_and_their_trunk_moves(reaches):
    lengths = np.array([np.linalg.norm(np.diff(reach.landmarks, axis=1), axis=2).mean(axis=0) for reach in reaches])
    assert (lengths.min(axis=0) >= [made.UPPER_ARM[0], made.FOREARM[0]]).all()
    assert (lengths.max(axis=0) <= [made.UPPER_ARM[1], made.FOREARM[1]]).all()
    assert (lengths.std(axis=0) > 5e-4).all()
    trunk = 1e3 * np.array([reach.shoulder.std(axis=0) for reach in reaches])
    assert 0.2 < np.median(trunk) < 0.8  # mm


def test_the_checks_call_them_good_and_the_arm_follows_exactly(configure, reaches, folder):
    config = configure(f"kinematics.path={folder}")
    found = check_reaches(config)
    assert [item.verdict for item in found.checked] == ["good"] * len(reaches)
    assert max(item.at_limit for item in found.checked) == 0  # as in the recorded ones
    residuals = [reference.residual_mm.max() for reference in prepare(config).references]
    assert max(residuals) < 1e-3


@pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recorded reaches in {RECORDED}")
def test_reaches_that_nothing_was_taken_from_are_among_them(torque_arm, reaches, folder):
    recorded, synthetic = table(read_reaches(RECORDED), torque_arm), table(reaches, torque_arm)
    bounds = np.array([*BOUNDS.values()])
    assert all(made._within(np.stack([row, row], axis=1), bounds) for row in recorded)
    np.testing.assert_allclose(np.median(synthetic, axis=0), np.median(recorded, axis=0), rtol=0.2)
    theirs, ours = (angles_of(compose([f"kinematics.path={path}", "threads=1"])) for path in (RECORDED, folder))
    assert all(made._within(made.joint_measures(each)[:2], JOINTS[:2]) for each in theirs)
    assert sum(made._within(made.joint_measures(each)[2], SYNERGY_RANGE) for each in theirs) == 5  # and one is beyond
    rms = [np.sqrt(np.square(np.diff(each, 2, axis=1) * RATE**2).mean(axis=(0, 1))) for each in (theirs, ours)]
    np.testing.assert_allclose(*rms, rtol=0.3)  # accelerations of every joint


def test_frames_that_no_recording_has(torque_arm):
    with pytest.raises(KinematicsError, match=r"\(5, 9\) frames"):
        generate_recorded_like(torque_arm, 1, 0, frames=(5, 9))


def test_advice_for_an_arm_that_does_not_move_like_a_mouse(torque_arm, monkeypatch):
    monkeypatch.setattr(made, "MOST_DRAWS", 0)
    with pytest.raises(KinematicsError, match=r"Use the arm of model=torque"):
        generate_recorded_like(torque_arm, 1, 0)
    monkeypatch.undo()
    assert len(generate_recorded_like(torque_arm, 1, 5)) == 1


def test_the_script_makes_them(run_script, tmp_path, reaches):
    done = run_script("make_synthetic", tmp_path / "new", "--like", "recorded", "--n", 2, "--seed", 5)
    assert done.status == 0, done.err
    for written, reach in zip(read_reaches(tmp_path / "new"), reaches, strict=False):
        np.testing.assert_allclose(written.landmarks, reach.landmarks, atol=1e-7)
