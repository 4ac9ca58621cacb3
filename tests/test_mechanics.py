import numpy as np
import pytest

from mousearm.errors import ModelError
from mousearm.mechanics import ArmDynamics, Bounds, motions_of, random_poses
from mousearm.model.muscles import muscles_of

DT = 1 / 150
G, LENGTH, ONE, TWO = 10.0, 0.01, 1e-4, 2e-4
SPHERE = 0.4 * 0.0001**2  # inertia / mass of the masses, spheres of 0.1 mm
ZERO = np.zeros(2)


def test_gravity_torque_of_two_links_is_that_of_their_weights(hanging):
    # Stretched along x: elbow m2 g l = 2e-5; shoulder m1 g l + m2 g 2 l = 1e-5 + 4e-5 N m.
    assert ArmDynamics(hanging).dynamics(ZERO, ZERO).needed(ZERO) == pytest.approx([5e-5, 2e-5])


def test_a_hanging_pendulum_needs_no_torque(hanging):
    down = np.array([-np.pi / 2, 0.0])
    np.testing.assert_allclose(ArmDynamics(hanging).dynamics(down, ZERO).needed(ZERO), 0, atol=1e-18)


def test_acceleration_adds_inertia(hanging):
    # The elbow alone accelerates: m2 (l^2 + sphere) at the elbow; m2 (l (2 l) + sphere) is felt at the shoulder.
    probe = ArmDynamics(hanging)
    extra = probe.dynamics(ZERO, ZERO).needed(np.array([0.0, 100.0])) - probe.dynamics(ZERO, ZERO).needed(ZERO)
    assert extra == pytest.approx([100 * TWO * (2 * LENGTH**2 + SPHERE), 100 * TWO * (LENGTH**2 + SPHERE)])


def test_joint_limits_do_not_help(hanging):
    # Beyond the limit of -3 the shoulder still needs its whole weight.
    pose = np.array([-3.1, 0.0])
    assert ArmDynamics(hanging).dynamics(pose, ZERO).needed(ZERO)[0] == pytest.approx(5e-5 * np.cos(3.1))


def test_motors_give_gear_times_control_range(hanging):
    torque = ArmDynamics(hanging).dynamics(ZERO, ZERO).bounds.range()
    np.testing.assert_allclose(torque, [[-1e-4, 1e-4], [-0.5e-4, 1e-4]])


