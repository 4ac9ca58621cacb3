from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import least_squares

from mousearm.errors import KinematicsError
from mousearm.inverse_kinematics import PoseCache, _PoseSolver, inverse_kinematics
from mousearm.model import load_arm


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
    np.testing.assert_allclose(torque_arm.landmark_positions(first)[0, 1:], points[0, 1:], atol=1e-8)


@pytest.fixture
def targets(two_link):
    """Elbow and paw, (3, 3) m each, of an arm that moves."""
    points = two_link.landmark_positions(np.array([[0.1, 0.2], [0.2, 0.4], [0.3, 0.5]]))
    return points[:, 1], points[:, 2]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def mark(folder: Path) -> np.ndarray:
    """Replace what the only file holds by something that no search would find; returns it."""
    (file,) = files(folder)
    marked = np.full((3, 2), 0.123)
    np.savez(file, qpos=marked)
    return marked


def test_what_is_found_is_what_would_be_found_without(two_link, targets, tmp_path):
    expected = inverse_kinematics(two_link, *targets)
    np.testing.assert_array_equal(PoseCache(two_link, tmp_path).solve(*targets), expected)
    np.testing.assert_array_equal(PoseCache(two_link, tmp_path).solve(*targets), expected)
    assert len(files(tmp_path)) == 1


def test_the_second_time_it_is_read(two_link, targets, tmp_path):
    PoseCache(two_link, tmp_path).solve(*targets)
    marked = mark(tmp_path)
    np.testing.assert_array_equal(PoseCache(two_link, tmp_path).solve(*targets), marked)


def test_the_same_model_loaded_again_has_the_same_key(torque_config, tmp_path):
    arms = [load_arm(torque_config.model) for _ in range(2)]
    points = arms[0].landmark_positions(arms[0].rest_qpos[None])
    for arm in arms:
        PoseCache(arm, tmp_path).solve(points[:, 1], points[:, 2])
    assert len(files(tmp_path)) == 1


def test_whatever_the_angles_depend_on_is_part_of_the_key(build_two_link, targets, tmp_path):
    elbow, paw = targets
    PoseCache(build_two_link(), tmp_path).solve(elbow, paw)
    marked = mark(tmp_path)
    others = {
        "targets": PoseCache(build_two_link(), tmp_path).solve(elbow, paw + 1e-9),
        "joints": PoseCache(build_two_link(joints=["elbow"]), tmp_path).solve(elbow, paw),
        "model": PoseCache(build_two_link('site name="paw" pos="0.01', 'site name="paw" pos="0.011'), tmp_path).solve(
            elbow, paw
        ),
        "landmarks": PoseCache(
            build_two_link(landmarks={"shoulder": "joint:shoulder", "elbow": "joint:elbow", "paw": "body:fore"}),
            tmp_path,
        ).solve(elbow, paw),
    }
    for what, poses in others.items():
        assert not np.array_equal(poses, marked), what
    assert len(files(tmp_path)) == 5


@pytest.mark.parametrize("damage", ["empty", "half", "text", "flipped", "shape", "nan", "name"])
def test_a_damaged_file_is_replaced(two_link, targets, tmp_path, damage):
    expected = PoseCache(two_link, tmp_path).solve(*targets)
    (file,) = files(tmp_path)
    whole = file.read_bytes()
    if damage in ("shape", "nan", "name"):
        wrong = {"shape": {"qpos": expected[:2]}, "nan": {"qpos": np.nan * expected}, "name": {"poses": expected}}
        np.savez(file, **wrong[damage])
    else:
        middle = whole.index(expected.tobytes()) + 5  # within the numbers, which only a checksum protects
        flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        contents = {"empty": b"", "half": whole[: len(whole) // 2], "text": b"hello", "flipped": flipped}
        file.write_bytes(contents[damage])
    np.testing.assert_array_equal(PoseCache(two_link, tmp_path).solve(*targets), expected)
    assert files(tmp_path) == [file]
    with np.load(file) as content:
        np.testing.assert_array_equal(content["qpos"], expected)


def test_pickled_objects_are_not_read(two_link, targets, tmp_path):
    expected = PoseCache(two_link, tmp_path).solve(*targets)
    (file,) = files(tmp_path)
    np.savez(file, qpos=np.array([[Path("x")] * 2] * 3, dtype=object))
    np.testing.assert_array_equal(PoseCache(two_link, tmp_path).solve(*targets), expected)


def test_a_place_that_cannot_be_written_only_costs_time(two_link, targets, tmp_path):
    (tmp_path / "taken").write_text("a file where the folder would be")
    poses = PoseCache(two_link, tmp_path / "taken").solve(*targets)
    np.testing.assert_array_equal(poses, inverse_kinematics(two_link, *targets))


def test_two_arms_of_one_model_that_move_other_joints(torque_config, tmp_path):
    """The key is of the joints that may move, not of their number alone."""
    names = [["elv_angle", "elbow_flex"], ["elbow_flex", "elv_angle"], ["shoulder_ext", "elbow_flex"]]
    arms = [load_arm(replace(torque_config.model, joints=joints)) for joints in names]
    points = arms[0].landmark_positions(arms[0].rest_qpos[None])
    for arm in arms:
        PoseCache(arm, tmp_path).solve(points[:, 1], points[:, 2])
    assert len(files(tmp_path)) == 3
