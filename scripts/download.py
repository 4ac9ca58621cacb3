"""Download a model, reaches or an agent from the Hugging Face Hub.

``python scripts/download.py model|kinematics|agent [REPO] [--revision R] [--out DIR]``
REPO is OWNER/NAME, or datasets/OWNER/NAME for a data set; by default the lab's own. Files are checked against the Hub's
hashes, and files that are here already are not downloaded again. They go into the cache of the Hub's own library
(HF_HOME), and with --out also into a folder of your own. Private and gated repositories need `hf auth login`.
"""

from argparse import Namespace
from dataclasses import replace

from mousearm import cli
from mousearm.hub.download import CATALOGUE

DEFAULTS = ", ".join(f"{uri.removeprefix('hf://')} ({what})" for what, uri in CATALOGUE.items())


@cli.command(
    __doc__,
    cli.argument("what", choices=CATALOGUE, help="what to download; decides the next steps that are printed"),
    cli.argument("repo", nargs="?", metavar="REPO", help=f"by default {DEFAULTS}"),
    cli.REVISION,
    cli.OUT.but(help="a new folder, or one that this command made"),
)
def main(given: Namespace) -> None:
    """Download, say where it is and what can be done with it."""
    from mousearm.errors import HubError
    from mousearm.hub.download import earlier_copy, export, fetch, next_steps
    from mousearm.hub.repository import HubUri
    from mousearm.text import facts

    place = HubUri.parse(given.repo or CATALOGUE[given.what])
    if given.revision is not None:
        if place.revision not in ("main", given.revision):
            raise HubError(f"--revision {given.revision}, but REPO says @{place.revision}. Say it once.")
        place = replace(place, revision=given.revision)
    if given.out is not None:
        earlier_copy(given.out, place.repo)
    snapshot = fetch(place)
    changed = "" if given.out is None else export(snapshot, given.out)
    note = changed or snapshot.moved
    folder = given.out or snapshot.folder
    name = given.out or replace(snapshot.uri, path="")
    result = {
        "repository": f"{place.repo} ({snapshot.uri.kind})",
        "commit": f"{snapshot.uri.revision} ({snapshot.asked})",
        "files": f"{len(snapshot.files)}, each with the hash that the Hub tells",
        "folder": folder,
    }
    print("\n".join([*([note] if note else []), facts(result), "", *next_steps(given.what, folder, str(name))]))


if __name__ == "__main__":
    raise SystemExit(main())