def test_a_muscle_gives_force_times_moment_arm(cable):
    # From (0, 10 mm) to (10 mm, 0): length 14.14 mm, moment arm 10 mm / sqrt 2. Fibre: l0 = 10 mm, slack 0, so
    # 1.414 l0, on the falling limb of MuJoCo's curve (b = 1.3, lmax 1.6): ((1.6 - 1.4142) / 0.3)^2 / 2 = 0.1917.
    length, moment = ArmDynamics(cable).path(ZERO)
    assert length == pytest.approx([LENGTH * np.sqrt(2)])
    assert moment[0] == pytest.approx([-LENGTH / np.sqrt(2), 0])
    share = ((1.6 - np.sqrt(2)) / 0.3) ** 2 / 2
    torque = ArmDynamics(cable).dynamics(ZERO, ZERO).bounds.range()
    np.testing.assert_allclose(torque[0], [0, 0.1 * share * LENGTH / np.sqrt(2)], rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(torque[1], 0, atol=1e-15)


def test_bounds_of_an_antagonist_pair():
    pair = Bounds(np.array([0.0]), np.array([[3.0], [-2.0], [1.0]]))
    np.testing.assert_array_equal(pair.range(), [[-2.0, 4.0]])
    for torque, reached in ((4.0, 4.0), (5.0, 4.0), (-1.0, -1.0), (-3.0, -2.0)):
        share = pair.static_optimization(np.array([torque]), np.eye(1), 1e-3)
        assert pair.torque(share) == pytest.approx(reached, abs=1e-4)
        assert share.min() >= 0
        assert share.max() <= 1


def test_shares_stay_within_given_limits():
    pair = Bounds(np.array([0.0]), np.array([[3.0], [-2.0]]))
    low, high = np.array([0.1, 0.2]), np.array([0.5, 0.3])
    assert pair.static_optimization(np.array([9.0]), np.eye(1), 1e-3, (low, high)) == pytest.approx([0.5, 0.2])


@pytest.mark.parametrize("scale", [1e-15, 1e-6, 1.0, 1e6, 1e15])
def test_units_do_not_matter(scale):
    pair = Bounds(np.array([0.0]), np.array([[3.0 * scale], [-2.0 * scale]]))
    share = pair.static_optimization(np.array([2.0 * scale]), np.eye(1), 1e-9 * scale)
    assert pair.torque(share) == pytest.approx(2 * scale)


def test_effort_decides_who_pulls():
    # Both pull alike: 1 N m is shared as x + y = 1 with x^2 + 4 y^2 least, so x = 0.8 and y = 0.2.
    two = Bounds(np.array([0.0]), np.array([[1.0], [1.0]]))
    assert two.static_optimization(np.array([1.0]), np.eye(1), [1e-4, 2e-4]) == pytest.approx([0.8, 0.2], abs=1e-6)
    # An effort that counts as much as the error is a compromise: x with (1 - x)^2 + x^2 least.
    one = Bounds(np.array([0.0]), np.array([[1.0]]))
    assert one.static_optimization(np.array([1.0]), np.eye(1), 1.0) == pytest.approx([0.5])


def test_what_counts_more_is_met_better():
    # One actuator turns two joints alike, of which one is to turn and the other not: 9 (1 - x)^2 + x^2 is least at 0.9.
    coupled = Bounds(np.zeros(2), np.array([[1.0, 1.0]]))
    assert coupled.static_optimization(np.array([1.0, 0.0]), np.diag([3.0, 1.0]), 1e-6) == pytest.approx([0.9])


def test_actuators_that_are_too_strong_for_arithmetic_are_refused_without_a_warning_of_the_program(recwarn):
    with pytest.raises(ModelError, match="cannot be shared out"):
        Bounds(np.zeros(1), np.array([[1e200]])).static_optimization(np.array([1.0]), np.eye(1) * 1e200, 1.0)
    assert list(recwarn) == []


@pytest.mark.parametrize(("torque", "low"), [(np.nan, 0.0), (0.0, 1.5)])
def test_what_has_no_solution_is_refused(hanging, torque, low):
    bounds = ArmDynamics(hanging).dynamics(ZERO, ZERO).bounds
    with pytest.raises(ModelError, match=r"^The torque \[.*\] N m cannot be shared out .* a lower limit is above"):
        bounds.static_optimization(np.array([torque, 0.0]), np.eye(2), 1e-3, (low, 1.0))


def test_many_states_at_once_are_as_one_by_one(muscle_arm):
    probe, poses = ArmDynamics(muscle_arm), random_poses(muscle_arm, 6, 0)
    speeds = np.random.default_rng(0).normal(size=poses.shape)
    together = probe.dynamics(poses.reshape(2, 3, -1), speeds.reshape(2, 3, -1))
    for i, (pose, speed) in enumerate(zip(poses, speeds, strict=True)):
        alone = probe.dynamics(pose, speed)
        np.testing.assert_array_equal(together.mass[i // 3, i % 3], alone.mass)
        np.testing.assert_array_equal(together.bias[i // 3, i % 3], alone.bias)
        np.testing.assert_array_equal(together.bounds.gain[i // 3, i % 3], alone.bounds.gain)


def test_forward_dynamics_undo_inverse_dynamics(muscle_arm):
    probe, random = ArmDynamics(muscle_arm), np.random.default_rng(0)
    qpos, qvel = random_poses(muscle_arm, 5, 0), random.normal(size=(5, muscle_arm.nq))
    activation = random.uniform(size=(5, muscle_arm.na))
    qacc = probe.acceleration(qpos, qvel, activation, np.zeros((5, muscle_arm.nu)))
    dynamics = probe.dynamics(qpos, qvel)
    np.testing.assert_allclose(dynamics.needed(qacc), dynamics.bounds.torque(activation), rtol=1e-6, atol=1e-12)


def test_the_jacobian_is_the_derivative_of_the_landmarks(muscle_arm):
    (pose,), h = random_poses(muscle_arm, 1, 0), 1e-6
    landmarks = muscle_arm.landmark_positions(pose[None])[0]
    jacobian = ArmDynamics(muscle_arm).landmark_jacobian(pose, landmarks)
    for joint, step in enumerate(h * np.eye(muscle_arm.nq)):
        ahead, behind = muscle_arm.landmark_positions(np.stack([pose + step, pose - step]))[:, 1:].reshape(2, 6)
        np.testing.assert_allclose(jacobian[:, joint], (ahead - behind) / (2 * h), atol=1e-9)


def test_smooth_derivatives_are_exact_for_a_parabola():
    t = DT * np.arange(12)
    qpos = np.stack([3 + 2 * t + 5 * t**2, -t], axis=1)
    motion = motions_of([qpos], DT)
    np.testing.assert_allclose(motion.qvel, np.stack([2 + 10 * t, -np.ones(12)], axis=1), atol=1e-9)
    np.testing.assert_allclose(motion.qacc, np.tile([10.0, 0.0], (12, 1)), atol=1e-6)


@pytest.mark.parametrize("n_frames", [3, 4, 8, 9])
def test_short_reaches_have_derivatives(n_frames):
    qpos = np.arange(n_frames, dtype=float)[:, None]
    motion = motions_of([qpos], 1.0)
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
    probe, h = ArmDynamics(muscle_arm), 1e-6
    (pose,) = random_poses(muscle_arm, 1, 0)
    _, moment = probe.path(pose)
    for joint in range(muscle_arm.nq):
        step = h * np.eye(muscle_arm.nq)[joint]
        slope = (probe.path(pose + step)[0] - probe.path(pose - step)[0]) / (2 * h)
        np.testing.assert_allclose(moment[:, joint], slope, atol=1e-8)
