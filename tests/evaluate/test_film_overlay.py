"""The arm on the animal's film: planted points come out at the pixels where the camera saw them."""

from dataclasses import replace

import imageio.v2 as imageio
import numpy as np
import pytest

from mousearm.config import compose
from mousearm.errors import KinematicsError, UnknownNameError
from mousearm.evaluate.film import Shot
from mousearm.evaluate.overlay import FilmOverlay, choose_camera
from mousearm.kinematics import read_reaches, resample
from mousearm.kinematics.cameras import Camera
from mousearm.kinematics.imports.conversion import Origin, read_axes, read_origin, to_metres, write_origins
from mousearm.paths import resolve
from mousearm.retarget import retarget
from mousearm.trajectory import FOLLOWED, LANDMARKS, Trial, with_shoulder

RATE, WIDTH, HEIGHT = 150.0, 320, 240
FIRST = 30  # frame of the recording at which the reach begins
CAMERA = Camera(
    (WIDTH, HEIGHT),
    np.array([[700.0, 0, 160], [0, 700, 120], [0, 0, 1]]),
    np.array([-0.2, 0.05, 0.001, -0.002, 0, 0, 0, 0]),
    np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),  # looks along y of the calibration
    np.array([0.0, 0.0, 90.0]),
)
TURNED = [[0.0, 1, 0], [-1, 0, 0], [0, 0, 1], [1, 2, 3]]  # as Anipose would: 90 degrees about z, and shifted
ORIGIN = Origin("take.csv", RATE, "mm", "x z -y", "left", TURNED)


@pytest.fixture(scope="module")
def recorded():
    """A reach of a left arm, smaller than the model's; and where its points were for the cameras, (T, 3, 3) mm."""
    (first, *_) = read_reaches(resolve("package:synthetic", "kinematics/data"))
    drift = np.linspace(0, 1e-3, first.n_frames)[:, None, None]  # the trunk moves
    reach = first.moved(0.85 * first.landmarks + drift, time=(FIRST + np.arange(first.n_frames)) / RATE)
    there = reach.landmarks[:, :, [1, 2, 0]]  # forward, up, right
    there = 1e3 * np.stack([there[..., 0], there[..., 2], there[..., 1]], axis=-1)  # of a left arm: left is y
    centre = there.mean(axis=(0, 1))
    tracked = there - centre
    matrix = read_axes(ORIGIN.axes)
    moved = np.moveaxis(to_metres(tracked, "mm", matrix, "left")[..., [2, 0, 1]], 1, 0)
    reach = replace(reach, **dict(zip(LANDMARKS, moved, strict=True)))
    cameras = (tracked + TURNED[3]) @ np.array(TURNED[:3])  # (p + centre) inv(M^T), and inv(M^T) = M of a rotation
    return reach, cameras


@pytest.fixture(scope="module")
def pixels(recorded):
    """Where the camera saw the points, (T, 3, 2), by its published formula, written out."""
    x, y, z = np.moveaxis(recorded[1] @ CAMERA.rotation.T + CAMERA.translation, -1, 0)
    u, v = x / z, y / z
    r2, (k1, k2, p1, p2) = u**2 + v**2, CAMERA.distortions[:4]
    d = 1 + k1 * r2 + k2 * r2**2
    u, v = d * u + 2 * p1 * u * v + p2 * (r2 + 2 * u**2), d * v + p1 * (r2 + 2 * v**2) + 2 * p2 * u * v
    return np.stack([700 * u + 160, 700 * v + 120], axis=-1)


@pytest.fixture(scope="module")
def footage(tmp_path_factory, recorded):
    """A grey film with a line at each frame's number, and its path."""
    path = tmp_path_factory.mktemp("film") / "mouse_left.mp4"
    with imageio.get_writer(path, fps=30, codec="libx264", quality=9, macro_block_size=2) as film:
        for n in range(FIRST + recorded[0].n_frames):
            picture = np.full((HEIGHT, WIDTH, 3), 100, dtype=np.uint8)
            picture[:, 2 * n : 2 * n + 2] = 200
            film.append_data(picture)
    return path


def trial(reach, arm, method, error):
    """The arm as it would be if its paw were off by an error (3,) m of the model."""
    config = replace(compose([f"kinematics.retarget={method}"]).kinematics, max_residual_mm=9.0)
    made = retarget(resample(reach, 1 / RATE), arm, 1 / RATE, config)
    shoulder = arm.landmark_positions(arm.rest_qpos[None])[0, 0]
    targets = with_shoulder(shoulder, np.stack([made.elbow, made.paw], axis=1))
    landmarks = targets.copy()
    landmarks[:, 2] += error
    return Trial(name="reach", dt=1 / RATE, landmarks=landmarks, targets=targets, qpos=made.qpos)


@pytest.mark.parametrize("method", ["segments", "uniform"])
def test_targets_are_where_the_camera_saw_the_animal(torque_arm, recorded, pixels, footage, method):
    reach, _ = recorded
    drawn = FilmOverlay.of(trial(reach, torque_arm, method, 0), reach, torque_arm, method, ORIGIN, CAMERA, footage)
    assert drawn.first == FIRST
    np.testing.assert_allclose(drawn.targets[:, FOLLOWED], pixels[:, FOLLOWED], atol=1e-6)
    np.testing.assert_allclose(drawn.points, pixels, atol=1e-6)


