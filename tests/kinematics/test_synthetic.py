from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from mousearm.config import compose
from mousearm.errors import KinematicsError, UnknownNameError
from mousearm.kinematics import generate, read_csv, read_reaches
from mousearm.kinematics.synthetic import (
    MARGIN,
    POSTURES,
    RECORDED_QPOS,
    bump,
    draw_movement,
    minimum_jerk,
    posture_limits,
)
from mousearm.model import load_arm

ROOT = Path(__file__).parents[2]
DATA = ROOT / "mousearm" / "kinematics" / "data"
RECORDED = ROOT.parent / "shared" / "kinematics"
DT = 1 / 150
UPPER_ARM, FOREARM = 0.012, 0.017


def wide_range():
    return np.array([[-0.5, 2.75], [-1.5, 2.2], [-1.0, 0.5], [-1.0, 1.25], [-0.1, 0.5]])


@dataclass
class PlainArm:
    """Two rods: the shoulder turns the upper arm about z and x, the elbow bends by flex and rotation."""

    joint_names: tuple[str, ...] = ("elv_angle", "shoulder_ext", "shoulder_rot", "elbow_flex", "wrist")
    qpos_range: np.ndarray = field(default_factory=wide_range)
    rest_qpos: np.ndarray = field(default_factory=lambda: np.array([0, 0, 0, 0, 0.2]))

    def landmark_positions(self, qpos):
        elv, ext, rot, flex = qpos.T[:4]
        upper = np.stack([np.cos(elv) * np.cos(ext), np.sin(elv) * np.cos(ext), np.sin(ext)], axis=1)
        fore = np.stack([np.cos(flex) * np.cos(rot), np.cos(flex) * np.sin(rot), np.sin(flex)], axis=1)
        shoulder = np.zeros_like(upper)
        elbow = shoulder + UPPER_ARM * upper
        return np.stack([shoulder, elbow, elbow + FOREARM * fore], axis=1)


@pytest.fixture(scope="module")
def arm():
    return load_arm(compose([]).model)


@pytest.fixture(scope="module")
def many(arm):
    return generate(arm, 200, seed=3)


def movements(arm, n):
    limits = posture_limits(arm)
    return [draw_movement(arm, limits, np.random.default_rng(i)) for i in range(n)]


def speed(positions, dt=DT):
    return np.linalg.norm(np.gradient(positions, dt, axis=0), axis=1)


def acceleration(positions):
    change = np.gradient(np.gradient(positions, DT, axis=0), DT, axis=0)
    return np.linalg.norm(change[2:-2], axis=1)


def test_curves_at_their_ends_and_in_the_middle():
    assert [float(minimum_jerk(np.array(s))) for s in (0, 0.5, 1)] == [0, 0.5, 1]
    assert [float(bump(np.array(s))) for s in (0, 0.5, 1)] == [0, 1, 0]


@pytest.mark.parametrize("curve", [minimum_jerk, bump])
def test_curves_start_and_stop_softly(curve):
    # Both leave their ends as s^3, so first and second differences over h are of the order h^2 and h.
    h = 1e-4
    for end, inwards in ((0.0, h), (1.0, -h)):
        a, b, c = (curve(np.array(end + k * inwards)) for k in range(3))
        assert abs(b - a) / h < 100 * h**2
        assert abs(a - 2 * b + c) / h**2 < 1000 * h


def test_same_seed_same_reaches_whatever_n():
    few, more, other = (generate(PlainArm(), *call) for call in ((3, 7), (6, 7), (3, 8)))
    for a, b, c in zip(few, more, other, strict=False):
        assert a.name == b.name
        np.testing.assert_array_equal(a.paw, b.paw)
        assert a.n_frames != c.n_frames or not np.allclose(a.paw, c.paw)
    assert len({reach.paw.tobytes() for reach in more}) == 6
    assert [reach.name for reach in few] == ["reach_00", "reach_01", "reach_02"]


def test_time_and_number_of_frames(many):
    assert min(reach.n_frames for reach in many) >= 40
    assert max(reach.n_frames for reach in many) <= 70
    assert len({reach.n_frames for reach in many}) > 20
    for reach in many:
        np.testing.assert_array_equal(reach.time, DT * np.arange(reach.n_frames))


def test_frames_can_be_given():
    assert {reach.n_frames for reach in generate(PlainArm(), 5, 0, frames=(50, 50))} == {50}


