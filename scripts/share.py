"""Share a finished run on the Hugging Face Hub: its best network, all that evaluates it anew, and a model card.

``python scripts/share.py RUN REPO [--private] [--with-kinematics] [--without-pictures] [--message TEXT] [--to DIR]``
Says first what is going to be pushed, and refuses it if a file holds a key or a password, an address, a name or a path
of yours or of this machine. With --to it is written into a folder to look at, and nothing is pushed. Log in once by
`hf auth login`.
"""

import sys
from argparse import Namespace
from pathlib import Path

from mousearm import cli


@cli.command(
    __doc__,
    cli.RUN.but(help="the folder of a finished run"),
    cli.argument("repo", metavar="REPO", help="OWNER/NAME on the Hub; made if there is none"),
    cli.argument("--private", action="store_true", help="only you and those whom you name see it"),
    cli.argument("--with-kinematics", action="store_true", help="share the reaches too, if they are your own files"),
    cli.argument("--without-pictures", action="store_true", help="no figures and no film, which show reaches"),
    cli.argument("--license", default="mit", metavar="ID", help="of the agent (default mit); the Hub's abbreviation"),
    cli.argument("--message", default="Share an agent of mousearm", metavar="TEXT", help="of the commit"),
    cli.argument("--allow", action="append", default=[], metavar="TEXT", help="what is found but is no secret"),
    cli.argument("--to", type=Path, metavar="DIR", help="write a new folder instead of pushing"),
    cli.argument("--yes", action="store_true", help="push without asking; nobody is asked without a terminal"),
)
def main(given: Namespace) -> int:
    """Gather, show, push."""
    from mousearm.share.contents import gather, push_contents, write_contents

    wanted = (given.with_kinematics, not given.without_pictures, given.license)
    contents = gather(given.run, given.repo, *wanted, given.allow)
    print(f"{len(contents.files)} files for {given.repo}:\n{contents.text()}\n", flush=True)
    if given.to is not None:
        write_contents(contents, given.to)
        print(f"Written to {given.to}; nothing was pushed.")
    elif given.yes or not sys.stdin.isatty() or input("Push them? [y/N] ").strip().lower() in ("y", "yes"):
        place = push_contents(contents, given.repo, given.private, given.message)
        print(f"Pushed: {place.page}\ncommit   {place.revision}\n\npython scripts/reproduce.py {place.repo}")
    else:
        print("Nothing was pushed.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
