"""mousearm: from recorded reaches of a mouse to trained, measured and shareable neural controllers of its forelimb."""

import ctypes.util
import os
import sys

__version__ = "0.1.0"


def _prefer_headless_rendering() -> None:
    """Without a display, draw through EGL; MuJoCo reads the variable when it is first imported, and never again."""
    headless = not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if sys.platform == "linux" and headless and ctypes.util.find_library("EGL"):
        os.environ.setdefault("MUJOCO_GL", "egl")


_prefer_headless_rendering()
