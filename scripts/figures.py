"""Draw figures of an agent for print: ``python scripts/figures.py RUN_OR_RECORDING.h5 [--out DIR] [--reach NAME ...]``.

Trajectories and errors, joint angles against the reference, muscle activations, synergies, and the network's state
along its principal components; each as PDF and as PNG of 300 dpi. docs/figures.md says what each figure shows.
"""

from argparse import Namespace
from pathlib import Path

from mousearm import cli


@cli.command(
    __doc__,
    cli.argument("source", type=Path, metavar="RUN_OR_RECORDING", help="run folder, or a file written by record.py"),
    cli.OUT.but(help="default: RUN/figures/recorded or RECORDING_figures"),
    cli.argument(
        "--reach", nargs="+", default=[], metavar="NAME", help="reaches drawn one by one (default: best, middle, worst)"
    ),
    cli.KINEMATICS,
    cli.CHECKPOINT,
)
def main(given: Namespace) -> None:
    """Read or record, draw, and say where it all is."""
    from mousearm.rundir.runs import run_path

    is_run = run_path(given.source).is_dir()
    if not is_run and (given.kinematics is not None or given.checkpoint is not None):
        raise cli.UsageError("--kinematics and --checkpoint are for a run folder; a recording has its reaches")
    from mousearm.record import read_recording, record

    if is_run:
        from mousearm.agent import Agent

        recording = record(Agent.load(given.source, given.checkpoint or "best", given.kinematics))
    else:
        recording = read_recording(given.source)
    from mousearm.figures import draw_recording, usual_place

    files, left_out = draw_recording(recording, given.out or usual_place(given.source), given.reach)
    print(*files, *left_out, sep="\n")


if __name__ == "__main__":
    raise SystemExit(main())
