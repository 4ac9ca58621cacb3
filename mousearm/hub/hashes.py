"""Git's names of files, which are hashes of what they hold: by them a damaged file shows without asking the Hub."""

import hashlib
from pathlib import Path

from mousearm.files import sha256


def is_named(file: Path, name: str) -> bool:
    """Whether git calls a file by a name.

    In place of a large file git has a pointer to it, three lines with its SHA-256 and size, and the name of that.
    """
    content = file.read_bytes()
    return name in (_name(content), _name(_pointer(content)))


def _name(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _pointer(content: bytes) -> bytes:
    """What Git LFS (specification v1) keeps in place of a file."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(content)}\nsize {len(content)}\n".encode()
