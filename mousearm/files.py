"""Writing: files and folders that appear whole or not at all, and the hashes by which `mousearm.door` knows them."""

import errno
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mousearm.door import MANIFEST, SEAL, read_seal, sha256
from mousearm.errors import OutputError, os_errors_as

_BESIDE = (".partial", ".before")  # where a folder is written, and where the one that it replaces waits


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file at once: beside it first, synced to the disk, then renamed. A reader never sees half of it.

    OutputError if it cannot be written, as of all writers here; what was there is as it was.
    """
    beside = path.with_name(path.name + ".partial")
    with os_errors_as(OutputError, path, is_exact=True):
        try:
            _write_synced(beside, content)
            beside.replace(path)
        except OSError:
            with suppress(OSError):
                beside.unlink()  # what is half there takes the room that there is
            raise
        sync(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text file, in UTF-8, as `write_bytes` does."""
    write_bytes(path, text.encode())


def write_json(path: Path, content: Any) -> None:
    """Write JSON as `write_bytes` does."""
    write_text(path, to_json(content))


def to_json(content: Any) -> str:
    """Format as JSON for people."""
    return json.dumps(content, indent=2) + "\n"


def unknown_as_null(content: Any) -> Any:
    """The same lists, tuples and dicts with None for numbers that are not finite, of which JSON has none."""
    if isinstance(content, Mapping):
        return {key: unknown_as_null(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [unknown_as_null(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def append_text(path: Path, text: str) -> None:
    """Write at the end of a file, or raise OutputError; a kill may leave half of it, a power cut more before `sync`."""
    with os_errors_as(OutputError, path), path.open("a", newline="", encoding="utf-8") as file:
        file.write(text)


def _write_synced(path: Path, content: bytes) -> None:
    """Write a file, and wait until the disk has it; a kill may leave half of it. Raises OSError."""
    path.write_bytes(content)
    sync(path)


def sync(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder, so that they outlive a power cut. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def staged(path: Path) -> Iterator[Path]:
    """Let something else write a file or a folder, which takes its name only when all went well.

    A file of that name is replaced, an empty folder too; the folder above exists. Yields a path of the same name that
    does not exist yet, in a hidden folder beside, which no other process uses.
    """
    path = path.resolve()  # the name of "." is empty
    with os_errors_as(OutputError, path, is_exact=True):
        hidden = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        with os_errors_as(OutputError, path):
            written = hidden / path.name
            yield written
            if written.is_file():
                sync(written)
            written.replace(path)
            sync(path.parent)
    except OutputError as error:
        raise OutputError(str(error).replace(f"{hidden}/", f"{path.parent}/")) from error.__cause__
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


@contextmanager
def new_output(path: Path, overwrite: bool | None = None, option: str = "--out") -> Iterator[Path]:
    """Stage what an option of a command line asks for, as `staged`; the folders above are made.

    OutputError if it is a folder that is not empty, or a file that is not to be overwritten. ``overwrite`` is None
    where a command has no such option.
    """
    check_new(path, overwrite, option)
    make_folder(path.resolve().parent)
    with staged(path) as written:
        yield written


def check_new(path: Path, overwrite: bool | None = None, option: str = "--out") -> None:
    """Refuse what `new_output` refuses, before the work whose result it is to hold."""
    if path.is_dir() and any(path.iterdir()):
        raise OutputError(
            f"{path} ({option}) exists already, and nothing in it is to be overwritten or mixed with what would be "
            "written. Give another folder, or remove it."
        )
    if path.is_file() and not overwrite:
        remedy = "Give another name, or remove it."
        if overwrite is not None:
            remedy = "Give --overwrite to replace it, or another name."
        raise OutputError(f"{path} ({option}) exists already. {remedy}")


def check_place(path: Path, is_folder: bool | None, is_above_made: bool = True) -> None:
    """Refuse a path to which no file, or folder (None: any of them), can be written.

    Folders above that do not exist are made, or must be there.
    """
    whole = path.absolute()
    with os_errors_as(OutputError, path, is_exact=True):
        if not is_above_made:
            whole.parent.stat()
        there = next(place for place in (whole, *whole.parents) if place.exists())
        if is_folder is False and there.is_dir() and there == whole:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if there.is_file() and (is_folder or there != whole):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(there if there.is_dir() else there.parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def make_folder(path: Path) -> Path:
    """Make a folder and those above it, where they do not exist; OutputError if it cannot be made."""
    with os_errors_as(OutputError, path, "made"):
        path.mkdir(parents=True, exist_ok=True)
    return path


class ArrayCache:
    """Arrays that are slow to make, on disk under a hash of all that they depend on, so that none gets out of date."""

    def __init__(self, folder: Path):
        """Prepare for arrays of one kind; the folder, such as one in `mousearm.paths.cache_folder`, need not exist."""
        self._folder = folder

    def read(self, key: str) -> dict[str, Any] | None:
        """The arrays by name; None if they are not there, or damaged."""
        import numpy as np

        try:
            with np.load(self._file(key), allow_pickle=False) as content:
                return {name: content[name] for name in content.files}  # with its checksum: npz is a zip archive
        except Exception:  # there is none, or it is damaged, for which numpy and zipfile raise many kinds
            return None

    def write(self, key: str, arrays: Mapping[str, Any]) -> None:
        """Keep them; a folder that is full, or cannot be written, costs time, nothing else."""
        import numpy as np

        file = self._file(key)
        with suppress(OutputError):
            make_folder(file.parent)
            with staged(file) as new:
                np.savez(new, **arrays)

    def _file(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.npz"


def check_room(path: Path, n_bytes: int) -> None:
    """Raise OSError if a file cannot grow by some bytes: for writers, as of HDF5, that a full disk breaks."""
    if hasattr(os, "posix_fallocate"):
        size = path.stat().st_size if path.exists() else 0
        with tempfile.TemporaryFile(dir=path.parent) as file:
            os.posix_fallocate(file.fileno(), size, n_bytes)


def seal(folder: Path, hashes: Mapping[str, str | None]) -> None:
    """Note hashes of files by name, so that damage to them shows; None for a file that is about to change."""
    before = read_seal(folder)
    after = {name: digest for name, digest in {**before, **hashes}.items() if digest is not None}
    if after != before:
        write_text(folder / SEAL, as_seal(after))


def as_seal(hashes: Mapping[str, str]) -> str:
    """Text of a `SEAL`: hashes of files by name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(hashes.items()))


def write_sealed(path: Path, text: str) -> None:
    """Write a text file as `write_text`, and note its hash; a kill on the way leaves it without one."""
    seal(path.parent, {path.name: None})
    write_text(path, text)
    seal(path.parent, {path.name: sha256(text.encode())})


def write_folder(folder: Path, files: Mapping[str, bytes], run: str) -> None:
    """Write a folder of files, contents by name, at once: beside, synced, then renamed; an older one is replaced.

    The manifest with their hashes also says of which run they are.
    """
    partial, before = (folder.with_name(folder.name + ending) for ending in _BESIDE)
    with os_errors_as(OutputError, folder):
        recover_folder(folder)
        for leftover in (partial, before):
            shutil.rmtree(leftover, ignore_errors=True)
        partial.mkdir()
        manifest = to_json({"run": run, "sha256": {name: sha256(content) for name, content in files.items()}})
        for name, content in {**files, MANIFEST: manifest.encode()}.items():
            with os_errors_as(OutputError, folder / name):
                _write_synced(partial / name, content)
        sync(partial)
        if folder.exists():
            folder.rename(before)
        partial.rename(folder)
        sync(folder.parent)
    shutil.rmtree(before, ignore_errors=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder, or raise OutputError; a kill on the way leaves nothing that looks like one."""
    partial = folder.with_name(folder.name + _BESIDE[0])
    shutil.rmtree(partial, ignore_errors=True)
    with os_errors_as(OutputError, folder, "removed"):
        folder.rename(partial)
    shutil.rmtree(partial, ignore_errors=True)


def recover_folder(folder: Path) -> None:
    """Finish what a kill interrupted between the two renames of `write_folder`: the old folder comes back."""
    before = folder.with_name(folder.name + _BESIDE[1])
    if before.is_dir() and not folder.exists():
        before.rename(folder)


def clean_up(place: Path) -> None:
    """Recover, or remove, what kills left behind in a folder of such folders."""
    for before in place.glob("*.before"):
        recover_folder(before.with_suffix(""))
    for leftover in (*place.glob("*.partial"), *place.glob("*.before")):
        shutil.rmtree(leftover, ignore_errors=True)
