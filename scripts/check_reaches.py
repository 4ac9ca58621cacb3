"""Check recorded reaches before training; the exit status is 1 if a file would be refused or is suspicious.

``python scripts/check_reaches.py PATH [OVERRIDES...] [--out report.html]``: PATH is a CSV file or a folder, overrides
are those of run.py, such as model=muscle. Prints frames, rate, segment lengths and their drift, peak speed and
acceleration of the paw, how well the arm can follow, and the joint ranges that it needs. --out writes a page with
pictures.
"""

from argparse import Namespace

from mousearm import cli


@cli.command(
    __doc__,
    cli.argument("path", help="a CSV file or a folder of them"),
    cli.OVERRIDES,
    cli.output("--out", metavar="FILE.html", help="also write a page with pictures"),
)
def main(given: Namespace) -> int:
    """Print the tables, and write the page where that is asked for."""
    from mousearm.config import compose
    from mousearm.reach_check import check_reaches
    from mousearm.text import printable

    report = check_reaches(compose(given.overrides, given.path))
    print(printable(report.text()))
    if given.out is not None:
        from mousearm.reach_check.page import write_check

        print(f"\nPage: {write_check(report, given.out)}")
    return int(any(item.refusal or item.is_suspicious for item in report.checked))


if __name__ == "__main__":
    raise SystemExit(main())
