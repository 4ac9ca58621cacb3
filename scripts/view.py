"""Watch an agent, computed muscle control or the reference itself perform reaches, in a window or in a browser.

``python scripts/view.py RUN [--checkpoint best|latest|STEP] [--kinematics PATH]``
``python scripts/view.py [OVERRIDES...] [--controller cmc] [--kinematics PATH]``, such as ``view.py model=muscle``;
both with ``[--reach NAME] [--slowmo 0.1] [--colours grey_red|blue_red] [--web] [--port 8080]``.
"""

import argparse
import sys
from pathlib import Path

from mousearm.config import compose
from mousearm.errors import MouseArmError
from mousearm.render import MUSCLE_COLOURS
from mousearm.view import Playback, Simulator, simulator_of_config, simulator_of_run, watch


def main() -> None:
    """Open the viewer, and stay until it is closed."""
    arguments = parse(sys.argv[1:])
    try:
        playback = Playback(simulator(arguments), arguments.reach, arguments.slowmo, arguments.colours)
        watch(playback, arguments.port if arguments.web else None)
    except MouseArmError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print()


def parse(given: list[str]) -> argparse.Namespace:
    """The command line; ``run`` is the run folder, or None where ``what`` are overrides."""
    parser = argparse.ArgumentParser(description="Watch reaches being performed, in slow motion and in 3D.")
    parser.add_argument("what", nargs="*", metavar="RUN", help="run folder; or overrides as for run.py: a model alone")
    parser.add_argument("--controller", choices=["cmc"], help="without a run: computed muscle control drives the arm")
    parser.add_argument("--kinematics", metavar="PATH", help="other reaches: a CSV file or a folder")
    parser.add_argument("--checkpoint", help="best (default), latest, or a number of steps")
    parser.add_argument("--reach", metavar="NAME", help="which reach to begin with")
    parser.add_argument("--slowmo", type=float, default=0.1, help="seconds of the reach per second (default 0.1)")
    parser.add_argument("--colours", choices=list(MUSCLE_COLOURS), default="grey_red", help="muscles at rest, active")
    parser.add_argument("--web", action="store_true", help="show it in a browser instead of a window")
    parser.add_argument("--port", type=int, default=8080, help="with --web: where it is served (default 8080)")
    arguments = parser.parse_intermixed_args(given)
    runs = [word for word in arguments.what if "=" not in word]
    arguments.run = Path(runs[0]) if runs else None
    if runs and (len(arguments.what) > 1 or arguments.controller is not None):
        parser.error("give one run folder alone, or overrides as for run.py, with or without --controller cmc")
    if not runs and arguments.checkpoint is not None:
        parser.error("--checkpoint is of a run folder, and there is none")
    return arguments


def simulator(arguments: argparse.Namespace) -> Simulator:
    """What the command line asks to see.

    Raises:
        MouseArmError: if it cannot be used.
    """
    if arguments.run is not None:
        return simulator_of_run(arguments.run, arguments.checkpoint or "best", arguments.kinematics)
    return simulator_of_config(compose(arguments.what), arguments.kinematics, arguments.controller == "cmc")


if __name__ == "__main__":
    main()
