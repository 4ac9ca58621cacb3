"""Share a finished run on the Hugging Face Hub: its best network, all that evaluates it anew, and a model card.

``python scripts/share.py RUN REPO [--private] [--with-kinematics] [--without-pictures] [--message TEXT] [--to DIR]``
Says first what is going to be pushed, and refuses it if a file holds a path of this machine, your user name, a token or
your account of Weights & Biases. With --to it is written into a folder to look at, and nothing is pushed. Log in once
by `hf auth login`.
"""

import argparse
import sys
from pathlib import Path

from mousearm.errors import MouseArmError
from mousearm.share.contents import ShareOptions, gather, push_contents, write_contents


def main() -> None:
    """Read the command line, gather, show, push."""
    arguments = parser().parse_args()
    try:
        options = ShareOptions(
            arguments.repo, arguments.with_kinematics, not arguments.without_pictures, arguments.license
        )
        contents = gather(Path(arguments.run), options, arguments.allow)
        print(f"{len(contents.files)} files for {arguments.repo}:\n{contents.text()}\n", flush=True)
        if arguments.to is not None:
            write_contents(contents, arguments.to)
            print(f"Written to {arguments.to}; nothing was pushed.")
        elif arguments.yes or not sys.stdin.isatty() or input("Push them? [y/N] ").strip().lower() in ("y", "yes"):
            place = push_contents(contents, arguments.repo, arguments.private, arguments.message)
            print(f"Pushed: {place.page}\ncommit   {place.revision}\n\npython scripts/reproduce.py {place.repo}")
        else:
            sys.exit("Nothing was pushed.")
    except MouseArmError as error:
        sys.exit(f"error: {error}")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("run", metavar="RUN", help="the folder of a finished run")
    made.add_argument("repo", metavar="REPO", help="OWNER/NAME on the Hub; made if there is none")
    made.add_argument("--private", action="store_true", help="only you and those whom you name see it")
    made.add_argument(
        "--with-kinematics", action="store_true", help="share the reaches too, if they are your own files"
    )
    made.add_argument("--without-pictures", action="store_true", help="no figures and no film, which show reaches")
    made.add_argument(
        "--license", default="mit", metavar="ID", help="of the agent (default mit); the Hub's abbreviation"
    )
    made.add_argument("--message", default="Share an agent of mousearm", metavar="TEXT", help="of the commit")
    made.add_argument("--allow", action="append", default=[], metavar="TEXT", help="what is found but is no secret")
    made.add_argument("--to", type=Path, metavar="DIR", help="write a new folder instead of pushing")
    made.add_argument("--yes", action="store_true", help="push without asking; nobody is asked without a terminal")
    return made


if __name__ == "__main__":
    main()