def test_another_dt_samples_the_same_movement():
    (slow,), (fast,) = generate(PlainArm(), 1, 0), generate(PlainArm(), 1, 0, dt=DT / 2)
    assert fast.n_frames == 2 * slow.n_frames - 1
    np.testing.assert_allclose(fast.paw[::2], slow.paw, atol=1e-15)


def test_segments_are_the_arms_own(arm, many):
    upper_arm, forearm = arm.segment_lengths()
    for reach in many:
        np.testing.assert_allclose(np.linalg.norm(reach.elbow - reach.shoulder, axis=1), upper_arm, rtol=1e-9)
        np.testing.assert_allclose(np.linalg.norm(reach.paw - reach.elbow, axis=1), forearm, rtol=1e-9)
        np.testing.assert_allclose(reach.shoulder, reach.shoulder[:1].repeat(reach.n_frames, axis=0), atol=1e-12)


def test_landmarks_are_in_their_places():
    for reach in generate(PlainArm(), 3, 0):
        assert reach.upper_arm_length == pytest.approx(UPPER_ARM)
        assert reach.forearm_length == pytest.approx(FOREARM)


def test_joints_keep_a_margin_and_distal_ones_rest(arm):
    low, high = arm.qpos_range.T
    margin = MARGIN * (high - low)
    moving = [name in POSTURES for name in arm.joint_names]
    for movement in movements(arm, 100):
        qpos = movement.qpos(np.linspace(-0.1, 0.6, 300))
        inside = (qpos >= low + margin - 1e-12) & (qpos <= high - margin + 1e-12)
        assert inside[:, moving].all()
        np.testing.assert_array_equal(qpos[:, np.logical_not(moving)], np.tile(arm.rest_qpos[4:], (300, 1)))


def test_postures_stay_within_the_recorded_ones(arm):
    for name, (low, high) in RECORDED_QPOS.items():
        joint = arm.joint_names.index(name)
        angles = np.concatenate([m.qpos(np.linspace(0, 0.5, 50))[:, joint] for m in movements(arm, 100)])
        assert low - 1e-12 <= angles.min() < angles.max() <= high + 1e-12
        assert np.ptp(angles) > 0.7 * (high - low)


def test_a_narrow_arm_is_respected():
    plain = PlainArm()
    plain.qpos_range[2] = -0.1, 0.1
    for movement in movements(plain, 50):
        angles = movement.qpos(np.linspace(0, 0.6, 200))[:, 2]
        assert np.abs(angles).max() <= 0.1 - MARGIN * 0.2 + 1e-12


def test_joints_without_limits_move_as_recorded():
    free = PlainArm(qpos_range=np.tile([-np.inf, np.inf], (5, 1)))
    np.testing.assert_allclose(posture_limits(free)[:4], list(RECORDED_QPOS.values()))


def test_some_clips_begin_and_some_end_mid_movement(many):
    first = np.array([speed(reach.paw)[0] for reach in many])
    last = np.array([speed(reach.paw)[-1] for reach in many])
    assert 0.1 < np.mean(first > 0.05) < 0.5
    assert np.mean(first < 0.005) > 0.4
    assert np.mean(last > 0.01) > 0.15


def test_speeds_are_those_of_mice(many):
    # Recorded on the model's lengths: peak 0.17 to 0.33 m/s, largest acceleration 3.5 to 11.8 m/s^2.
    peak = np.array([speed(reach.paw).max() for reach in many])
    force = np.array([acceleration(reach.paw).max() for reach in many])
    assert 0.05 < peak.min() < 0.17
    assert 0.30 < peak.max() < 0.40
    assert 0.18 < np.median(peak) < 0.28
    assert force.min() < 5
    assert 12 < force.max() < 20


@pytest.mark.skipif(not RECORDED.is_dir(), reason=f"no recorded reaches in {RECORDED}")
def test_recorded_reaches_lie_among_the_synthetic(arm, many):
    lengths = arm.segment_lengths()

    def on_model(reach):
        """The paw relative to the shoulder with the model's lengths and the animal's directions."""
        segments = reach.elbow - reach.shoulder, reach.paw - reach.elbow
        return sum(n * v / np.linalg.norm(v, axis=1)[:, None] for n, v in zip(lengths, segments, strict=True))

    def measures(reach):
        paw = on_model(reach)
        way = np.linalg.norm(np.diff(paw, axis=0), axis=1).sum()
        return speed(paw).max(), acceleration(paw).max(), np.linalg.norm(paw - paw[0], axis=1).max(), way

    synthetic = np.array([measures(reach) for reach in many])
    for reach in read_reaches(RECORDED):
        found = np.array(measures(reach))
        assert (synthetic.min(axis=0) * 0.95 < found).all(), reach.name
        assert (found < synthetic.max(axis=0) * 1.1).all(), reach.name


