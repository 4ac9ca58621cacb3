"""Where files are found: paths that users write, and the data that the package ships."""

from importlib.resources import files
from pathlib import Path

PACKAGE = "package:"


def resolve(text: str, folder: str) -> Path:
    """Turn a path from the configuration into a path on disk.

    Args:
        text: a path, relative to the working directory or absolute; or ``package:NAME`` for data shipped in ``folder``.
        folder: the package folder that ``package:`` means, such as ``"model"``.
    """
    if text.startswith(PACKAGE):
        return Path(str(files("mousearm"))) / folder / text.removeprefix(PACKAGE)
    return Path(text).expanduser()
