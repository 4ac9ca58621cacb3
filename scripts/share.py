"""Share a finished run on the Hugging Face Hub: its best network, all that an evaluation needs, and a model card.

``python scripts/share.py RUN REPO [--private] [--with-kinematics] [--without-pictures] [--message TEXT] [--to DIR]``
Lists what will be pushed, and refuses if a file contains a key or a password, an address, or a name or path of yours or
of this machine. --to writes a folder to look at and pushes nothing. Log in once with `hf auth login`.
"""

import sys
from argparse import Namespace

from mousearm import cli


@cli.command(
    __doc__,
    cli.RUN.but(help="the folder of a finished run"),
    cli.argument("repo", metavar="REPO", help="OWNER/NAME on the Hub; made if there is none"),
    cli.argument("--private", action="store_true", help="visible only to you and those whom you name"),
    cli.argument("--with-kinematics", action="store_true", help="share the reaches too, if they are your own files"),
    cli.argument("--without-pictures", action="store_true", help="leave out figures and film, which show reaches"),
    cli.argument(
        "--license", default="mit", metavar="ID", help="licence of the agent, as the Hub abbreviates it (default mit)"
    ),
    cli.argument("--message", default="Share an agent of mousearm", metavar="TEXT", help="message of the commit"),
    cli.argument("--allow", action="append", default=[], metavar="TEXT", help="text that was found but is no secret"),
    cli.output("--to", is_folder=True, is_new=True, help="write a new folder instead of pushing"),
    cli.argument("--yes", action="store_true", help="push without asking (without a terminal nobody is asked)"),
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
