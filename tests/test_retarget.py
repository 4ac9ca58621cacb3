import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import least_squares, minimize_scalar

from mousearm.errors import KinematicsError
from mousearm.kinematics import Reach
from mousearm.model import load_arm
from mousearm.retarget import (
    METHODS,
    PoseCache,
    _PoseSolver,
    inverse_kinematics,
    retarget,
    segments,
    uniform,
)

DT = 1 / 150
SHOULDER = np.array([0.001, 0.002, 0.003])


def random_reach(seed=0, n_frames=15, upper_arm=0.008, forearm=0.011):
    """Segments of constant length in random directions, on a trunk that moves."""
    rng = np.random.default_rng(seed)

    def directions():
        vectors = rng.normal(size=(n_frames, 3))
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    shoulder = np.cumsum(rng.normal(scale=1e-3, size=(n_frames, 3)), axis=0)
    elbow = shoulder + upper_arm * directions()
    paw = elbow + forearm * directions()
    return Reach("random", np.arange(n_frames) * DT, shoulder=shoulder, elbow=elbow, paw=paw)


def recorded_through(arm, qpos, name="recorded"):
    """The reach that a camera would see of the arm itself."""
    shoulder, elbow, paw = np.moveaxis(arm.landmark_positions(qpos), 1, 0)
    return Reach(name, np.arange(len(qpos)) * DT, shoulder=shoulder, elbow=elbow, paw=paw)


def smooth_poses(arm, moving, n_frames=25, amplitude=0.25):
    """Joint angles that swing around the rest pose, within the ranges; joints outside ``moving`` rest."""
    phase = np.linspace(0, 2, n_frames)[:, None] + np.arange(arm.nq)
    qpos = np.tile(arm.rest_qpos, (n_frames, 1))
    qpos[:, moving] += amplitude * (np.sin(phase) - np.sin(phase[:1]))[:, moving]
    low, high = arm.qpos_range.T
    return np.clip(qpos, low + 1e-3, high - 1e-3)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(3))
def test_segments_keep_directions_and_take_the_models_lengths(seed):
    reach = random_reach(seed)
    elbow, paw = segments(reach, SHOULDER, 0.012, 0.017)
    np.testing.assert_allclose(unit(elbow - SHOULDER), unit(reach.elbow - reach.shoulder), atol=1e-12)
    np.testing.assert_allclose(unit(paw - elbow), unit(reach.paw - reach.elbow), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(elbow - SHOULDER, axis=1), 0.012)
    np.testing.assert_allclose(np.linalg.norm(paw - elbow, axis=1), 0.017)


def test_segments_of_an_animal_of_the_models_size_change_nothing_but_the_trunk():
    reach = random_reach(upper_arm=0.012, forearm=0.017)
    elbow, paw = segments(reach, SHOULDER, 0.012, 0.017)
    np.testing.assert_allclose(elbow - SHOULDER, reach.elbow - reach.shoulder, atol=1e-15)
    np.testing.assert_allclose(paw - SHOULDER, reach.paw - reach.shoulder, atol=1e-15)


def test_uniform_by_hand():
    # u = 6 mm, l = 8 mm, U = 12 mm, L = 4 mm: s = (36 + 64) / (6 * 12 + 8 * 4) = 100 / 104.
    reach = random_reach(upper_arm=0.006, forearm=0.008)
    elbow, paw = uniform(reach, SHOULDER, 0.012, 0.004)
    np.testing.assert_allclose(elbow, SHOULDER + 1.04 * (reach.elbow - reach.shoulder))
    np.testing.assert_allclose(paw, SHOULDER + 1.04 * (reach.paw - reach.shoulder))


