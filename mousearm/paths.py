"""Paths that users write: on disk, of data that the package ships, on the Hugging Face Hub."""

from importlib.resources import files
from pathlib import Path, PurePosixPath

from mousearm.errors import ConfigError
from mousearm.hub.download import fetch
from mousearm.hub.repository import PREFIX, HubUri

PACKAGE = "package:"


def resolve(text: str, folder: str) -> Path:
    """Turn a path from the configuration into a path on disk.

    Args:
        text: a path, relative to the working directory or absolute; ``package:NAME`` for data shipped in ``folder``; or
            ``hf://OWNER/NAME@REVISION/PATH`` for what is on the Hub, which is downloaded unless it is in the cache.
        folder: the package folder that ``package:`` means, such as ``"model"``.

    Raises:
        ConfigError: if the text can be no path, its place cannot be looked at, or ``package:`` leads out of the folder.
        HubError: if it is on the Hub and cannot be downloaded.
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
