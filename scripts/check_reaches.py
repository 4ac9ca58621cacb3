"""Look at recorded reaches before training; the exit status is 1 if a file would be refused.

``python scripts/check_reaches.py PATH [OVERRIDES...] [--out report.html]``: PATH is a CSV file or a folder, overrides
are those of run.py, such as model=muscle. Printed are frames, rate, gaps, segment lengths and their drift, peak speed
and acceleration of the paw, how well the arm can follow, and the joint ranges that it needs; --out writes a page with
pictures.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from mousearm.config import compose
from mousearm.errors import MouseArmError


def main() -> None:
    """Print the tables, and write the page where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", help="a CSV file or a folder of them")
    parser.add_argument("overrides", nargs="*", help="as for run.py, such as model=muscle kinematics.retarget=uniform")
    parser.add_argument("--out", type=Path, metavar="FILE.html", help="also write a page with pictures")
    arguments = parser.parse_intermixed_args()
    try:
        good = check(arguments.path, arguments.overrides, arguments.out)
    except (MouseArmError, OSError) as error:
        sys.exit("error: " + " ".join(str(error).split()))
    sys.exit(0 if good else 1)


def check(path: str, overrides: list[str], out: Path | None) -> bool:
    """Check, print, write; returns whether no file would be refused.

    Raises:
        MouseArmError: if there is no file, or the arm cannot be built.
        OSError: if the page cannot be written.
    """
    from mousearm.reach_check.check import check_reaches
    from mousearm.reach_check.page import write_page

    config = compose(overrides)
    report = check_reaches(replace(config, kinematics=replace(config.kinematics, path=path)))
    print(report.text())
    if out is not None:
        print(f"\nPage: {write_page(report, out)}")
    return not report.refused


if __name__ == "__main__":
    main()
