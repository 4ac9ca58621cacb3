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
    words, overrides = cli.paths_and_overrides(given.words)
    if not words and not given.controllers:
        raise cli.UsageError("give at least one run, recording or table, or --controllers")
    from mousearm.config import compose
    from mousearm.tracking.wandb_parts import check_wandb

    check_wandb(tracked := compose([word for word in overrides if word.startswith("tracking")]))
    from mousearm.emg import load_folder
    from mousearm.emg_comparison.controllers import asked_controllers, gathered
    from mousearm.emg_comparison.study import check_lags, compare_emg
    from mousearm.files import make_folder
    from mousearm.rundir.runs import own_folder

    check_lags(given.window, given.lag)
    asked = asked_controllers(given.controllers, given.efforts, given.powers)
    out = make_folder(given.out or own_folder([Path(word) for word in words if Path(word).is_dir()]) / "emg")
    envelopes = load_folder(given.emg)
    others = [word for word in overrides if not word.startswith("tracking")]
    controllers = gathered(words, list(envelopes), given.signal, given.checkpoint, given.kinematics, asked, others)
    study = compare_emg(controllers, envelopes, given.signal, given.window, given.lag, given.exchange)
    from mousearm.emg_comparison.page import emg_rows, emg_text, emg_title, write_emg_study
    from mousearm.emg_comparison.tables import muscle_results
    from mousearm.tracking.wandb_study import publish_study

    sources = [*words, *(" ".join([name, *more]) for name, more in asked), f"EMG: {given.emg}"]
    page, rows = write_emg_study(study, sources, out, given.exchange), muscle_results(study)
    print(f"{emg_text(study, rows)}\n\nPage: {page}")
    pictures = [out / "scores.png", out / "traces.png"]
    if where := publish_study(tracked, emg_title(study), out, emg_rows(study, rows), pictures, "emg"):
        print(where)


if __name__ == "__main__":
    raise SystemExit(main())