def test_an_error_has_the_animals_scale(torque_arm, recorded, footage):
    reach, _ = recorded
    off = trial(reach, torque_arm, "segments", np.array([0, 0, 1e-3]))  # upwards
    drawn = FilmOverlay.of(off, reach, torque_arm, "segments", ORIGIN, CAMERA, footage)
    scale = reach.forearm_length / torque_arm.segment_lengths()[1]
    assert drawn.scale == pytest.approx(scale, rel=1e-2)
    # 90 mm from a lens of 700 pixels a millimetre is 7.8 pixels.
    up = drawn.targets[:, 2, 1] - drawn.points[:, 2, 1]
    np.testing.assert_allclose(up, 700 / 90 * scale, rtol=0.15)


def test_what_is_drawn_lies_within_half_a_pixel(torque_arm, recorded, pixels, footage, tmp_path):
    reach, _ = recorded
    shown = trial(reach, torque_arm, "segments", np.array([0, 0, 4e-3]))
    drawn = FilmOverlay.of(shown, reach, torque_arm, "segments", ORIGIN, CAMERA, footage)
    frame, grey = 7, np.full((HEIGHT, WIDTH, 3), 100, dtype=np.uint8)
    picture = drawn.drawn(grey, frame).astype(float)
    orange = np.clip(picture[..., 0] - picture[..., 2] - 60, 0, None)  # the disc and the ring of the paw
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    for point in (pixels[frame, 2], drawn.points[frame, 2]):
        near = orange * (np.hypot(columns - point[0], rows - point[1]) < 6)
        centre = [(near * at).sum() / near.sum() for at in (columns, rows)]
        np.testing.assert_allclose(centre, point, atol=0.5)

    drawn.write(Shot(shown, torque_arm.model, "run"), tmp_path / "out.mp4", speed=0.1, fps=30)
    with imageio.get_reader(tmp_path / "out.mp4") as film:
        pictures = [np.asarray(picture) for picture in film]
    # Two pictures a frame: 150 a second, ten times slower, at 30 a second; half a second is held.
    assert len(pictures) == 2 * (reach.n_frames - 1) + 1 + 15
    for i in (0, 1, 2, 20, 2 * (reach.n_frames - 1)):
        column = int(np.median(pictures[i].mean(axis=2), axis=0).argmax())
        assert column // 2 - FIRST in (i // 2, (i + 1) // 2)


def test_advice_on_films_and_cameras(torque_arm, recorded, footage, tmp_path):
    reach, _ = recorded
    shown = trial(reach, torque_arm, "segments", 0)

    def draw(camera=CAMERA, film=footage, origin=ORIGIN, offset=0):
        return FilmOverlay.of(shown, reach, torque_arm, "segments", origin, camera, film, offset)

    with pytest.raises(KinematicsError, match="320 x 240 pixels, but its camera was calibrated with 640 x 480"):
        draw(replace(CAMERA, size=(640, 480)))
    for wrong in (
        {"camera": replace(CAMERA, translation=np.array([60.0, 0, 90]))},
        {"origin": replace(ORIGIN, unit="m")},
    ):
        with pytest.raises(KinematicsError, match="Choose the camera that filmed it"):
            draw(**wrong)
    (tmp_path / "none.mp4").write_text("no film")
    with pytest.raises(KinematicsError, match="is no film that can be read"):
        draw(film=tmp_path / "none.mp4")
    for offset in (-FIRST - 1, 5):
        with pytest.raises(KinematicsError, match="has no frame"):
            draw(offset=offset).write(Shot(shown, torque_arm.model), tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()
    draw(offset=-3).write(Shot(shown, torque_arm.model), tmp_path / "out.mp4", speed=1)
    assert (tmp_path / "out.mp4").exists()
    cameras = {"left": CAMERA, "right": CAMERA}
    assert choose_camera(cameras, None, footage) is CAMERA
    for name, film in (("top", footage), (None, tmp_path / "a.mp4")):
        with pytest.raises(UnknownNameError) as caught:
            choose_camera(cameras, name, film)
        assert caught.value.valid == ["left", "right"]


def test_advice_on_reaches_that_were_not_imported(tmp_path):
    (tmp_path / "m1").mkdir()
    file = tmp_path / "m1" / "take.csv"
    with pytest.raises(KinematicsError, match="Import the recording again"):
        read_origin(file)
    write_origins({"m1/take": ORIGIN}, tmp_path)
    assert read_origin(file) == ORIGIN
    whole = (tmp_path / "import.json").read_text()
    for old, new in (('"mm"', '"inch"'), ('"x z -y"', "3"), ("150.0", '"fast"'), ('"file"', '"other"'), ("{", "[")):
        (tmp_path / "import.json").write_text(whole.replace(old, new) if old != "{" else f"[{whole}]")
        with pytest.raises(KinematicsError, match=r"import\.json"):
            read_origin(file)
