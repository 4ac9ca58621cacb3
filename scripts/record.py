"""Record what an agent does and what happens in it: ``python scripts/record.py RUN --out FILE.h5``.

Per reach and step: what the network saw, its hidden and cell states, the activations of every layer, value and action;
control, activation, force, length and moment arms of muscles; joints, points and errors. FILE.nwb is written as
Neurodata Without Borders; with --format sto, --out is a folder of OpenSim tables. docs/recording.md explains it all.
"""

import argparse
import sys
from pathlib import Path

from mousearm.agent import Agent
from mousearm.errors import MouseArmError
from mousearm.record import FORMATS, RecordingResult, write_recording


def main() -> None:
    """Read the command line, record, say what was written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="file, or folder of tables, to write")
    parser.add_argument("--format", metavar="|".join(FORMATS), help="default: what the suffix of --out says")
    parser.add_argument("--kinematics", metavar="PATH", help="other reaches than those of the run: a file or folder")
    parser.add_argument("--checkpoint", default="best", help="best (default), latest, or a number of steps")
    parser.add_argument(
        "--noise", type=float, default=0.0, metavar="N", help="motor noise, s.d. added to actions (-1 to 1)"
    )
    parser.add_argument("--repeats", type=int, default=1, metavar="K", help="performances of each reach, with noise")
    parser.add_argument("--seed", type=int, default=0, help="of the noise (default 0)")
    parser.add_argument("--overwrite", action="store_true", help="replace the file if it exists")
    arguments = parser.parse_args()
    try:
        agent = Agent.load(arguments.run, arguments.checkpoint, arguments.kinematics)
        options = arguments.format, arguments.repeats, arguments.noise, arguments.seed, arguments.overwrite
        written = write_recording(agent, arguments.out, *options)
    except MouseArmError as error:
        sys.exit(f"error: {error}")
    print(f"{arguments.out}: {summary(written)}")


def summary(written: RecordingResult) -> str:
    """What was written, in words."""
    per_second = written.bytes / 1e6 / max(written.seconds, 1e-9)
    lines = [
        f"{written.trials} reaches, {written.seconds:.1f} s, {written.bytes / 1e6:.1f} MB "
        f"({per_second:.2g} MB per second of reach)"
    ]
    if written.diverged:
        lines.append(f"Diverged, recorded up to there: {', '.join(written.diverged)}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
