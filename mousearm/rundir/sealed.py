"""Folders that are there as a whole or not at all, with a manifest of hashes by which damage shows."""

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

from mousearm.errors import RunError
from mousearm.rundir.files import explained, read_json, sync_folder, to_json, write_synced

MANIFEST = "manifest.json"


def seal(folder: Path, files: Mapping[str, bytes], run: str) -> None:
    """Write a folder at once: beside, with its manifest, synced, then renamed; one of the same name is replaced.

    Args:
        folder: where.
        files: contents by name.
        run: whose it is; kept in the manifest.

    Raises:
        RunError: if it cannot be written; what was there is as it was.
    """
    beside, before = _beside(folder)
    with explained(folder):
        settle(folder)
        for leftover in (beside, before):
            shutil.rmtree(leftover, ignore_errors=True)
        beside.mkdir()
        manifest = to_json({"run": run, "sha256": {name: _sha256(content) for name, content in files.items()}})
        for name, content in {**files, MANIFEST: manifest.encode()}.items():
            with explained(folder / name):
                write_synced(beside / name, content)
        sync_folder(beside)
        if folder.exists():
            folder.rename(before)
        beside.rename(folder)
        sync_folder(folder.parent)
    shutil.rmtree(before, ignore_errors=True)


def check(folder: Path, run: str = "") -> None:
    """See that a folder is as it was sealed.

    Args:
        folder: which.
        run: whose it must be; empty for anybody's.

    Raises:
        RunError: naming the file that is missing, damaged or not of it.
    """
    manifest = read_json(folder / MANIFEST)
    hashes = manifest.get("sha256")
    if not isinstance(hashes, dict):
        raise RunError(f"{folder / MANIFEST} is no manifest: it has no hashes (sha256).")
    for name, sha256 in hashes.items():
        file = folder / Path(name).name
        if not file.is_file():
            raise RunError(f"{file} is missing.")
        with explained(file, "read"):
            content = file.read_bytes()
        if _sha256(content) != sha256:
            raise RunError(f"{file} is damaged: its hash is not that of {MANIFEST}.")
    if run and manifest.get("run") != run:
        raise RunError(f"{folder} is of another run.")


def remove(folder: Path) -> None:
    """Remove a sealed folder; a kill on the way leaves nothing that looks like one."""
    beside, _ = _beside(folder)
    shutil.rmtree(beside, ignore_errors=True)
    with explained(folder):
        folder.rename(beside)
    shutil.rmtree(beside, ignore_errors=True)


def settle(folder: Path) -> None:
    """Finish what a kill interrupted between the two renames of ``seal``: the old folder comes back."""
    _, before = _beside(folder)
    if before.is_dir() and not folder.exists():
        before.rename(folder)


def tidy(place: Path) -> None:
    """Settle what kills left behind in a folder of sealed folders."""
    for before in place.glob("*.before"):
        settle(before.with_suffix(""))
    for leftover in (*place.glob("*.partial"), *place.glob("*.before")):
        shutil.rmtree(leftover, ignore_errors=True)


def _beside(folder: Path) -> tuple[Path, Path]:
    """Where a folder is written, and where the one that it replaces waits."""
    return folder.with_name(folder.name + ".partial"), folder.with_name(folder.name + ".before")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
