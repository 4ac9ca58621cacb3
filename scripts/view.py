"""Watch an agent, a recording, a controller or the reference perform reaches, in a window or in a browser.

``python scripts/view.py RUN [--checkpoint best|latest|STEP] [--kinematics PATH]``; RUN may be package:example_muscle
``python scripts/view.py RECORDING.h5``, written by record.py or optimal.py
``python scripts/view.py [OVERRIDES...] [--controller cmc] [--kinematics PATH]``, such as ``view.py model=muscle``;
both with ``[--reach NAME] [--slowmo 0.1] [--colours grey_red|blue_red] [--web] [--port 8080]``.
"""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from mousearm import cli
from mousearm.registry import CONTROLLERS
from mousearm.render import MUSCLE_COLOURS, check_speed

if TYPE_CHECKING:
    from mousearm.view import Performer


def performer(given: Namespace) -> "Performer":
    """Subject of the command line: a run folder's agent, a recording, or the model that overrides say.

    Raises:
        MouseArmError: if it cannot be used.
    """
    runs, _ = cli.paths_and_overrides(given.what)
    if runs and (len(given.what) > 1 or given.controller is not None):
        raise cli.UsageError("give one run folder alone, or overrides as for run.py, with or without --controller")
    if not runs and given.checkpoint is not None:
        raise cli.UsageError("--checkpoint is of a run folder, and there is none")
    from mousearm.config import compose
    from mousearm.rundir.runs import is_recording
    from mousearm.view import performer_of_recording, simulator_of_config, simulator_of_run

    if runs and is_recording(runs[0]):
        if given.kinematics is not None or given.checkpoint is not None:
            raise cli.UsageError("--kinematics and --checkpoint are for a run folder; a recording has its reaches")
        return performer_of_recording(Path(runs[0]))
    if runs:
        return simulator_of_run(Path(runs[0]), given.checkpoint or "best", given.kinematics)
    return simulator_of_config(compose(given.what), given.kinematics, given.controller)


@cli.command(
    __doc__,
    cli.argument(
        "what", nargs="*", metavar="RUN", help="run folder or recording; or overrides as for run.py, to show a model"
    ),
    cli.argument("--controller", choices=list(CONTROLLERS), help="what drives the arm, without a run"),
    cli.KINEMATICS.but(help="other reaches: a CSV file or a folder"),
    cli.CHECKPOINT,
    cli.argument("--reach", metavar="NAME", help="which reach to begin with"),
    cli.argument("--slowmo", type=float, default=0.1, help="seconds of the reach per second (default 0.1)"),
    cli.argument("--colours", choices=list(MUSCLE_COLOURS), default="grey_red", help="of muscles at rest and active"),
    cli.argument("--web", action="store_true", help="show it in a browser instead of a window"),
    cli.argument("--port", type=int, default=8080, help="with --web: the port of the page (default 8080)"),
)
def main(given: Namespace) -> None:
    """Open the viewer, and stay until it is closed."""
    from mousearm.view import Playback, check_port, watch

    check_speed(given.slowmo)
    check_port(given.port)
    playback = Playback(performer(given), given.reach, given.slowmo, given.colours)
    try:
        watch(playback, given.port if given.web else None)
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    raise SystemExit(main())
