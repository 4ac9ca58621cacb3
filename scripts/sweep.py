"""Queue sweeps in SLURM, and manage any sweep.

``python scripts/sweep.py submit -- OVERRIDES``  queue a sweep, such as reward=default,paw_heavy seed=0,1,2, and return
``python scripts/sweep.py status SWEEP``         show its jobs; SWEEP is its folder
``python scripts/sweep.py retry SWEEP``          repeat jobs without a result, each from where it stopped
``python scripts/sweep.py cancel SWEEP``         end waiting and running jobs; running jobs save themselves
``python scripts/sweep.py doctor -- OVERRIDES``  check that SLURM takes sweeps from here, with a test job of one minute
"""

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path

from mousearm import cli


@cli.handled()
def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in (("submit", "queue a sweep"), ("doctor", "look whether sweeps can go to SLURM from here")):
        command = commands.add_parser(name, help=text)
        command.add_argument("overrides", nargs="*", help="after --: as for run.py -m; hydra.launcher.partition=NAME")
    command.add_argument(
        "--patience", type=float, default=300, metavar="S", help="how long the test job may wait for its turn"
    )
    for name, text in (("status", "show its jobs"), ("retry", "do failed jobs again"), ("cancel", "end its jobs")):
        command = commands.add_parser(name, help=text)
        command.add_argument("sweep", type=Path, metavar="SWEEP", help="its folder, such as outputs/NAME")
        if name == "retry":
            command.add_argument(
                "--new-code", action="store_true", help="run the present code, not the copy of the sweep"
            )
    given = parser.parse_args(argv)
    if given.command == "submit":
        submit(given.overrides)
    elif given.command == "doctor":
        return examine(given.overrides, given.patience)
    from mousearm.sweep.progress import cancel, retry, status

    if given.command == "status":
        print(status(given.sweep))
    elif given.command == "retry":
        print(retry(given.sweep, given.new_code))
    else:
        print(cancel(given.sweep))
    return 0


def submit(overrides: list[str]) -> None:
    """Become the program of run.py, which queues the jobs and does not wait for them.

    Raises:
        ConfigError: if the overrides choose a launcher that does not queue.
    """
    from mousearm.sweep.launcher import to_slurm

    words = ["-m", *to_slurm(overrides), "hydra.launcher.wait=false"]
    os.execv(sys.executable, [sys.executable, "-m", "mousearm", *words])


def examine(overrides: list[str], patience_s: float) -> int:
    """Print findings; returns 1 if one of them is not good."""
    from mousearm.sweep import launcher
    from mousearm.sweep.plugins import slurm_settings

    good = True
    for question, good, answer in launcher.examine(slurm_settings(overrides), Path("outputs"), patience_s):
        print(f"{'ok ' if good else 'BAD'} {question}: {answer}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
