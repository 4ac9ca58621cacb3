"""Paths that users write: on disk, of data that the package ships, on the Hugging Face Hub; and where the cache is."""

import os
from importlib.resources import files
from pathlib import Path, PurePosixPath

from mousearm.errors import ConfigError
from mousearm.hub.download import fetch
from mousearm.hub.repository import PREFIX, HubUri

PACKAGE = "package:"


def resolve(text: str, folder: str) -> Path:
    """Turn a path from the configuration, relative to the working directory or absolute, into a path on disk.

    ``package:NAME`` is shipped data in a folder of the package, such as ``"model"``; what is on the Hub,
    ``hf://OWNER/NAME@REVISION/PATH``, is downloaded unless it is in the cache. ConfigError if the text can be no path,
    its place cannot be looked at, or ``package:`` leads out of the folder; HubError if it cannot be downloaded.
    """
    if text.startswith(PREFIX):
        return fetch(HubUri.parse(text)).path
    try:
        path = _shipped(text.removeprefix(PACKAGE), folder) if text.startswith(PACKAGE) else Path(text).expanduser()
        path.exists()
    except (OSError, ValueError, RuntimeError) as error:  # too long or not permitted; package:..; no such user
        raise ConfigError(f"'{text[:200]}' cannot be used as a path: {error}") from error
    return path


def _shipped(name: str, folder: str) -> Path:
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        raise ValueError(f"{PACKAGE} stands for what the package ships, which is below mousearm/{folder}")
    return Path(str(files("mousearm"))) / folder / name


def cache_folder() -> Path:
    """``$XDG_CACHE_HOME/mousearm``, or ``~/.cache/mousearm``; it may be deleted at any time."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "mousearm"
