"""Compare finished runs: what differs between them, their errors with intervals over seeds, how they learned.

``python scripts/compare.py RUN_OR_SWEEP... [--by reward,model] [--out DIR]``. Runs that differ in nothing but the seed
are one group; with --by only the keys or groups that it names tell runs apart. Written are comparison.html, which needs
no other file, the same as comparison.md and comparison.csv, and runs.csv and reaches.csv. With --wandb ENTITY/PROJECT
the same becomes a report in Weights & Biases, with panels of the runs that are tracked there.
"""

import argparse
import sys
from pathlib import Path

from mousearm.errors import MouseArmError
from mousearm.report.comparison import compare
from mousearm.report.page import as_text, write_report


def main() -> None:
    """Print the table, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="RUN_OR_SWEEP", help="such as outputs/NAME")
    parser.add_argument(
        "--by", default="", help="keys or groups that tell runs apart, with commas: reward,env.path_steps"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="default: comparison, in the folder if there is one, else here"
    )
    parser.add_argument("--wandb", metavar="ENTITY/PROJECT", help="also make a report there, in Weights & Biases")
    arguments = parser.parse_args()
    by = [word.strip() for word in arguments.by.split(",") if word.strip()]
    try:
        comparison = compare(arguments.folders, by)
        page = write_report(comparison, arguments.out or usual_place(arguments.folders))
        print(f"{as_text(comparison)}\n\nPage: {page}")
        if arguments.wandb:
            from mousearm.report.wandb_report import publish  # needs an extra

            print(publish(comparison, arguments.wandb))
    except (MouseArmError, OSError) as error:
        sys.exit(f"error: {error}")


def usual_place(folders: list[Path]) -> Path:
    """The report on one folder goes into it, one on several into the working directory."""
    return (folders[0] if len(folders) == 1 else Path()) / "comparison"


if __name__ == "__main__":
    main()
