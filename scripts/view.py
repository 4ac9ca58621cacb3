"""Watch an agent, computed muscle control or the reference itself perform reaches, in a window or in a browser.

``python scripts/view.py RUN [--checkpoint best|latest|STEP] [--kinematics PATH]``
``python scripts/view.py [OVERRIDES...] [--controller cmc] [--kinematics PATH]``, such as ``view.py model=muscle``;
both with ``[--reach NAME] [--slowmo 0.1] [--colours grey_red|blue_red] [--web] [--port 8080]``.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mousearm import cli
from mousearm.registry import CONTROLLERS
from mousearm.render import MUSCLE_COLOURS

if TYPE_CHECKING:
    from mousearm.view import Simulator


@cli.handled()
def main(argv: Sequence[str] | None = None) -> int:
    """Open the viewer, and stay until it is closed."""
    given = parse(argv)
    from mousearm.view import Playback, watch

    playback = Playback(simulator(given), given.reach, given.slowmo, given.colours)
    try:
        watch(playback, given.port if given.web else None)
    except KeyboardInterrupt:
        print()
    return 0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line; ``run`` is the run folder, or None where ``what`` are overrides."""
    argument = cli.argument
    parser = cli.parser(
        __doc__,
        argument("what", nargs="*", metavar="RUN", help="run folder; or overrides as for run.py: a model alone"),
        argument("--controller", choices=list(CONTROLLERS), help="without a run: drives the arm"),
        cli.KINEMATICS.but(help="other reaches: a CSV file or a folder"),
        cli.CHECKPOINT,
        argument("--reach", metavar="NAME", help="which reach to begin with"),
        argument("--slowmo", type=float, default=0.1, help="seconds of the reach per second (default 0.1)"),
        argument("--colours", choices=list(MUSCLE_COLOURS), default="grey_red", help="muscles at rest, active"),
        argument("--web", action="store_true", help="show it in a browser instead of a window"),
        argument("--port", type=int, default=8080, help="with --web: where it is served (default 8080)"),
    )
    given = parser.parse_intermixed_args(argv)
    runs = [word for word in given.what if "=" not in word]
    given.run = Path(runs[0]) if runs else None
    if runs and (len(given.what) > 1 or given.controller is not None):
        parser.error("give one run folder alone, or overrides as for run.py, with or without --controller")
    if not runs and given.checkpoint is not None:
        parser.error("--checkpoint is of a run folder, and there is none")
    return given


def simulator(given: argparse.Namespace) -> "Simulator":
    """What the command line asks to see.

    Raises:
        MouseArmError: if it cannot be used.
    """
    from mousearm.config import compose
    from mousearm.view import simulator_of_config, simulator_of_run

    if given.run is not None:
        return simulator_of_run(given.run, given.checkpoint or "best", given.kinematics)
    return simulator_of_config(compose(given.what), given.kinematics, given.controller)


if __name__ == "__main__":
    sys.exit(main())
