"""Download a model, reaches or an agent from the Hugging Face Hub.

``python scripts/download.py model|kinematics|agent [REPO] [--revision R] [--out DIR]``
REPO is OWNER/NAME, for a data set datasets/OWNER/NAME; by default the lab's own. Files are checked by the Hub's hashes.
What is here already is not downloaded again. It goes into the cache of the Hub's own library (HF_HOME), with --out also
into a folder of your own. Log in by `hf auth login` for what is private or given on request.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from mousearm.errors import HubError, MouseArmError
from mousearm.hub import CATALOGUE, Place, export, fetch


def main() -> None:
    """Read the command line, download, say where it is and what can be done with it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=CATALOGUE, help="what it is, which says what comes next")
    defaults = ", ".join(f"{entry.place.removeprefix('hf://')} ({what})" for what, entry in CATALOGUE.items())
    parser.add_argument("repo", nargs="?", metavar="REPO", help=f"by default {defaults}")
    parser.add_argument("--revision", metavar="R", help="a branch, a tag or a commit (default main)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="a new folder, or one that this command made")
    arguments = parser.parse_args()
    try:
        print("\n".join(download(arguments)))
    except MouseArmError as error:
        sys.exit(f"error: {error}")


def download(arguments: argparse.Namespace) -> list[str]:
    """Download, and say what is to be known of it.

    Raises:
        MouseArmError: if it cannot be had, or not be written.
    """
    entry = CATALOGUE[arguments.what]
    place = Place.parse(arguments.repo or entry.place)
    if arguments.revision is not None:
        if place.revision not in ("main", arguments.revision):
            raise HubError(f"--revision {arguments.revision}, but REPO says @{place.revision}. Say it once.")
        place = replace(place, revision=arguments.revision)
    snapshot = fetch(place)
    changed = "" if arguments.out is None else export(snapshot, arguments.out)
    note = changed or snapshot.moved
    folder = arguments.out or snapshot.folder
    name = arguments.out or replace(snapshot.place, path="")
    told = {
        "repository": f"{place.repo} ({snapshot.place.kind})",
        "commit": f"{snapshot.place.revision} ({snapshot.asked})",
        "files": f"{len(snapshot.files)}, each with the hash that the Hub tells",
        "folder": folder,
    }
    lines = [f"{key:<12} {text}" for key, text in told.items()]
    return [*([note] if note else []), *lines, "", *entry.next_steps(folder, str(name))]


if __name__ == "__main__":
    main()
