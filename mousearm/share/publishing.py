"""Where what is shared goes: a repository, or a folder to look at."""

from pathlib import Path

from mousearm.errors import RunError
from mousearm.files import make_folder, staged, write_bytes
from mousearm.hub import Place, push
from mousearm.share.contents import Contents

# A repository with these files is an agent, which another one may replace.
_MARKS = ("config.yaml", "origin.json", "best/manifest.json")


def publish(contents: Contents, repo: str, private: bool, message: str) -> Place:
    """Push to the Hub, in one commit; gives the repository at that commit. Errors as ``hub.push``."""
    place = Place.parse(repo)
    return push(contents.files, Place(place.repo, place.kind or "model", "main"), _MARKS, private, message)


def write(contents: Contents, folder: Path) -> None:
    """Write a new folder.

    Raises:
        RunError: if there is something already.
        OutputError: if it cannot be written; nothing is there then.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} is there already. Give a new folder (--to).")
    make_folder(folder.resolve().parent)
    with staged(folder) as new:
        for name, content in contents.files.items():
            make_folder((new / name).parent)
            write_bytes(new / name, content)
