"""The viewer in a window: MuJoCo's passive viewer."""

import os
import queue
import sys
import time

import glfw
import mujoco

from mousearm.errors import RenderError
from mousearm.render import framing
from mousearm.view.playback import CONTROLS, Playback, shown, status_text
from mousearm.view.scene import Scene

_FRAME_S = 1 / 60
_CONTROL_OF = {getattr(glfw, f"KEY_{control.window_key}"): control for control in CONTROLS}
_KEYS = {shown(control.window_key): control.meaning for control in CONTROLS}
_SHOW_KEYS = glfw.KEY_9
_ELSEWHERE = (
    "`--web` shows the same in a browser, on this machine or, by an SSH tunnel, on yours; `python scripts/video.py` "
    "writes films."
)


def watch_in_window(playback: Playback) -> None:
    """Show a playback until the window is closed; RenderError if no window can be opened here."""
    _check_display()
    import mujoco.viewer  # needs GLFW to have been found

    pressed: queue.SimpleQueue[int] = queue.SimpleQueue()  # keys come from the thread of the window
    scene = Scene(playback.simulator.arm)
    try:
        viewer = mujoco.viewer.launch_passive(
            *(scene.model, scene.data), key_callback=pressed.put, show_left_ui=False, show_right_ui=False
        )
    except RuntimeError as error:
        raise RenderError(
            f"No window can be opened ({error}). On macOS use mjpython for python. {_ELSEWHERE}"
        ) from error
    with viewer:
        with viewer.lock():
            viewer.opt.sitegroup[:] = 0
            camera = framing(scene.model, playback.trial.points)
            for name in ("lookat", "distance", "azimuth", "elevation"):
                setattr(viewer.cam, name, getattr(camera, name))
        keys_shown, last = False, time.monotonic()
        while viewer.is_running():
            while not pressed.empty():
                key = pressed.get()
                keys_shown ^= key == _SHOW_KEYS
                if key in _CONTROL_OF:
                    _CONTROL_OF[key].do(playback)
            now = time.monotonic()
            playback.advance(now - last)
            last = now
            _draw(viewer, scene, playback, keys_shown)
            time.sleep(_FRAME_S)


def _draw(viewer: "mujoco.viewer.Handle", scene: Scene, playback: Playback, keys_shown: bool) -> None:
    with viewer.lock():
        scene.pose(playback)
        viewer.user_scn.ngeom = 0
        scene.add_extras(viewer.user_scn, playback)
    viewer.set_texts(_texts(playback, keys_shown))
    viewer.sync()


def _texts(playback: Playback, keys_shown: bool) -> list[tuple[int, int, str, str]]:
    """Overlays: (font, place, left column, right column)."""
    keys = {**_KEYS, "9": "hide the keys"} if keys_shown else {"9": "show the keys"}
    boxes = {mujoco.mjtGridPos.mjGRID_TOPRIGHT: status_text(playback), mujoco.mjtGridPos.mjGRID_BOTTOMLEFT: keys}
    font = mujoco.mjtFontScale.mjFONTSCALE_100
    return [(font, place, "\n".join(lines), "\n".join(lines.values())) for place, lines in boxes.items()]


def _check_display() -> None:
    """Refuse where no window can be opened; MuJoCo's viewer would wait for it for ever."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise RenderError(f"There is no display to open a window on. {_ELSEWHERE}")
    if not glfw.init():
        raise RenderError(f"The display cannot be used. {_ELSEWHERE}")
    glfw.window_hint(glfw.VISIBLE, False)
    window = glfw.create_window(8, 8, "", None, None)
    if not window:
        raise RenderError(f"The display cannot draw by OpenGL. On Linux install libgl1-mesa-dri. {_ELSEWHERE}")
    glfw.destroy_window(window)
    glfw.terminate()
