"""Draw what an agent does, for print: ``python scripts/figures.py RUN_OR_RECORDING.h5 [--out DIR] [--reach NAME ...]``.

Trajectories and errors, joint angles against the reference, muscle activations, synergies, and the network's state
along its principal components; each as PDF and as PNG of 300 dpi. docs/figures.md says what each figure shows.
"""

import argparse
import sys
from pathlib import Path

from mousearm.agent import Agent
from mousearm.errors import MouseArmError
from mousearm.figures import draw_recording
from mousearm.record import Recording, read_recording, record


def main() -> None:
    """Read or record, draw, and say where it all is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, metavar="RUN_OR_RECORDING", help="run folder, or file of record.py")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: RUN/figures/recorded, or RECORDING_figures")
    parser.add_argument(
        "--reach", nargs="+", default=[], metavar="NAME", help="drawn one by one (default: best, middle and worst)"
    )
    parser.add_argument("--kinematics", metavar="PATH", help="of a run: other reaches than its own, a file or folder")
    parser.add_argument("--checkpoint", metavar="WHICH", help="of a run: best (default), latest, or a number of steps")
    arguments = parser.parse_args()
    is_run = arguments.source.is_dir()
    if not is_run and (arguments.kinematics is not None or arguments.checkpoint is not None):
        parser.error("--kinematics and --checkpoint are for a run folder; a recording has its reaches")
    try:
        recording = recording_of(arguments) if is_run else read_recording(arguments.source)
        drawn = draw_recording(recording, arguments.out or usual_place(arguments.source), arguments.reach)
    except (MouseArmError, OSError) as error:
        sys.exit(f"error: {error}")
    print(*drawn.files, *drawn.left_out, sep="\n")


def recording_of(arguments: argparse.Namespace) -> Recording:
    """What the agent of a run folder does, without noise.

    Raises:
        MouseArmError: if the run cannot be used.
    """
    return record(Agent.load(arguments.source, arguments.checkpoint or "best", arguments.kinematics))


def usual_place(source: Path) -> Path:
    """Within a run, beside a recording."""
    return source / "figures" / "recorded" if source.is_dir() else source.with_name(f"{source.stem}_figures")


if __name__ == "__main__":
    main()
