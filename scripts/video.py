"""Film trained controllers, as mp4 or GIF; needs no screen.

``python scripts/video.py RUN [--reach NAME] [--out FILE.mp4|FILE.gif] [--camera NAME] [--slowmo 0.1]`` films a reach of
a run, with ``--compare RUN_B ...`` several runs on the same reach, side by side on the same clock. docs/viewing.md
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from mousearm import cli


@cli.handled()
def main(argv: Sequence[str] | None = None) -> int:
    """Film, and say where the file is."""
    given = vars(parser().parse_args(argv))
    from mousearm.agent import film_runs

    folders = [given.pop("run"), *given.pop("compare")]
    print(f"{'video':<12} {film_runs(folders, **given)}")
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    argument = cli.argument
    return cli.parser(
        __doc__,
        cli.RUN,
        argument("--compare", nargs="+", type=Path, default=[], metavar="RUN", help="runs to show beside it"),
        argument("--reach", metavar="NAME", help="default: the one with the middle error"),
        argument("--out", type=Path, metavar="FILE", help=".mp4 or .gif; default: RUN/videos/REACH.mp4"),
        argument("--camera", help="of the model; front, back, side, inside or top; or AZIMUTH,ELEVATION in degrees"),
        argument("--slowmo", type=float, default=0.1, metavar="SPEED", help="1 is real speed (default: 0.1)"),
        argument("--fps", type=int, metavar="N", help="pictures per second (default: 30, of a GIF 25)"),
        argument("--size", type=pixels, metavar="WxH", help="of a run's picture, such as 1280x960"),
        cli.KINEMATICS,
        cli.CHECKPOINT.but(default="best"),
    )


def pixels(text: str) -> tuple[int, int]:
    """Width and height of ``640x480``.

    Raises:
        argparse.ArgumentTypeError: if it is something else.
    """
    if not re.fullmatch(r"\d+x\d+", text):
        raise argparse.ArgumentTypeError(f"'{text}' is no size: give width and height, such as 640x480")
    width, height = map(int, text.split("x"))
    return width, height


if __name__ == "__main__":
    sys.exit(main())
