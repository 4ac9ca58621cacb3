"""Cameras of a calibration: pixels by hand and against OpenCV; what Anipose and DeepLabCut write; what is refused."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from mousearm.errors import KinematicsError
from mousearm.kinematics.cameras import Camera, read_cameras

K = np.array([[1000.0, 0, 320], [0, 1000, 240], [0, 0, 1]])
STRAIGHT = np.eye(3)
TURN = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])  # by 90 degrees about z
GOOD = """
[cam_0]
name = "A"
size = [640, 480]
matrix = [[1000.0, 0.0, 320.0], [0.0, 1000.0, 240.0], [0.0, 0.0, 1.0]]
distortions = [0.1, 0.0, 0.0, 0.0, 0.0]
rotation = [0.0, 0.0, 1.5707963267948966]
translation = [0.0, 0.0, 1.0]
[metadata]
adjusted = false
"""


def camera(*distortions, rotation=STRAIGHT, at=(0, 0, 0)):
    return Camera((640, 480), K, np.resize([*distortions, *[0.0] * 8], 8), rotation, np.array(at, dtype=float))


@pytest.mark.parametrize(
    ("distortions", "pixel"),
    [
        ((), (420, 440)),
        ((0.1,), (420.5, 441)),  # r^2 = 0.1^2 + 0.2^2 = 0.05, so 1 + 0.1 * 0.05 times as far
        ((0, 0.1), (420.025, 440.05)),  # r^4 = 0.0025
        ((0, 0, 0.01), (420.4, 441.3)),  # 2 * 0.01 * 0.02; 0.01 * (0.05 + 2 * 0.04)
        ((0, 0, 0, 0.01), (420.7, 440.4)),  # 0.01 * (0.05 + 2 * 0.01); 2 * 0.01 * 0.02
        ((0, 0, 0, 0, 0, 1.0), (320 + 100 / 1.05, 240 + 200 / 1.05)),
    ],
)
def test_pixels_by_hand(distortions, pixel):
    np.testing.assert_allclose(camera(*distortions).project(np.array([0.1, 0.2, 1.0])), pixel, atol=1e-9)


def test_what_is_behind_the_camera_has_no_pixel():
    assert np.isnan(camera().project(np.array([[0.1, 0.2, -1.0], [0, 0, 0]]))).all()


def test_pixels_as_opencv_has_them():
    cv2 = pytest.importorskip("cv2", reason="needs opencv-python-headless")
    rng = np.random.default_rng(0)
    turn, at, points = rng.normal(size=3), np.array([0, 0, 10.0]), rng.normal(size=(50, 3))
    for n in (5, 8):
        lens = 0.1 * rng.normal(size=n)
        expected, _ = cv2.projectPoints(points, turn, at, K, lens)
        found = camera(*lens, rotation=cv2.Rodrigues(turn)[0], at=at).project(points)
        np.testing.assert_allclose(found, expected[:, 0], atol=1e-6)


def test_a_calibration_of_anipose(tmp_path):
    (tmp_path / "calibration.toml").write_text(GOOD)
    cameras = read_cameras(tmp_path / "calibration.toml")
    assert list(cameras) == ["A"]
    assert cameras["A"].size == (640, 480)
    # (0.2, -0.1, 0) turned by 90 degrees is (0.1, 0.2, 0), then 1 in front.
    np.testing.assert_allclose(cameras["A"].project(np.array([0.2, -0.1, 0])), (420.5, 441), atol=1e-9)


def stereo(**changes):
    """What DeepLabCut writes of a pair; both lenses are the same, the second camera stands 5 to the left."""
    pair = {"cameraMatrix1": K, "cameraMatrix2": K, "distCoeffs1": np.array([[0.1, 0, 0, 0, 0]])}
    pair |= {"distCoeffs2": np.zeros((1, 5)), "R": np.eye(3), "T": np.array([[5.0], [0], [0]]), "R1": TURN, "roi1": ()}
    return {"camera-1-camera-2": {**pair, "image_shape": [(640, 480), (640, 480)], **changes}}


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_calibration_of_deeplabcut(tmp_path, protocol):
    path = tmp_path / "stereo_params.pickle"
    path.write_bytes(pickle.dumps(stereo(T=np.asfortranarray(np.array([[5.0], [0], [0]]))), protocol))
    cameras = read_cameras(path)
    assert list(cameras) == ["camera-1", "camera-2"]
    seen = TURN @ np.array([0.1, 0.2, 1.0])  # by the first camera at (0.1, 0.2, 1), in rectified axes
    np.testing.assert_allclose(cameras["camera-1"].project(seen), (420.5, 441), atol=1e-9)
    np.testing.assert_allclose(cameras["camera-2"].project(seen), (5420, 440), atol=1e-9)


class Harm:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def harmful(folder):
    return {
        "code": pickle.dumps({"pair": Harm(folder / "harm")}),
        "objects": pickle.dumps(stereo(R=np.array([[object()]]))),
        "many": pickle.dumps({str(i): 0 for i in range(200_000)}),
        "memory": b"\x80\x04r\xff\xff\xff\x7f}.",
        "damaged": pickle.dumps(stereo())[:-40],
        "a list": pickle.dumps([1]),
        "no pair": pickle.dumps({"pair": 3}),
        "no matrix": pickle.dumps(stereo(cameraMatrix1=np.eye(2))),
        "infinite": pickle.dumps(stereo(T=np.full(3, np.inf))),
    }


@pytest.mark.parametrize("name", harmful(Path()))
def test_advice_a_pickle_that_is_no_calibration_is_not_run(tmp_path, name):
    path = tmp_path / "stereo_params.pickle"
    path.write_bytes(harmful(tmp_path)[name])
    with pytest.raises(KinematicsError) as caught:
        read_cameras(path)
    assert str(path) in str(caught.value)
    assert not (tmp_path / "harm").exists()
    path.write_bytes(pickle.dumps(stereo()))
    assert len(read_cameras(path)) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("matrix", "fisheye = true\nmatrix"),
        ("matrix", "other"),
        ("[0.1, 0.0, 0.0, 0.0, 0.0]", "[0.1, 0.0, 0.0]"),
        ("[0.0, 0.0, 1.0]\n[metadata]", "[0.0, 1.0]\n[metadata]"),
        ("1.5707963267948966", "nan"),
        ("[640, 480]", '"large"'),
        ("translation", "x"),
        ("[metadata]", "[meta"),
        ("adjusted = false", f"a = {'[' * 5000}"),
    ],
)
def test_advice_on_a_calibration_that_cannot_be(tmp_path, old, new):
    path = tmp_path / "calibration.toml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(KinematicsError) as caught:
        read_cameras(path)
    assert str(path) in str(caught.value)
    path.write_text(GOOD)
    assert read_cameras(path)
