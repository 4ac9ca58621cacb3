import numpy as np
import pytest

from mousearm.check.mechanics import Bounds, Probe, motion_of, muscles_of, random_poses
from mousearm.retarget import Reference

DT = 1 / 150
G, LENGTH, ONE, TWO = 10.0, 0.01, 1e-4, 2e-4
SPHERE = 0.4 * 0.0001**2  # inertia / mass of the masses, spheres of 0.1 mm
ZERO = np.zeros(2)


def test_gravity_torque_of_two_links_is_that_of_their_weights(hanging):
    # Stretched along x: elbow m2 g l = 2e-5; shoulder m1 g l + m2 g 2 l = 1e-5 + 4e-5 N m.
    assert Probe(hanging).needed(ZERO, ZERO, ZERO) == pytest.approx([5e-5, 2e-5])


def test_a_hanging_pendulum_needs_no_torque(hanging):
    down = np.array([-np.pi / 2, 0.0])
    np.testing.assert_allclose(Probe(hanging).needed(down, ZERO, ZERO), 0, atol=1e-18)


def test_acceleration_adds_inertia(hanging):
    # The elbow alone accelerates: m2 (l^2 + sphere) at the elbow; m2 (l (2 l) + sphere) is felt at the shoulder.
    probe = Probe(hanging)
    extra = probe.needed(ZERO, ZERO, np.array([0.0, 100.0])) - probe.needed(ZERO, ZERO, ZERO)
    assert extra == pytest.approx([100 * TWO * (2 * LENGTH**2 + SPHERE), 100 * TWO * (LENGTH**2 + SPHERE)])


def test_joint_limits_do_not_help(hanging):
    # Beyond the limit of -3 the shoulder still needs its whole weight.
    pose = np.array([-3.1, 0.0])
    assert Probe(hanging).needed(pose, ZERO, ZERO)[0] == pytest.approx(5e-5 * np.cos(3.1))


def test_motors_give_gear_times_control_range(hanging):
    torque = Probe(hanging).bounds(ZERO, ZERO).torque()
    np.testing.assert_allclose(torque, [[-1e-4, 1e-4], [-0.5e-4, 1e-4]])


def test_a_muscle_gives_force_times_moment_arm(cable):
    # From (0, 10 mm) to (10 mm, 0): length 14.14 mm, moment arm 10 mm / sqrt 2. Fibre: l0 = 10 mm, slack 0, so
    # 1.414 l0, on the falling limb of MuJoCo's curve (b = 1.3, lmax 1.6): ((1.6 - 1.4142) / 0.3)^2 / 2 = 0.1917.
    length, moment = Probe(cable).path(ZERO)
    assert length == pytest.approx([LENGTH * np.sqrt(2)])
    assert moment[0] == pytest.approx([-LENGTH / np.sqrt(2), 0])
    share = ((1.6 - np.sqrt(2)) / 0.3) ** 2 / 2
    torque = Probe(cable).bounds(ZERO, ZERO).torque()
    np.testing.assert_allclose(torque[0], [0, 0.1 * share * LENGTH / np.sqrt(2)], rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(torque[1], 0, atol=1e-15)


def test_bounds_of_an_antagonist_pair():
    pair = Bounds(np.array([0.0]), np.array([[3.0], [-2.0], [1.0]]))
    np.testing.assert_array_equal(pair.torque(), [[-2.0, 4.0]])
    for torque, reached in ((4.0, 4.0), (5.0, 4.0), (-1.0, -1.0), (-3.0, -2.0)):
        share = pair.share(np.array([torque]), np.ones(1))
        assert pair.gain.T @ share == pytest.approx(reached, abs=1e-4)
        assert share.min() >= 0
        assert share.max() <= 1


def test_shares_stay_within_given_limits():
    pair = Bounds(np.array([0.0]), np.array([[3.0], [-2.0]]))
    low, high = np.array([0.1, 0.2]), np.array([0.5, 0.3])
    assert pair.share(np.array([9.0]), np.ones(1), (low, high)) == pytest.approx([0.5, 0.2])


def test_smooth_derivatives_are_exact_for_a_parabola():
    t = DT * np.arange(12)
    qpos = np.stack([3 + 2 * t + 5 * t**2, -t], axis=1)
    motion = motion_of(Reference("r", ZERO, np.zeros((12, 3)), qpos, qpos, ZERO), DT)
    np.testing.assert_allclose(motion.qvel, np.stack([2 + 10 * t, -np.ones(12)], axis=1), atol=1e-9)
    np.testing.assert_allclose(motion.qacc, np.tile([10.0, 0.0], (12, 1)), atol=1e-6)


@pytest.mark.parametrize("n_frames", [3, 4, 8, 9])
def test_short_reaches_have_derivatives(n_frames):
    qpos = np.arange(n_frames, dtype=float)[:, None]
    motion = motion_of(Reference("r", ZERO, np.zeros((n_frames, 3)), qpos, qpos, ZERO), 1.0)
    np.testing.assert_allclose(motion.qvel, 1)
    np.testing.assert_allclose(motion.qacc, 0, atol=1e-9)


def test_random_poses_are_seeded_and_within_range(muscle_arm):
    poses = random_poses(muscle_arm, 50, 3)
    np.testing.assert_array_equal(poses, random_poses(muscle_arm, 50, 3))
    assert (poses != random_poses(muscle_arm, 50, 4)).all()
    assert (poses >= muscle_arm.qpos_range[:, 0]).all()
    assert (poses <= muscle_arm.qpos_range[:, 1]).all()


def test_a_joint_without_limits_is_sampled_too(build_hanging):
    free = build_hanging('name="shoulder" range="-3 3"', 'name="shoulder"')
    assert np.abs(random_poses(free, 50, 0)[:, 0]).max() <= np.pi


def test_muscles_are_found(muscle_arm, torque_arm):
    assert len(muscles_of(muscle_arm)) == 21
    assert len(muscles_of(torque_arm)) == 0


def test_moment_arms_are_the_derivatives_of_the_lengths(muscle_arm):
    probe, h = Probe(muscle_arm), 1e-6
    (pose,) = random_poses(muscle_arm, 1, 0)
    _, moment = probe.path(pose)
    for joint in range(muscle_arm.nq):
        step = h * np.eye(muscle_arm.nq)[joint]
        slope = (probe.path(pose + step)[0] - probe.path(pose - step)[0]) / (2 * h)
        np.testing.assert_allclose(moment[:, joint], slope, atol=1e-8)
