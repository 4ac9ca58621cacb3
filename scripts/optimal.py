"""Optimal control of reaches: the movement of least error and effort that the arm can do, as a recording.

``python scripts/optimal.py PATH [OVERRIDES...] --out FILE.h5|FILE.nwb|FILE.sto`` solves a reach or a folder; the file
is like one of record.py. ``--efforts 1e-3,1e-2,... --out FIGURE.png`` draws error against effort for several weights.
``[--from REACH] --target=X,Y,Z --duration S`` needs no recording: the movement of least effort to a point, in metres
from the shoulder (x forward, y up, z to the right). docs/optimal_control.md explains more.
"""

from argparse import Namespace

from mousearm import cli


@cli.command(
    __doc__,
    cli.argument("words", nargs="*", metavar="PATH", help="a CSV file or a folder; and overrides as for run.py"),
    cli.output("--out", is_folder=None, is_new=True, required=True, help="to write: .h5, .nwb, .sto; .png, .svg, .pdf"),
    cli.argument("--format", metavar="hdf5|nwb|states|sto", help="default: by the suffix; sto: a folder of tables"),
    cli.argument("--efforts", metavar="W,W,...", help="weights of effort (optimal.w_effort) to draw the trade-off of"),
    cli.argument("--target", metavar="X,Y,Z", help="a point for the paw instead of a reach, metres from the shoulder"),
    cli.argument("--duration", type=float, metavar="S", help="with --target: of the movement, s"),
    cli.argument("--from", dest="begin", metavar="REACH", help="with --target: a CSV file whose first pose begins it"),
    cli.OVERWRITE,
)
def main(given: Namespace) -> None:
    """Solve, print a table, and write."""
    path, overrides = cli.path_and_overrides(given.words)
    if (given.target is None) != (given.duration is None) or (given.begin and given.target is None):
        raise cli.UsageError("--target and --duration go together, and --from with them")
    if given.target is not None and (path or given.efforts is not None):
        raise cli.UsageError("--target needs no PATH (its first pose is said by --from) and no --efforts")
    if given.efforts is not None and given.format is not None:
        raise cli.UsageError("--format is for recordings; leave it, or --efforts, out")
    from mousearm.planning.commands import draw_efforts, move_to_point, solve_reaches

    where = given.out, given.format, given.overwrite
    if given.target is not None:
        print(move_to_point(overrides, given.target, given.duration, given.begin, *where))
    elif given.efforts is not None:
        print(draw_efforts(overrides, path, given.efforts, given.out, given.overwrite))
    else:
        print(solve_reaches(overrides, path, *where))


if __name__ == "__main__":
    raise SystemExit(main())
