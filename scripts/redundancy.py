"""Muscles of movements that are the same: how much the movement determines, and what recorded EMG adds.

``python scripts/redundancy.py family PATH [OVERRIDES...] --out DIR`` solves a reach or a folder by costs that differ,
and shows which muscles all solutions use alike; with ``--emg DIR`` also which of them match the EMG.
``python scripts/redundancy.py informed PATH [OVERRIDES...] --emg DIR --out DIR`` lets muscles follow EMG, and judges
them by the muscles and the reaches that were left out. docs/redundancy.md explains both.
"""

from argparse import Namespace
from pathlib import Path

from mousearm import cli


@cli.command(
    __doc__,
    cli.argument("study", choices=("family", "informed"), help="what to do"),
    cli.argument("words", nargs="*", metavar="PATH", help="a CSV file or a folder; and overrides as for run.py"),
    cli.OUT.but(required=True, help="folder of the page, figures and tables"),
    cli.argument("--emg", type=Path, metavar="DIR", help="envelopes, as scripts/import_emg.py makes them"),
    cli.argument("--within", type=float, default=0.1, metavar="MM", help="family: largest mean error (default 0.1)"),
    cli.argument("--efforts", default="0.01,0.1,0.3", metavar="W,W,...", help="family: weights of effort"),
    cli.argument(
        "--with",
        dest="others",
        nargs="+",
        type=Path,
        default=[],
        metavar="RUN_OR_RECORDING",
        help="family: more members",
    ),
    cli.argument("--w-emg", type=float, default=1.0, metavar="W", help="informed: optimal.w_emg (default 1 mm^2)"),
)
def main(given: Namespace) -> None:
    """Solve, print tables, and write a page."""
    path, overrides = cli.path_and_overrides(given.words)
    from mousearm.config import compose
    from mousearm.planning.muscle_commands import config_with_emg, study_family, study_informed

    config = config_with_emg(compose(overrides, path), given.emg)
    if given.study == "informed":
        print(study_informed(config, given.w_emg, given.out))
    else:
        print(study_family(config, given.efforts, given.within, given.others, given.out))


if __name__ == "__main__":
    raise SystemExit(main())
