from dataclasses import replace

import mujoco
import numpy as np
import pytest
from scipy.optimize import least_squares

from mousearm.errors import KinematicsError
from mousearm.model import load_arm
from mousearm.retarget.inverse_kinematics import _PoseSolver, inverse_kinematics


def test_only_tracked_joints_move(build_two_link):
    arm = build_two_link(joints=["elbow"])
    target = arm.landmark_positions(np.array([[0.0, 0.7]]))
    np.testing.assert_allclose(inverse_kinematics(arm, target[:, 1], target[:, 2]), [[0.0, 0.7]], atol=1e-6)


def test_joints_without_limits(build_two_link):
    arm = build_two_link('name="elbow" range="-2 2"', 'name="elbow"')
    target = arm.landmark_positions(np.array([[0.2, 0.7], [0.3, 0.9]]))
    np.testing.assert_allclose(inverse_kinematics(arm, target[:, 1], target[:, 2]), [[0.2, 0.7], [0.3, 0.9]], atol=1e-6)


def test_slide_joints(build_two_link):
    arm = build_two_link('name="shoulder" range="-1.5 1.5"', 'name="shoulder" type="slide" axis="1 0 0" range="0 0.01"')
    target = arm.landmark_positions(np.array([[0.004, 0.7]]))
    np.testing.assert_allclose(inverse_kinematics(arm, target[:, 1], target[:, 2]), [[0.004, 0.7]], atol=1e-6)


@pytest.mark.parametrize("elbow", ["joint:elbow", "body:fore", "geom:upper"])
@pytest.mark.parametrize("paw", ["site:paw", "geom:fore"])
def test_jacobian_against_finite_differences(build_two_link, elbow, paw):
    arm = build_two_link(landmarks={"shoulder": "joint:shoulder", "elbow": elbow, "paw": paw})
    check_jacobian(arm)


@pytest.mark.parametrize("joints", [None, ["wrist_angle", "elv_angle"]])
def test_jacobian_of_the_shipped_arm_against_finite_differences(torque_config, joints):
    check_jacobian(load_arm(replace(torque_config.model, joints=joints)))


def check_jacobian(arm):
    solver = _PoseSolver(arm)
    low, high = arm.qpos_range.T
    rng = np.random.default_rng(0)
    target = rng.normal(scale=0.01, size=6)
    for _ in range(3):
        pose = rng.uniform(low, high)
        q = rng.uniform(low, high)[arm.tracked_joints]
        step = 1e-6
        columns = [
            (solver._residual(pose, q + dq, target) - solver._residual(pose, q - dq, target)) / (2 * step)
            for dq in step * np.eye(len(q))
        ]
        np.testing.assert_allclose(solver._jacobian(pose, q), np.stack(columns, axis=1), atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_no_pose_is_nearer_than_the_one_that_is_found(torque_arm, seed):
    """Targets out of reach, so that joints come to their limits; judged by scipy's bounded least squares from there."""
    solver = _PoseSolver(torque_arm)
    rng = np.random.default_rng(seed)
    low, high = torque_arm.qpos_range.T
    points = torque_arm.landmark_positions(rng.uniform(low, high)[None])[0, 1:]
    target = points + rng.normal(scale=0.004, size=(2, 3))
    pose = solver.solve(target[0], target[1], torque_arm.rest_qpos)
    assert ((pose >= low) & (pose <= high)).all()
    inside = np.clip(pose, low + 1e-9, high - 1e-9)
    better = least_squares(
        lambda q: solver._residual(pose, q, target.ravel()), inside, bounds=(low, high), xtol=1e-15, ftol=1e-15
    )
    residual = solver._residual(pose, pose, target.ravel())
    assert residual @ residual <= 2 * better.cost * (1 + 1e-9) + 1e-12
    assert residual @ residual > 0.1  # mm^2: the targets are indeed out of reach


def test_free_joints_rest(torque_arm):
    """Six joints, but four directions of two segments: of all poses that hit the targets the one nearest to rest."""
    pose = torque_arm.rest_qpos + 0.1 * np.array([1, -1, 1, 1, 1, 1])
    points = torque_arm.landmark_positions(pose[None])
    (found,) = inverse_kinematics(torque_arm, points[:, 1], points[:, 2])
    np.testing.assert_allclose(torque_arm.landmark_positions(found[None])[0, 1:], points[0, 1:], atol=1e-8)
    rest = torque_arm.rest_qpos
    assert np.linalg.norm(found - rest) < 0.9 * np.linalg.norm(pose - rest)
    # There is no way left, among poses that hit the targets, that leads nearer to rest.
    solver = _PoseSolver(torque_arm)
    jacobian = solver._jacobian(found, found)[:6]
    _, sizes, directions = np.linalg.svd(jacobian)
    free = directions[sizes < 1e-6 * sizes[0]]
    assert len(free) >= 1
    np.testing.assert_allclose(free @ (found - rest), 0, atol=1e-4)


def test_targets_that_are_not_finite_are_refused(build_two_link):
    arm = build_two_link()
    paw = np.zeros((3, 3))
    paw[1, 2] = np.nan
    with pytest.raises(KinematicsError, match="The targets of frame 1 are not finite"):
        inverse_kinematics(arm, np.zeros((3, 3)), paw)


def test_one_search_leaves_nothing_for_the_next(torque_arm):
    """Views into the simulator's memory must not leak into results."""
    low, high = torque_arm.qpos_range.T
    poses = np.random.default_rng(0).uniform(low, high, (2, torque_arm.nq))
    points = torque_arm.landmark_positions(poses)
    first = inverse_kinematics(torque_arm, points[:1, 1], points[:1, 2])
    kept = first.copy()
    inverse_kinematics(torque_arm, points[1:, 1], points[1:, 2])
    np.testing.assert_array_equal(first, kept)
    data = mujoco.MjData(torque_arm.model)
    data.qpos[:] = first[0]
    mujoco.mj_kinematics(torque_arm.model, data)
    np.testing.assert_allclose(torque_arm.landmarks_of(data)[1:], points[0, 1:], atol=1e-8)
