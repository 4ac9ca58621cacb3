"""Folders that exist as a whole or not at all, with a manifest of hashes by which damage shows."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from mousearm.errors import OutputError, RunError
from mousearm.files import os_errors_as, read_json, sha256, sync_folder, to_json, write_synced

MANIFEST = "manifest.json"


def write(folder: Path, files: Mapping[str, bytes], run: str) -> None:
    """Write a folder at once: beside, with its manifest, synced, then renamed; one of the same name is replaced.

    Args:
        folder: where.
        files: contents by name.
        run: whose it is; kept in the manifest.

    Raises:
        OutputError: if it cannot be written; what was there is as it was.
    """
    partial, before = staging(folder)
    with os_errors_as(OutputError, folder):
        recover(folder)
        for leftover in (partial, before):
            shutil.rmtree(leftover, ignore_errors=True)
        partial.mkdir()
        manifest = to_json({"run": run, "sha256": {name: sha256(content) for name, content in files.items()}})
        for name, content in {**files, MANIFEST: manifest.encode()}.items():
            with os_errors_as(OutputError, folder / name):
                write_synced(partial / name, content)
        sync_folder(partial)
        if folder.exists():
            folder.rename(before)
        partial.rename(folder)
        sync_folder(folder.parent)
    shutil.rmtree(before, ignore_errors=True)


def verify(folder: Path, run: str = "") -> None:
    """Check that a folder is as it was written.

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
    for name, wanted in hashes.items():
        file = folder / Path(name).name
        if not file.is_file():
            raise RunError(f"{file} is missing.")
        with os_errors_as(RunError, file, "read"):
            found = sha256(file)
        if found != wanted:
            raise RunError(f"{file} is damaged: its hash is not that of {MANIFEST}.")
    if run and manifest.get("run") != run:
        raise RunError(f"{folder} is of another run.")


def remove(folder: Path) -> None:
    """Remove a folder; a kill on the way leaves nothing that looks like one.

    Raises:
        OutputError: if it cannot be removed.
    """
    partial, _ = staging(folder)
    shutil.rmtree(partial, ignore_errors=True)
    with os_errors_as(OutputError, folder, "removed"):
        folder.rename(partial)
    shutil.rmtree(partial, ignore_errors=True)


def recover(folder: Path) -> None:
    """Finish what a kill interrupted between the two renames of `write`: the old folder comes back."""
    _, before = staging(folder)
    if before.is_dir() and not folder.exists():
        before.rename(folder)


def clean_up(place: Path) -> None:
    """Recover, or remove, what kills left behind in a folder of such folders."""
    for before in place.glob("*.before"):
        recover(before.with_suffix(""))
    for leftover in (*place.glob("*.partial"), *place.glob("*.before")):
        shutil.rmtree(leftover, ignore_errors=True)


def staging(folder: Path) -> tuple[Path, Path]:
    """Paths where a folder is written, and where the one that it replaces waits."""
    return folder.with_name(folder.name + ".partial"), folder.with_name(folder.name + ".before")
