"""Muscles against EMG: how well controllers' muscles agree with recorded ones, and what that is worth.

``python scripts/emg.py RUN_OR_RECORDING... --emg DIR`` compares networks of runs, recordings of record.py and
optimal.py and tables of activations (REACH_NAME.csv or .sto) with envelopes that import_emg.py made, reach by reach:
against exchanged reaches, the mean of the other reaches, paw speed and the ceiling between recordings. ``--controllers
cmc,optimal --kinematics DIR`` adds controllers without networks, ``--efforts`` and ``--powers`` several optimal ones.
Writes emg.html, tables and figures. docs/emg.md explains it.
"""

from argparse import Namespace
from pathlib import Path

from mousearm import cli
from mousearm.registry import CONTROLLERS

SIGNALS = ("activation", "excitation", "force")


@cli.command(
    __doc__,
    cli.argument("words", nargs="*", metavar="RUN_OR_RECORDING", help="and overrides, as for run.py"),
    cli.argument("--emg", type=Path, required=True, metavar="DIR", help="folder of envelopes, *_emg.tsv"),
    cli.argument("--signal", choices=SIGNALS, default=SIGNALS[0], help="of the muscles (default %(default)s)"),
    cli.argument("--controllers", metavar="NAME,...", help=f"without a run: {', '.join(CONTROLLERS)}"),
    cli.argument("--efforts", metavar="W,W,...", help="of optimal: several weights of effort (optimal.w_effort)"),
    cli.argument("--powers", metavar="P,P", help="of optimal: powers of the effort, 2 and 3 (optimal.power)"),
    cli.argument("--window", type=float, default=50.0, metavar="MS", help="lags to look at (default ±%(default)g ms)"),
    cli.argument(
        "--lag", type=float, default=0.0, metavar="MS", help="of the verdict; positive: EMG later (default 0)"
    ),
    cli.argument(
        "--exchange",
        choices=("session", "animal", "all"),
        default="session",
        help="within what recordings are exchanged (default %(default)s)",
    ),
    cli.KINEMATICS,
    cli.CHECKPOINT.but(default="best"),
    cli.OUT.but(help="default: emg, in the folder if one run is given, else here"),
)
def main(given: Namespace) -> None:
    """Print the scores and what they allow to say, and write the page."""
    from mousearm.config import compose
    from mousearm.emg_comparison.page import compare_given
    from mousearm.tracking.wandb_parts import check_wandb

    overrides = [word for word in given.words if "=" in word]
    if not (words := [word for word in given.words if "=" not in word]) and not given.controllers:
        raise cli.UsageError("give at least one run, recording or table, or --controllers")
    tracked = compose([word for word in overrides if word.startswith("tracking")])
    check_wandb(tracked)
    compare_given(given, words, overrides, tracked)


if __name__ == "__main__":
    raise SystemExit(main())
