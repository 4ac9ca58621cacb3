"""The viewer's window on a real X server, with real keys."""

import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import ImageGrab
from viewer_process import SCRIPT, end_viewer, start_viewer

from mousearm.render import TARGET_COLOURS

MISSING = [name for name, path in (("xvfb", "Xvfb"), ("xdotool", "xdotool")) if shutil.which(path) is None]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"there is no screen to test with: apt-get install {' '.join(MISSING)}"),
]


@pytest.fixture(scope="module")
def screen():
    """A screen without a monitor; gives its name."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1024x768x24"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as number:
        yield f":{number.readline().strip()}"
    server.terminate()
    server.wait(timeout=30)


class Window:
    """A viewer's window."""

    def __init__(self, screen, *arguments):
        self._environment = {**os.environ, "DISPLAY": screen}
        self._screen = screen
        self.viewer = start_viewer(*arguments, env=self._environment)
        end = time.monotonic() + 120
        while not self._xdotool("search", "--name", "MuJoCo") and time.monotonic() < end:
            assert self.viewer.poll() is None, self.viewer.stderr.read()
            time.sleep(0.5)

    def press(self, *keys):
        for key in keys:
            self._xdotool("key", key)
            time.sleep(0.1)

    def picture(self, wanted=lambda picture: True):
        """What is seen, (height, width, 3), when it is as wanted and nothing has moved for two seconds."""
        seen, end = [], time.monotonic() + 90
        while time.monotonic() < end:
            time.sleep(0.7)
            now = np.asarray(ImageGrab.grab(xdisplay=self._screen).convert("RGB"))
            seen = [*seen[-2:], now]
            if len(seen) == 3 and all((now == one).all() for one in seen) and now.any() and wanted(now):
                return now
        raise AssertionError("it never becomes as wanted, or never stands still")

    def _xdotool(self, *arguments):
        result = subprocess.run(["xdotool", *arguments], env=self._environment, capture_output=True, text=True)
        return result.stdout


@pytest.fixture
def window(screen):
    opened = []

    def build(*arguments):
        opened.append(Window(screen, *arguments))
        return opened[-1]

    yield build
    for window in opened:
        window.viewer.kill()
        window.viewer.wait(timeout=30)


def like(picture, colour):
    """How many pixels have the hue of a colour."""
    pixels, direction = picture.astype(float), np.array(colour) / np.linalg.norm(colour)
    lengths = np.linalg.norm(pixels, axis=-1)
    return int(((pixels @ direction > 0.985 * lengths) & (lengths > 60)).sum())


def change(one, other):
    """How many pixels differ by more than the order in which translucent shapes are drawn makes."""
    return int((np.abs(one.astype(int) - other).max(axis=2) > 24).sum())


def same_as(other):
    return lambda picture: change(picture, other) < 10


def unlike(other, pixels=500):
    return lambda picture: change(picture, other) > pixels


@pytest.mark.parametrize("model", ["torque", "muscle"])
def test_keys_steer_what_is_seen(window, model):
    window = window(f"model={model}", "kinematics=synthetic", "threads=1", "--controller", "cmc")
    time.sleep(2)
    window.press("space", "BackSpace")
    start = window.picture()

    window.press(*["Right"] * 6)
    later = window.picture(unlike(start))
    for colour in TARGET_COLOURS:  # what of the paths of elbow and paw lies behind becomes solid
        assert like(later, colour) > like(start, colour) + 10
    window.press(*["Left"] * 6)
    window.picture(same_as(start))

    window.press("Down")
    window.picture(unlike(start))
    window.press("Up")
    window.picture(same_as(start))

    window.press("Return", *["Right"] * 6)
    let_go = window.picture(lambda picture: unlike(start)(picture) and unlike(later)(picture))
    window.press("8")
    window.picture(unlike(let_go, 100))
    window.press("8")
    window.picture(same_as(let_go))

    window.press("BackSpace")
    window.picture(same_as(start))
    window.press("9")
    window.picture(unlike(start))  # the keys are shown

    end_viewer(window.viewer)


def test_a_display_that_cannot_be_used_is_explained(screen):
    environment = {**os.environ, "DISPLAY": ":4095"}
    command = [sys.executable, str(SCRIPT), "threads=1"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 1
    assert "error: The display cannot be used. `--web` shows the same in a browser" in result.stderr
    assert "Traceback" not in result.stderr
