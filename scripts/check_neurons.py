"""Check recordings of neurons: ``python scripts/check_neurons.py SESSION... --out DIR``.

SESSION is an .nwb or .mat file, a folder with spikes.csv and trials.csv, or a folder of such. Writes neurons.html:
rasters, rates, isolation, drift, and which units and trials are left out. With --recording (a run, or an .h5 file of
scripts/record.py) trials are aligned to its reaches as scripts/neural.py will; without, each trial is a reach of its
own. docs/neural_data.md explains the formats.
"""

from argparse import Namespace
from pathlib import Path

from mousearm import cli


@cli.command(
    __doc__,
    cli.argument("sessions", nargs="+", type=Path, metavar="SESSION", help=".nwb, .mat, or folders"),
    cli.argument("--recording", type=Path, metavar="RUN", help="a run, or an .h5 file, whose reaches they are"),
    cli.argument("--step", type=float, default=1000 / 150, metavar="MS", help="of frames without one (default 6.67)"),
    *cli.OF_NEURONS,
    cli.KINEMATICS,
    cli.BEST,
    cli.OUT.but(required=True),
)
def main(given: Namespace) -> None:
    """Print the tables, and write the page."""
    from mousearm.neural.alignment import read_cohort
    from mousearm.neural.quality import check_session
    from mousearm.neural.rates import Kernel
    from mousearm.neural.session import UnitFilter

    areas = tuple(cli.words(given.areas))
    rule, kernel = UnitFilter(given.min_rate, given.max_short, areas), Kernel(given.kernel, given.width)
    sessions = read_cohort(given.sessions, given.names)
    step_s, frames, speeds = given.step / 1e3, None, None
    if given.recording is not None:
        from mousearm.neural.predictors import paw_speeds
        from mousearm.neural.source import open_source

        source = open_source(given.recording, given.checkpoint, given.kinematics)
        step_s, frames, speeds = source.step_s, source.frames, paw_speeds(source)
    where = given.event, given.offset
    qualities = [check_session(session, step_s, frames, rule, kernel, *where, speeds) for session in sessions]
    from mousearm.neural.quality_page import quality_text, write_quality

    page = write_quality(qualities, given.out)
    print(f"{quality_text(qualities)}\n\nPage: {page}")


if __name__ == "__main__":
    raise SystemExit(main())
