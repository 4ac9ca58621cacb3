import os
import subprocess
import sys

import mujoco
import numpy as np
import pytest

from mousearm.errors import ConfigError, RenderError, UnknownNameError
from mousearm.render import TARGET_COLOURS, VIEWS, Picture, colour_muscles, framing, view

# A bone of 20 mm along x, a muscle above it, and a site so large that it would hide everything.
XML = """
<mujoco>
  <visual><global azimuth="90" elevation="0"/></visual>
  <worldbody>
    <light directional="true" dir="0 1 0" pos="0 -1 0" diffuse="0.8 0.8 0.8"/>
    <camera name="near" pos="0 -0.06 0" xyaxes="1 0 0 0 0 1"/>
    <site name="huge" size="1" rgba="0 1 0 1"/>
    <site name="origin" pos="-0.01 0 0.004"/>
    <body>
      <joint name="slide" type="slide" axis="1 0 0"/>
      <geom type="capsule" fromto="-0.01 0 0 0.01 0 0" size="0.002" rgba="0.9 0.9 0.9 1"/>
      <site name="insertion" pos="0.01 0 0.004"/>
    </body>
  </worldbody>
  <tendon><spatial name="m" width="0.001"><site site="origin"/><site site="insertion"/></spatial></tendon>
  <actuator><muscle name="m" tendon="m" lengthrange="0.01 0.03"/></actuator>
</mujoco>
"""
FAR = np.full((2, 3), 10.0)


@pytest.fixture(scope="module")
def model():
    return mujoco.MjModel.from_xml_string(XML)


@pytest.fixture
def data(model):
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return data


@pytest.fixture(scope="module")
def picture(model):
    try:
        with Picture(model, 160, 120) as picture:
            yield picture
    except RenderError as error:
        pytest.skip(str(error))


def like(image, colour):
    """Which pixels have the hue of a colour, bright or in shade."""
    pixels = image.astype(float)
    direction = np.array(colour) / np.linalg.norm(colour)
    return (pixels @ direction > 0.97 * np.linalg.norm(pixels, axis=-1)) & (pixels.max(axis=-1) > 60)


def test_the_size_is_what_was_asked_for_and_may_exceed_the_model_s_buffer(picture, model, data):
    assert picture.draw(data).shape == (120, 160, 3)
    assert picture.draw(data).dtype == np.uint8
    with Picture(model, 1000, 700) as large:  # the buffer of a model is 640 x 480 unless it says otherwise
        assert large.draw(data).shape == (700, 1000, 3)
    assert model.vis.global_.offwidth == 640


@pytest.mark.parametrize("point", [0, 1])
def test_a_target_is_a_sphere_of_its_colour_where_it_should_be(picture, data, point):
    # The camera looks along y from y = -60 mm with an opening of 45 degrees: 120 pixels are 2 * 60 mm * tan(22.5) =
    # 49.7 mm, so 10 mm to the left and up are 24.1 pixels from the middle.
    targets = FAR.copy()
    targets[point] = (-0.01, 0, 0.01)
    rows, columns = np.nonzero(like(picture.draw(data, targets), TARGET_COLOURS[point]))
    assert (rows.mean(), columns.mean()) == pytest.approx((60 - 24.1, 80 - 24.1), abs=1.0)
    assert not like(picture.draw(data), TARGET_COLOURS[point]).any()


def test_a_path_is_a_line_of_its_colour(picture, data):
    paths = np.zeros((2, 11, 3))
    paths[:, :, 0] = np.linspace(-0.01, 0.01, 11)  # 48 pixels
    paths[0, :, 2], paths[1, :, 2] = -0.008, -0.012  # below the bone
    image = picture.draw(data, paths=paths)
    for colour, row in zip(TARGET_COLOURS, (60 + 19, 60 + 29), strict=True):
        rows, columns = np.nonzero(like(image, colour))
        assert rows.mean() == pytest.approx(row, abs=1.5)
        assert np.ptp(columns) == pytest.approx(48, abs=3)


def test_a_muscle_turns_red_with_the_root_of_its_activation(picture, model, data):
    def colour(activation):
        data.act[:] = activation
        picture.draw(data)
        return picture.model.tendon_rgba[0, :3].copy()

    np.testing.assert_allclose(colour(0.25), (colour(0) + colour(1)) / 2, atol=1e-6)
    np.testing.assert_array_equal(colour(3), colour(1))
    data.act[:] = 1
    active = like(picture.draw(data), (0.86, 0.08, 0.10)).sum()
    data.act[:] = 0
    assert active > like(picture.draw(data), (0.86, 0.08, 0.10)).sum() + 50
    np.testing.assert_allclose(model.tendon_rgba[0, :3], 0.5)  # MuJoCo's default: the caller's model is left alone