def test_missing_joint():
    names = ("elv_angle", "shoulder_ext", "shoulder_rot", "elbow", "wrist")
    with pytest.raises(UnknownNameError, match=r"joint of the arm .* named 'elbow_flex'\. Did you mean 'elbow'"):
        generate(PlainArm(joint_names=names), 1, 0)


def test_limits_that_exclude_mice():
    plain = PlainArm()
    plain.qpos_range[0] = -0.5, 0.5
    with pytest.raises(KinematicsError, match=r"elv_angle .* -0\.5 to 0\.5 rad; mice reach with 1\.17 to 1\.65 rad"):
        generate(plain, 1, 0)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"n": 0}, "n = 0 reaches"),
        ({"seed": -1}, "seed of synthetic reaches is -1"),
        ({"dt": 0}, "interval of dt = 0"),
        ({"dt": np.nan}, "interval of dt = nan"),
        ({"frames": (2, 10)}, r"frames = \(2, 10\)"),
        ({"frames": (50, 40)}, r"frames = \(50, 40\)"),
    ],
)
def test_arguments_out_of_range(arguments, text):
    with pytest.raises(KinematicsError, match=text):
        generate(PlainArm(), **({"n": 1, "seed": 0} | arguments))


def same(shipped, made):
    # Shipped with 7 decimals.
    for name in ("time", "paw", "elbow", "shoulder"):
        np.testing.assert_allclose(getattr(shipped, name), getattr(made, name), atol=1.1e-7, rtol=0)


def test_shipped_reaches_are_those_of_the_script(arm):
    shipped = read_reaches(DATA / "synthetic")
    assert [reach.name for reach in shipped] == [f"reach_{i:02d}" for i in range(32)]
    for reach, made in zip(shipped, generate(arm, 32, seed=0), strict=True):
        same(reach, made)


def test_shipped_demo(arm):
    demo = read_csv(DATA / "demo.csv")
    assert demo.n_frames == 50
    assert speed(demo.paw)[0] < 0.005  # starts at rest
    assert 0.2 < speed(demo.paw).max() < 0.3
    same(demo, generate(arm, 1, seed=45, frames=(50, 50))[0])


def test_script_writes_a_folder_and_a_file(run_script, tmp_path):
    done = run_script("make_synthetic", tmp_path / "new" / "two", "--n", 2, "--seed", 0)
    assert done.status == 0, done.err
    written = read_reaches(tmp_path / "new" / "two")
    assert [reach.name for reach in written] == ["reach_00", "reach_01"]
    same(read_csv(DATA / "synthetic" / "reach_01.csv"), written[1])
    done = run_script("make_synthetic", tmp_path / "one.csv", "--n", 1, "--seed", 45, "--frames", 50, 50)
    assert done.status == 0, done.err
    same(read_csv(DATA / "demo.csv"), read_csv(tmp_path / "one.csv"))


def test_the_script_keeps_the_truth_beside_noise(tmp_path, run_script):
    done = run_script("make_synthetic", tmp_path / "noisy", "--n", 2, "--noise", 0.1, "--rate", 500)
    assert done.status == 0, done.err
    reach, _ = read_reaches(tmp_path / "noisy")
    assert reach.rate == pytest.approx(500, rel=1e-3)
    assert 1e3 * (reach.landmarks - reach.versions["truth"]).std() == pytest.approx(0.1, rel=0.1)
    assert 1e3 * reach.tracked[2][2] == pytest.approx(0.1, rel=0.2)
    assert run_script("make_synthetic", tmp_path / "no", "--noise", -1).status == 1


def test_script_refuses_without_a_traceback(run_script, tmp_path):
    done = run_script("make_synthetic", tmp_path / "one.csv", "--n", 2)
    assert done.status == 1
    assert "is one file, but --n 2 reaches are wanted" in done.err
