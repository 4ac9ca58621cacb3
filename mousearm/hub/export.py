"""A folder of one's own with what the Hub has, and a note of what it was."""

import shutil
from pathlib import Path, PurePosixPath
from typing import Any

from mousearm.errors import HubError
from mousearm.files import make_folder, read_json, sha256, staged, write_json
from mousearm.hub.download import Snapshot

RECORD = "hub.json"
"""The note: repository, kind, revision, commit, and the SHA-256 of every file."""


def export(snapshot: Snapshot, folder: Path) -> str:
    """Copy what was downloaded into a folder, which must be new, empty, or an earlier copy that nobody changed.

    Returns:
        What to tell if the earlier copy was of another commit; empty if not.

    Raises:
        HubError: if the folder holds something else, or files that were changed; it stays as it is.
        OutputError: if it cannot be written.
    """
    place = snapshot.place
    files = {name: sha256(snapshot.folder / name) for name in snapshot.files if _belongs(name, place.path)}
    record = {"repo": place.repo, "kind": place.kind, "revision": snapshot.asked, "commit": place.revision}
    earlier = _earlier(folder, place.repo)
    make_folder(folder.resolve().parent)
    with staged(folder) as new:
        new.mkdir()
        for name in files:
            make_folder((new / name).parent)
            shutil.copyfile(snapshot.folder / name, new / name)
        write_json(new / RECORD, {**record, "files": files})
        if folder.exists():
            shutil.rmtree(folder)
    was = earlier.get("files", files)
    changed = sorted(name for name in {*was, *files} if was.get(name) != files.get(name))
    if not changed:
        return ""
    return (
        f"{place.repo} has changed: {folder} was {str(earlier['commit'])[:12]}, and is {place.revision[:12]} now. "
        f"Changed, new or gone: {', '.join(changed)}."
    )


def _belongs(name: str, path: str) -> bool:
    """Whether a file is what was asked for, or below it; of files that lie beside, as models name them, too."""
    if not path:
        return True
    parent = PurePosixPath(path).parent if PurePosixPath(path).suffix else PurePosixPath(path)
    return PurePosixPath(name).is_relative_to(parent)


def _earlier(folder: Path, repo: str) -> dict[str, Any]:
    """The note of an earlier copy, if there is one; empty for a folder that is new or empty."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return {}
    if not (folder / RECORD).is_file():
        raise HubError(f"{folder} holds something else. Give a new folder (--out).")
    record = read_json(folder / RECORD)
    files = record.get("files")
    if record.get("repo") != repo or not isinstance(files, dict):
        raise HubError(f"{folder} holds a copy of {record.get('repo')}, not of {repo}. Give another folder (--out).")
    there = (file for file in folder.rglob("*") if file.is_file())
    now = {file.relative_to(folder).as_posix(): sha256(file) for file in there if file != folder / RECORD}
    changed = sorted(name for name in {*files, *now} if files.get(name) != now.get(name))
    if changed:
        raise HubError(
            f"{folder} was changed since it was downloaded: {', '.join(changed)}. It stays as it is. Give another "
            "folder (--out), or remove it."
        )
    return record
