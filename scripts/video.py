"""Film trained controllers, as mp4 or GIF; needs no screen.

``python scripts/video.py RUN [--reach NAME] [--out FILE.mp4|FILE.gif] [--camera NAME] [--slowmo 0.1]`` films a reach of
a run, with ``--compare RUN_B ...`` several runs on the same reach, side by side on the same clock. docs/viewing.md
"""

import argparse
import re
import sys
from pathlib import Path

from mousearm.errors import MouseArmError
from mousearm.video import film_runs


def main() -> None:
    """Film, and say where the file is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder, such as outputs/NAME")
    parser.add_argument("--compare", nargs="+", type=Path, default=[], metavar="RUN", help="runs to show beside it")
    parser.add_argument("--reach", metavar="NAME", help="default: the one with the middle error")
    parser.add_argument("--out", type=Path, metavar="FILE", help=".mp4 or .gif; default: RUN/videos/REACH.mp4")
    parser.add_argument(
        "--camera", help="of the model; front, back, side, inside or top; or AZIMUTH,ELEVATION in degrees"
    )
    parser.add_argument("--slowmo", type=float, default=0.1, metavar="SPEED", help="1 is real speed (default: 0.1)")
    parser.add_argument("--fps", type=int, metavar="N", help="pictures per second (default: 30, of a GIF 25)")
    parser.add_argument("--size", type=pixels, metavar="WxH", help="of a run's picture, such as 1280x960")
    parser.add_argument("--kinematics", metavar="PATH", help="other reaches than the run's: a CSV file or a folder")
    parser.add_argument("--checkpoint", default="best", help="best (default), latest, or a number of steps")
    arguments = vars(parser.parse_args())
    folders = [arguments.pop("run"), *arguments.pop("compare")]
    try:
        print(f"{'video':<12} {film_runs(folders, **arguments)}")
    except MouseArmError as error:
        sys.exit(f"error: {error}")


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
    main()
