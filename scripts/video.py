"""Film trained agents, as mp4 or GIF; needs no screen.

``python scripts/video.py RUN [--reach NAME] [--out FILE.mp4|FILE.gif] [--camera NAME] [--slowmo 0.1]`` films a reach of
a run, and with ``--compare RUN_B ...`` the same reach of several runs side by side. docs/viewing.md explains more.
"""

import re
from argparse import ArgumentTypeError, Namespace
from pathlib import Path

from mousearm import cli


def pixels(text: str) -> tuple[int, int]:
    """Width and height of ``640x480``.

    Raises:
        ArgumentTypeError: if it is something else.
    """
    if not re.fullmatch(r"\d+x\d+", text):
        raise ArgumentTypeError(f"'{text}' is no size: give width and height, such as 640x480")
    width, height = map(int, text.split("x"))
    return width, height


@cli.command(
    __doc__,
    cli.RUN,
    cli.argument("--compare", nargs="+", type=Path, default=[], metavar="RUN", help="runs to show beside it"),
    cli.argument("--reach", metavar="NAME", help="default: the one with the middle error"),
    cli.argument("--out", type=Path, metavar="FILE", help=".mp4 or .gif; default: RUN/videos/REACH.mp4"),
    cli.argument("--camera", help="of the model; front, back, side, inside or top; or AZIMUTH,ELEVATION in degrees"),
    cli.argument("--slowmo", type=float, default=0.1, metavar="SPEED", help="1 is real speed (default: 0.1)"),
    cli.argument("--fps", type=int, metavar="N", help="frames per second (default: 30, for a GIF 25)"),
    cli.argument("--size", type=pixels, metavar="WxH", help="of one run's panel, such as 1280x960"),
    cli.KINEMATICS,
    cli.CHECKPOINT.but(default="best"),
)
def main(given: Namespace) -> None:
    """Film, and say where the file is."""
    options = vars(given)
    folders = [options.pop("run"), *options.pop("compare")]
    from mousearm.agent import film_runs
    from mousearm.text import facts

    print(facts({"video": film_runs(folders, **options)}))


if __name__ == "__main__":
    raise SystemExit(main())