def test_uniform_is_the_least_squares_scale():
    u, forearm, upper_model, fore_model = 0.008, 0.011, 0.0116, 0.017
    elbow, _ = uniform(random_reach(upper_arm=u, forearm=forearm), SHOULDER, upper_model, fore_model)
    factor = np.linalg.norm(elbow - SHOULDER, axis=1) / u
    best = minimize_scalar(lambda k: 1e6 * ((k * u - upper_model) ** 2 + (k * forearm - fore_model) ** 2)).x
    np.testing.assert_allclose(factor, best, rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_joints_are_recovered_from_a_reach_of_the_arm_itself(torque_config, method):
    # Elbow and paw have four degrees of freedom (two directions), so with four joints the angles are unique.
    joints = ["elv_angle", "shoulder_ext", "shoulder_rot", "elbow_flex"]
    arm = load_arm(replace(torque_config.model, joints=joints))
    qpos = smooth_poses(arm, [0, 1, 2, 3])
    config = replace(torque_config.kinematics, retarget=method)
    reference = retarget(recorded_through(arm, qpos), arm, DT, config)
    assert reference.residual_mm.max() < 1e-5
    np.testing.assert_allclose(reference.qpos, qpos, atol=1e-6)
    assert (reference.name, len(reference.paw)) == ("recorded", 25)


def test_all_joints_together_hit_the_targets(torque_arm, torque_config):
    # Wrist and radius move too, so the forearm's length varies: uniform keeps that, up to its median.
    qpos = smooth_poses(torque_arm, slice(None), amplitude=0.05)
    config = replace(torque_config.kinematics, max_residual_mm=1e-5)
    reference = retarget(recorded_through(torque_arm, qpos), torque_arm, DT, config)
    low, high = torque_arm.qpos_range.T
    assert ((reference.qpos >= low) & (reference.qpos <= high)).all()
    points = torque_arm.landmark_positions(reference.qpos)
    np.testing.assert_allclose(points[:, 1], reference.elbow, atol=1e-8)
    np.testing.assert_allclose(points[:, 2], reference.paw, atol=1e-8)


def test_velocities_are_central_differences(torque_arm, torque_config):
    qpos = smooth_poses(torque_arm, [0, 1, 2, 3])
    reference = retarget(recorded_through(torque_arm, qpos), torque_arm, DT, torque_config.kinematics)
    q = reference.qpos
    np.testing.assert_allclose(reference.qvel[1:-1], (q[2:] - q[:-2]) / (2 * DT), atol=1e-9)
    np.testing.assert_allclose(reference.qvel[0], (q[1] - q[0]) / DT, atol=1e-9)


def test_unreachable_frame_is_named(torque_arm, torque_config):
    reach = recorded_through(torque_arm, smooth_poses(torque_arm, [0, 1, 2, 3]))
    paw = reach.paw.copy()
    paw[7] = 2 * reach.elbow[7] - reach.paw[7]  # the forearm turned round, through the elbow
    bent = replace(reach, name="bent", paw=paw)
    text = "bent: the arm of .*torque.xml cannot follow it. At frame 7 \\(of 25\\) the best pose misses by [0-9.]+ mm"
    with pytest.raises(KinematicsError, match=text):
        retarget(bent, torque_arm, DT, torque_config.kinematics)


def test_the_bound_decides(torque_arm, torque_config):
    reach = random_reach(upper_arm=0.0116, forearm=0.017)
    loose = replace(torque_config.kinematics, max_residual_mm=100.0)
    worst = retarget(reach, torque_arm, DT, loose).residual_mm.max()
    assert worst > 1
    text = re.escape("kinematics.max_residual_mm=0.5 is allowed")
    with pytest.raises(KinematicsError, match=text):
        retarget(reach, torque_arm, DT, replace(loose, max_residual_mm=0.5))


def test_residual_is_the_larger_of_both_distances(torque_arm, torque_config):
    config = replace(torque_config.kinematics, max_residual_mm=100.0)
    reference = retarget(random_reach(), torque_arm, DT, config)
    points = torque_arm.landmark_positions(reference.qpos)
    elbow = 1e3 * np.linalg.norm(points[:, 1] - reference.elbow, axis=1)
    paw = 1e3 * np.linalg.norm(points[:, 2] - reference.paw, axis=1)
    np.testing.assert_allclose(reference.residual_mm, np.maximum(elbow, paw))


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
