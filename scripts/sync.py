"""Upload what runs kept for Weights & Biases.

``python scripts/sync.py RUN_OR_SWEEP... [--again]``. Runs that were trained with tracking=wandb_offline, or without a
network, end in Weights & Biases as if they had been online; all parts of a run that was resumed become one run. What
is uploaded already is left alone, unless --again is given: after a run was deleted there, or the server lost something.
"""

import argparse
import sys
from pathlib import Path

from mousearm.errors import MouseArmError
from mousearm.rundir import find_runs
from mousearm.tracking.sync import sync_runs


def main() -> None:
    """Say what became of each run; the exit status is 1 if one could not be uploaded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="RUN_OR_SWEEP", help="such as outputs/NAME")
    parser.add_argument("--again", action="store_true", help="also what was uploaded")
    arguments = parser.parse_args()
    good = True
    try:
        for uploaded in sync_runs(find_runs(arguments.folders), arguments.again):
            print(f"{uploaded.run}: {uploaded.text}", flush=True)
            good &= uploaded.good
    except (MouseArmError, OSError) as error:
        sys.exit(f"error: {error}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
