"""Evaluate a shared agent again, and compare with its stated errors.

``python scripts/reproduce.py REPO_OR_RUN [--revision R] [--kinematics PATH] [--tolerance MM]``
REPO_OR_RUN is a run folder, or OWNER/NAME on the Hugging Face Hub. If the reaches are not shared, say where you have
them; they must be the same files. The exit status is 1 if errors differ by more than the tolerance.
"""

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from mousearm import cli


@cli.command(
    __doc__,
    cli.argument("agent", metavar="REPO_OR_RUN", help="a run folder, or OWNER/NAME on the Hub"),
    cli.REVISION,
    cli.KINEMATICS.but(help="where its reaches are, if they are not with it"),
    cli.argument("--tolerance", type=float, metavar="MM", default=0.001, help="default 0.001"),
)
def main(given: Namespace) -> int:
    """Print both evaluations beside each other."""
    agent = folder(given.agent, given.revision)
    from mousearm.agent import reproduce

    comparison = reproduce(agent, given.kinematics)
    print(comparison.text(given.tolerance))
    return 0 if comparison.largest_mm <= given.tolerance else 1


def folder(agent: str, revision: str | None) -> Path:
    """The run folder, which is downloaded unless it is one here.

    Raises:
        MouseArmError: if there is none.
    """
    from mousearm.errors import HubError
    from mousearm.hub.download import fetch
    from mousearm.hub.repository import HubUri
    from mousearm.rundir.runs import run_path

    if (run := run_path(agent)).is_dir():
        return run
    try:
        uri = HubUri.parse(agent)
        found = fetch(replace(uri, revision=revision or uri.revision, kind=uri.kind or "model"))
    except HubError as error:
        raise HubError(f"There is no folder {agent}, and on the Hub: {error}") from error
    print(f"{found.uri}\n")
    return found.path


if __name__ == "__main__":
    raise SystemExit(main())
