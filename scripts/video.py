"""Film trained agents and recordings, as mp4 or GIF; needs no screen.

``python scripts/video.py RUN [--reach NAME] [--out FILE.mp4|FILE.gif] [--camera NAME] [--slowmo 0.1]`` films a reach of
a run or a recording (RECORDING.h5), and with ``--compare RUN_B ...`` the same reach of several side by side. With
``--on FILM --calibration FILE [--camera NAME] [--offset N]`` the arm is drawn on the animal's own film.
docs/viewing.md explains more.
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
    cli.argument(
        "--compare", nargs="+", type=Path, default=[], metavar="RUN", help="runs or recordings to show beside it"
    ),
    cli.argument("--reach", metavar="NAME", help="default: the one with the middle error"),
    cli.output("--out", ".mp4", ".gif", help=".mp4 or .gif; default: RUN/videos/REACH.mp4"),
    cli.argument(
        "--camera",
        help="of the model, or of --calibration; front, back, side, inside, top; AZIMUTH,ELEVATION",
    ),
    cli.argument("--slowmo", type=float, default=0.1, metavar="SPEED", help="1 is real speed (default: 0.1)"),
    cli.argument("--fps", type=int, metavar="N", help="frames per second (default: 30, for a GIF 25)"),
    cli.argument("--on", type=Path, metavar="FILM", help="that a calibrated camera recorded: draw the arm on it"),
    cli.argument("--calibration", type=Path, metavar="FILE", help="calibration.toml or stereo_params.pickle, for --on"),
    cli.argument("--offset", type=int, metavar="N", help="frames by which the film is later than the recording"),
    cli.argument("--size", type=pixels, metavar="WxH", help="of one run's panel, such as 1280x960"),
    cli.KINEMATICS,
    cli.CHECKPOINT.but(default="best"),
)
def main(given: Namespace) -> None:
    """Film, and say where the file is."""
    options = vars(given)
    folders = [options.pop("run"), *options.pop("compare")]
    footage, calibration, offset = (options.pop(name) for name in ("on", "calibration", "offset"))
    if (footage is None) != (calibration is None) or (footage is None and offset is not None):
        raise cli.UsageError("--on and --calibration go together, and --offset with them")
    if footage is not None and (len(folders) > 1 or options["size"] is not None):
        raise cli.UsageError("--on shows one run, in the size of the film; leave --compare and --size out")
    from mousearm.record.filming import film_runs, overlay_run
    from mousearm.text import facts

    if footage is None:
        print(facts({"video": film_runs(folders, **options)}))
    else:
        from mousearm.rundir.runs import is_recording

        if is_recording(folders[0]):
            raise cli.UsageError("--on is for a run folder: a recording does not know which film its reach is from")
        del options["size"]
        print(facts(overlay_run(folders[0], footage, calibration, offset=offset or 0, **options)))


if __name__ == "__main__":
    raise SystemExit(main())
