"""Download a model, reaches or an agent from the Hugging Face Hub.

``python scripts/download.py model|kinematics|agent [REPO] [--revision R] [--out DIR]``
REPO is OWNER/NAME, for a data set datasets/OWNER/NAME; by default the lab's own. Files are checked by the Hub's hashes.
What is here already is not downloaded again. It goes into the cache of the Hub's own library (HF_HOME), with --out also
into a folder of your own. Log in by `hf auth login` for what is private or given on request.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace

from mousearm import cli
from mousearm.hub.catalogue import CATALOGUE


@cli.handled()
def main(argv: Sequence[str] | None = None) -> int:
    """Download, say where it is and what can be done with it."""
    defaults = ", ".join(f"{entry.uri.removeprefix('hf://')} ({what})" for what, entry in CATALOGUE.items())
    parser = cli.parser(
        __doc__,
        cli.argument("what", choices=CATALOGUE, help="what it is, which says what comes next"),
        cli.argument("repo", nargs="?", metavar="REPO", help=f"by default {defaults}"),
        cli.REVISION,
        cli.OUT.but(help="a new folder, or one that this command made"),
    )
    print("\n".join(download(parser.parse_args(argv))))
    return 0


def download(arguments: argparse.Namespace) -> list[str]:
    """Download, and say what is to be known of it.

    Raises:
        MouseArmError: if it cannot be had, or not be written.
    """
    from mousearm.errors import HubError
    from mousearm.hub.download import export, fetch
    from mousearm.hub.uri import HubUri

    entry = CATALOGUE[arguments.what]
    place = HubUri.parse(arguments.repo or entry.uri)
    if arguments.revision is not None:
        if place.revision not in ("main", arguments.revision):
            raise HubError(f"--revision {arguments.revision}, but REPO says @{place.revision}. Say it once.")
        place = replace(place, revision=arguments.revision)
    snapshot = fetch(place)
    changed = "" if arguments.out is None else export(snapshot, arguments.out)
    note = changed or snapshot.moved
    folder = arguments.out or snapshot.folder
    name = arguments.out or replace(snapshot.uri, path="")
    told = {
        "repository": f"{place.repo} ({snapshot.uri.kind})",
        "commit": f"{snapshot.uri.revision} ({snapshot.asked})",
        "files": f"{len(snapshot.files)}, each with the hash that the Hub tells",
        "folder": folder,
    }
    lines = [f"{key:<12} {text}" for key, text in told.items()]
    return [*([note] if note else []), *lines, "", *entry.next_steps(folder, str(name))]


if __name__ == "__main__":
    sys.exit(main())
