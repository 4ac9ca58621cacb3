"""mousearm: from recorded reaches of a mouse to trained, measured and shareable neural controllers of its forelimb."""

import ctypes.util
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mousearm.api import Run, check_reaches, compare, import_reaches, optimal_control, train

__all__ = [
    "CHECKOUT",
    "INSTALLED",
    "Run",
    "__version__",
    "check_reaches",
    "compare",
    "import_reaches",
    "optimal_control",
    "train",
]

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


def __getattr__(name: str) -> Any:
    """Import from `mousearm.api`, which is slow, when a name of it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"mousearm has no {name!r}; it has {', '.join(__all__)}.")
    return getattr(importlib.import_module("mousearm.api"), name)


_prefer_headless_rendering()