def test_sites_are_not_drawn(picture, data):
    assert not like(picture.draw(data), (0, 1, 0)).any()


def test_a_full_scene_draws_what_fits(picture, data):
    assert picture.draw(data, paths=np.zeros((2, 20_000, 3))).shape == (120, 160, 3)


def test_framing_shows_every_point(model, data, picture):
    points = np.random.default_rng(0).uniform(-0.02, 0.03, (20, 3))
    camera = framing(model, points)
    np.testing.assert_allclose(camera.lookat, (points.min(axis=0) + points.max(axis=0)) / 2)
    with Picture(model, 160, 120, camera) as framed:
        for point in points:
            spots = like(framed.draw(data, np.stack([FAR[0], point])), TARGET_COLOURS[1])
            assert spots.any()
            assert spots.sum() == spots[1:-1, 1:-1].sum()  # nothing of it at the edges


def test_cameras_are_found_by_name(model, data, picture):
    with Picture(model, 160, 120, "near") as named:
        np.testing.assert_array_equal(named.draw(data), picture.draw(data))
    with pytest.raises(UnknownNameError, match=r"no camera in the model named 'nera'. Did you mean 'near'\?"):
        Picture(model, camera="nera")


@pytest.mark.parametrize(
    ("name", "looks_along"),
    [("front", (0, -1, 0)), ("side", (-1, 0, 0)), ("top", (0, 0, -1)), ("45,-30", (0.75**0.5 / 2**0.5,) * 2 + (-0.5,))],
)
def test_a_view_looks_along_its_direction_at_all_points(model, data, name, looks_along):
    points = np.array([[0.01, 0.02, 0.03], [-0.01, 0.0, 0.0]])
    camera = view(model, name, points)
    scene = mujoco.MjvScene(model, 100)
    mujoco.mjv_updateScene(model, data, mujoco.MjvOption(), None, camera, mujoco.mjtCatBit.mjCAT_ALL, scene)
    np.testing.assert_allclose(scene.camera[0].forward, looks_along, atol=1e-6)
    np.testing.assert_allclose(camera.lookat, points.mean(axis=0))


def test_a_camera_of_the_model_comes_first_and_none_is_the_model_s_side(model):
    points = np.zeros((2, 3))
    assert view(model, "near", points) == "near"
    assert (view(model, None, points).azimuth, view(model, None, points).elevation) == (90, 0)
    with pytest.raises(UnknownNameError, match=r"AZIMUTH,ELEVATION\) named 'tpo'. Did you mean 'top'\?") as caught:
        view(model, "tpo", points)
    assert set(caught.value.valid) == {"near", *VIEWS}
    with pytest.raises(ConfigError, match="nan,0 is not a direction"):
        view(model, "nan,0", points)


@pytest.mark.parametrize(
    "environment",
    [
        {"MUJOCO_GL": "glfw"},  # needs a screen
        {"MUJOCO_GL": "egl", "PYOPENGL_PLATFORM": "missing"},
        {"MUJOCO_GL": "egl", "MUJOCO_EGL_DEVICE_ID": "99"},
        {"MUJOCO_GL": "off"},
    ],
    ids=str,
)
@pytest.mark.skipif(sys.platform != "linux", reason="other systems draw without these variables")
def test_a_machine_that_cannot_draw_says_so_and_nothing_else(environment):
    screen = ("DISPLAY", "WAYLAND_DISPLAY")
    program = (
        "from mousearm.errors import RenderError\n"
        "from mousearm.render import Picture, mujoco\n"
        "for attempt in range(2):\n"  # MuJoCo itself aborts at the second
        "    try:\n"
        "        with Picture(mujoco.MjModel.from_xml_string('<mujoco/>')): pass\n"
        "    except RenderError as error: print(error)\n"
    )
    inherited = {key: value for key, value in os.environ.items() if key not in screen}
    done = subprocess.run([sys.executable, "-c", program], env=inherited | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("This machine cannot draw (") == 2
    assert "set MUJOCO_GL=egl" in done.stdout
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_muscle_colours_that_do_not_exist_are_refused(model):
    with pytest.raises(UnknownNameError, match=r"muscle colours named 'red_grey'.*blue_red, grey_red"):
        colour_muscles(model, np.zeros(1), "red_grey")
