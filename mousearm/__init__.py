"""mousearm: from recorded reaches of a mouse to trained, measured and shareable neural controllers of its forelimb."""

import ctypes.util
import os
import sys
from pathlib import Path

__version__ = "0.1.0"

INSTALLED = Path(__file__).parent
"""Folder of the package."""

CHECKOUT = None if (INSTALLED / "conf").is_dir() else INSTALLED.parent
"""Folder of run.py, conf/ and scripts/; None for a wheel, of which conf and scripts are parts."""


def _prefer_headless_rendering() -> None:
    """Without a display, draw through EGL; MuJoCo reads the variable when it is first imported, and never again."""
    headless = not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if sys.platform == "linux" and headless and ctypes.util.find_library("EGL"):
        os.environ.setdefault("MUJOCO_GL", "egl")


_prefer_headless_rendering()
