"""Networks against recorded neurons: how alike their activity is, against rivals, nulls and ceilings.

``python scripts/neural.py RUN... --neurons SESSION.nwb --layers hidden --against kinematics,untrained,muscles``
Every run performs the reaches of the recording; its layers, and what rivals them, are compared with the neurons by
every measure, on reaches that nothing was fitted to. Writes neural.html, tables and figures. Interrupted, the same
command goes on. Of runs of a sweep the page says which differences between kinds of networks hold. docs/neurons.md
explains it, and what may be concluded.
"""

from argparse import Namespace
from pathlib import Path

from mousearm import cli


@cli.command(
    __doc__,
    cli.RUNS.but(help="runs, sweeps of them, or recordings (.h5) of scripts/record.py"),
    cli.argument("--neurons", nargs="+", type=Path, required=True, metavar="SESSION", help=".nwb, .mat, or folders"),
    cli.argument("--layers", default="hidden", metavar="L,L", help="such as hidden,actor_1 (default %(default)s)"),
    cli.argument("--against", default="kinematics,untrained,muscles", metavar="R,R", help="rivals (%(default)s)"),
    cli.argument("--measures", default="", metavar="M,M", help="of similarity (default: all)"),
    cli.quantity("--nulls", 1000, "N", "scores by chance"),
    cli.argument("--emg", type=Path, metavar="DIR", help="envelopes of the reaches, for --against emg"),
    cli.SEED.but(help="of folds and nulls (%(default)g)"),
    cli.quantity("--processes", 1, "N", "at once"),
    *cli.OF_NEURONS,
    cli.KINEMATICS,
    cli.BEST,
    cli.OUT.but(help="default: neural, in the folder if one is given, else here"),
    resumes="scripts/neural.py",
)
def main(given: Namespace) -> None:
    """Print the tables and the verdict, and write the page."""
    from mousearm.neural.measures import Settings
    from mousearm.neural.rates import Kernel
    from mousearm.neural.session import UnitFilter
    from mousearm.neural.study import NeuralAsked, study_neurons
    from mousearm.rundir.runs import is_recording, own_folder

    out = given.out or own_folder([path for path in given.folders if not is_recording(path)]) / "neural"
    asked = NeuralAsked(
        neurons=given.neurons,
        layers=cli.words(given.layers),
        against=cli.words(given.against),
        measures=cli.words(given.measures),
        nulls=given.nulls,
        settings=Settings(seed=given.seed),
        processes=given.processes,
        kinematics=given.kinematics,
        checkpoint=given.checkpoint,
        emg=given.emg,
        names=given.names,
        event=given.event,
        offset_ms=given.offset,
        kernel=Kernel(given.kernel, given.width),
        units=UnitFilter(given.min_rate, given.max_short, tuple(cli.words(given.areas))),
    )
    result = study_neurons(given.folders, asked, out)
    from mousearm.neural.contrasts import predicted_courses
    from mousearm.neural.page import Shown, neural_text, write_neural
    from mousearm.report.groups import run_factors

    spaces = predicted_courses(
        result.populations[0].activity, {one.label: one.activity for one in result.predictors}, asked.settings
    )
    sources = [*map(str, given.folders), *(session.source for session in result.sessions)]
    factors = run_factors(result.runs) if result.runs else {}
    notes = [f"{session.source}: {note}." for session in result.sessions for note in session.notes]
    shown = Shown(result.study, sources, spaces, factors, result.facts, notes)
    page = write_neural(shown, out)
    print(f"{neural_text(shown)}\n\nPage: {page}")


if __name__ == "__main__":
    raise SystemExit(main())
