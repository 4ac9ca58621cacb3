"""Compare finished runs: what differs between them, their errors with intervals over seeds, how they learned.

``python scripts/compare.py RUN_OR_SWEEP... [--by reward,model] [--out DIR]``. Runs that differ only in the seed form a
group; with --by, only the named keys or groups tell runs apart. Recordings (.h5) of the same reaches, such as of
optimal control, stand beside them. Writes comparison.html, which needs no other file, the same table as comparison.md
and comparison.csv, and runs.csv and reaches.csv. --front 1e-3,1e-2,... also draws error against effort of the runs, of
optimal control with these weights, and of computed muscle control. --wandb ENTITY/PROJECT also makes a report in
Weights & Biases, with panels of the runs that are tracked there.
"""

from argparse import Namespace
from pathlib import Path

from mousearm import cli


@cli.command(
    __doc__,
    cli.RUNS,
    cli.argument("--by", default="", help="keys or groups that tell runs apart: reward,env.path_steps"),
    cli.OUT.but(help="default: comparison, in the folder if one is given, else here"),
    cli.argument(
        "--front",
        nargs="?",
        const="1e-3,1e-2,1e-1,1,10",
        metavar="W,W,...",
        help="also draw front.png: beside them optimal control with these weights of effort (default %(const)s)",
    ),
    cli.argument("--wandb", metavar="ENTITY/PROJECT", help="also make a report there, in Weights & Biases"),
)
def main(given: Namespace) -> None:
    """Print the table, and write the report."""
    from mousearm.report.comparison import compare

    comparison = compare(given.folders, cli.words(given.by))
    from mousearm.report.page import comparison_text, write_report

    page = write_report(comparison, given.out or usual_place(given.folders))
    print(f"{comparison_text(comparison)}\n\nPage: {page}")
    if given.front:
        from mousearm.report.front import draw_front

        print(draw_front(comparison, given.front, page.parent))
    if given.wandb:
        from mousearm.report.wandb_report import publish  # needs an extra

        print(publish(comparison, given.wandb))


def usual_place(folders: list[Path]) -> Path:
    """The report on one folder goes into it, one on several or on an example agent into the working directory."""
    from mousearm.rundir.runs import is_recording, own_folder

    return own_folder([folder for folder in folders if not is_recording(folder)]) / "comparison"


if __name__ == "__main__":
    raise SystemExit(main())
