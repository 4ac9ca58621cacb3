"""Compiled engines in the cache, each under the hash of everything that it depends on; so none gets out of date."""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mousearm.door import read_bytes, read_seal, sha256
from mousearm.errors import MouseArmError, OutputError
from mousearm.files import make_folder, seal, staged
from mousearm.paths import cache_folder

_MAX_BYTES = 200_000_000


def place_of(parts: Iterable[str]) -> Path:
    """The folder of what depends on these parts, such as a source, a compiler and a processor; it need not exist."""
    key = sha256("\0".join(parts).encode())
    return cache_folder() / "engines" / key[:2] / key


def is_intact(file: Path) -> bool:
    """True if a file of the cache is as it was written, by this user."""
    with suppress(OSError, MouseArmError):
        mine = all(path.stat().st_uid == os.getuid() for path in (file.parent, file))
        return mine and read_seal(file.parent).get(file.name) == sha256(read_bytes(file, _MAX_BYTES))
    return False


def keep(file: Path, content: bytes, source_name: str, source: str) -> bool:
    """Put a file into the cache, and its source beside it, whole or not at all.

    Returns whether it is there then, from here or another process: a home may be full, or not to be written to.
    """
    folder = file.parent
    with suppress(OutputError):
        make_folder(folder.parent)
        if is_intact(file):
            return True
        shutil.rmtree(folder, ignore_errors=True)
        with staged(folder) as new:
            new.mkdir()
            (new / file.name).write_bytes(content)
            (new / source_name).write_text(source, encoding="utf-8")
            seal(new, {file.name: sha256(content)})
    return is_intact(file)
