"""What if: put trained networks under conditions, and say with statistics what that did.

``python scripts/whatif.py RUN... condition=weakness,nerve --severities 0,0.25,0.5,0.75,1 --repeats 10 --out DIR``
Every run performs all its reaches with the intact arm and under each condition at each severity; A+B are two conditions
together, and condition.NAME.KEY=VALUE sets the keys of one. --retrain N trains the network of each run further, under
each case, for N steps. Writes whatif.html, tables of all trials, figures and a film. docs/what_if.md explains it.
"""

from argparse import Namespace
from pathlib import Path

from mousearm import cli


@cli.command(
    __doc__,
    cli.argument("words", nargs="+", metavar="RUN_OR_SWEEP condition=A,B", help="runs, conditions and their keys"),
    cli.argument("--severities", default="0,0.25,0.5,0.75,1", metavar="S,S,...", help="0 to 1 (default %(default)s)"),
    cli.argument("--repeats", type=int, default=10, metavar="N", help="of a reach, with noise (default %(default)s)"),
    cli.argument("--retrain", type=int, metavar="N", help="also train on under each case, for N control steps"),
    cli.argument(
        "--retrained", nargs="+", type=Path, default=[], metavar="RUN", help="runs or sweeps that were trained on so"
    ),
    cli.argument("--no-film", action="store_true", help="write no film"),
    cli.KINEMATICS,
    cli.CHECKPOINT.but(default="best"),
    cli.OUT.but(help="default: whatif, in the folder if one is given, else here"),
)
def main(given: Namespace) -> None:
    """Print the table, and write the page."""
    from mousearm.whatif.cases import check_keys_of_study

    runs, overrides = cli.paths_and_overrides(given.words)
    check_keys_of_study(overrides)
    if not runs:
        raise cli.UsageError("give at least one run folder")
    from mousearm.config import compose
    from mousearm.rundir.runs import own_folder
    from mousearm.tracking.wandb_parts import check_wandb

    check_wandb(tracked := compose([word for word in overrides if word.startswith("tracking")]))
    from mousearm.whatif.study import Asked, film_study, study_runs

    folders = [Path(run) for run in runs]
    out = given.out or own_folder(folders) / "whatif"
    more = given.checkpoint, given.kinematics, given.retrain, given.retrained
    result = study_runs(folders, Asked(overrides, given.severities, given.repeats, *more), out)
    from mousearm.tracking.wandb_study import publish_study
    from mousearm.whatif.page import study_text, study_title, write_study
    from mousearm.whatif.tables import study_rows

    page = write_study(result.study, folders, result.changed, out)
    print(f"{study_text(result.study)}\n\nPage: {page}")
    if not given.no_film:
        print(film_study(result, out / "film.mp4"))
    pictures = [out / "severity.png", out / "muscles.png"]
    if where := publish_study(tracked, study_title(result.study), out, study_rows(result.study), pictures, "whatif"):
        print(where)


if __name__ == "__main__":
    raise SystemExit(main())
