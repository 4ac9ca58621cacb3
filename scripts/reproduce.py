"""Evaluate a shared agent anew, and compare with the errors that are stated of it.

``python scripts/reproduce.py REPO_OR_RUN [--revision R] [--kinematics PATH] [--tolerance MM]``
REPO_OR_RUN is a run folder, or OWNER/NAME on the Hugging Face Hub. Agents whose reaches are not shared need to be told
where they are; they must be the same files. The exit status is 1 if errors differ by more than the tolerance.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from mousearm.errors import HubError, MouseArmError
from mousearm.hub import Place, fetch
from mousearm.share.reproducing import TOLERANCE_MM, reproduce


def main() -> None:
    """Print both evaluations beside each other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("agent", metavar="REPO_OR_RUN", help="a run folder, or OWNER/NAME on the Hub")
    parser.add_argument("--revision", metavar="R", help="of the repository: a branch, a tag or a commit (default main)")
    parser.add_argument("--kinematics", metavar="PATH", help="where its reaches are, if they are not with it")
    parser.add_argument("--tolerance", type=float, metavar="MM", default=TOLERANCE_MM, help=f"default {TOLERANCE_MM:g}")
    arguments = parser.parse_args()
    try:
        comparison = reproduce(folder(arguments.agent, arguments.revision), arguments.kinematics)
        print(comparison.text(arguments.tolerance))
        sys.exit(0 if comparison.largest_mm <= arguments.tolerance else 1)
    except MouseArmError as error:
        sys.exit(f"error: {error}")


def folder(agent: str, revision: str | None) -> Path:
    """The run folder, which is downloaded unless it is one here.

    Raises:
        MouseArmError: if there is none.
    """
    if Path(agent).is_dir():
        return Path(agent)
    try:
        place = Place.parse(agent)
        snapshot = fetch(replace(place, revision=revision or place.revision, kind=place.kind or "model"))
    except HubError as error:
        raise HubError(f"There is no folder {agent}, and on the Hub: {error}") from error
    print(f"{snapshot.place}\n")
    return snapshot.path


if __name__ == "__main__":
    main()
