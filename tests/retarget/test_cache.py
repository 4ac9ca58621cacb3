from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mousearm.model import load_arm
from mousearm.retarget import PoseCache, inverse_kinematics
from mousearm.retarget.cache import cache_folder


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


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "mousearm"
    monkeypatch.setenv("HOME", str(tmp_path))
    for useless in ("", "relative/path"):  # the XDG specification has relative paths ignored
        monkeypatch.setenv("XDG_CACHE_HOME", useless)
        assert cache_folder() == tmp_path / ".cache" / "mousearm"


def test_two_arms_of_one_model_that_move_other_joints(torque_config, tmp_path):
    """The key is of the joints that may move, not of their number alone."""
    names = [["elv_angle", "elbow_flex"], ["elbow_flex", "elv_angle"], ["shoulder_ext", "elbow_flex"]]
    arms = [load_arm(replace(torque_config.model, joints=joints)) for joints in names]
    points = arms[0].landmark_positions(arms[0].rest_qpos[None])
    for arm in arms:
        PoseCache(arm, tmp_path).solve(points[:, 1], points[:, 2])
    assert len(files(tmp_path)) == 3
