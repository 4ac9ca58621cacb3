"""The files that a model is made of, and whether they are still the same."""

import re
from collections.abc import Iterator
from pathlib import Path

from mousearm.config import ModelConfig
from mousearm.errors import ModelError
from mousearm.files import sha256
from mousearm.paths import resolve

_REFERENCE = re.compile(rb"\bfile\s*=\s*[\"']([^\"']+)[\"']")
_FOLDER = re.compile(rb"\b(?:mesh|texture|asset)dir\s*=\s*[\"']([^\"']+)[\"']")


def model_file(config: ModelConfig) -> Path:
    """The file that a configuration names, or the only model in the folder that it names.

    Raises:
        ConfigError: if it can be no path.
        HubError: if it is on the Hub and cannot be had.
        ModelError: if the folder has none, or several; names them.
    """
    named = config.osim or config.file or ""
    path = resolve(named, "model")
    if not path.is_dir():
        return path
    suffixes = (".osim",) if config.osim else (".xml", ".mjcf")
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in suffixes and file.is_file())
    if len(found) != 1:
        key, names = ("osim" if config.osim else "file"), [file.relative_to(path).as_posix() for file in found]
        raise ModelError(
            f"model.{key}='{named}' is a folder with {len(found) or 'no'} files of {' or '.join(suffixes)}. Name the "
            f"model itself, as model.{key}={named}/FILE. There are: {', '.join(names) or 'none'}."
        )
    return found[0]


def model_hashes(config: ModelConfig) -> dict[str, str]:
    """SHA-256 of the model's file and of all files that it names, by their paths from its folder.

    What cannot be found is left out: whoever compiles the model complains of it.
    """
    main = model_file(config)
    files = sorted(set(_with_named(main, main.parent, set()))) if main.is_file() else []
    return {_relative(file, main.parent): sha256(file) for file in files}


def _with_named(file: Path, root: Path, seen: set[Path]) -> Iterator[Path]:
    """A file, and those that it names, however deep."""
    if file in seen:
        return
    seen.add(file)
    yield file
    if file.suffix.lower() not in (".xml", ".mjcf"):
        return
    text = file.read_bytes()
    folders = [root, *(root / found.decode(errors="replace") for found in _FOLDER.findall(text))]
    for name in (found.decode(errors="replace") for found in _REFERENCE.findall(text)):
        for candidate in (folder / name for folder in folders):
            if candidate.is_file():
                yield from _with_named(candidate, root, seen)


def _relative(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
