"""Compare an arm with the OpenSim model that it is a port of; the exit status is 1 if it misses a limit.

``python scripts/compare_opensim.py FILE.osim [OVERRIDES...] [--poses 500] [--seed 0] [--kinematics PATH]
[--figure DIR] [--json FILE]``, for example ``python scripts/compare_opensim.py scaled_mouse.osim model=muscle`` or
``python scripts/compare_opensim.py my.osim model=osim model.osim=my.osim``. OpenSim must be installed
(``pip install opensim``); nothing else in mousearm needs it.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from mousearm.config import compose
from mousearm.env.sources import prepare
from mousearm.errors import MouseArmError
from mousearm.fidelity import Fidelity, as_json, as_text, compare, draw_fidelity, results
from mousearm.files import write_json
from mousearm.model import load_arm


def main() -> None:
    """Print the tables; write JSON and figures where that is asked for."""
    parser = argparse.ArgumentParser(description="How faithful an arm is to an OpenSim model, measured in OpenSim.")
    parser.add_argument("file", type=Path, help="the OpenSim model (.osim)")
    parser.add_argument("overrides", nargs="*", help="as for run.py, such as model=muscle model.file=my_arm.xml")
    parser.add_argument("--poses", type=int, default=500, help="random poses within the joint ranges (default 500)")
    parser.add_argument("--seed", type=int, default=0, help="of the poses (default 0)")
    parser.add_argument("--kinematics", help="also look at the fibre lengths in these reaches: a CSV file or a folder")
    parser.add_argument("--figure", type=Path, metavar="DIR", help="also draw the result into this folder")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures here")
    arguments = parser.parse_intermixed_args()
    if arguments.poses < 1:
        parser.error(f"--poses {arguments.poses} must be at least 1")
    try:
        found = measure(arguments.file, arguments.overrides, arguments.poses, arguments.seed, arguments.kinematics)
        print(as_text(found))
        if arguments.json is not None:
            write_json(arguments.json, as_json(found))
        if arguments.figure is not None:
            print("\nFigures:", *(draw_fidelity(found, arguments.figure) or ["none, there are no muscles to compare"]))
    except (MouseArmError, OSError) as error:
        sys.exit("error: " + " ".join(str(error).split()))
    sys.exit(0 if all(result.passed for result in results(found)) else 1)


def measure(file: Path, overrides: list[str], poses: int, seed: int, kinematics: str | None) -> Fidelity:
    """Compare the arm of a configuration.

    Raises:
        MouseArmError: if OpenSim is not installed, or a file cannot be used.
    """
    config = compose(overrides)
    if kinematics is None:
        return compare(file, load_arm(config.model), poses, seed)
    config = replace(config, kinematics=replace(config.kinematics, path=kinematics))
    _, arm, references = prepare(config)
    reaches = np.concatenate([reference.qpos for reference in references])
    return compare(file, arm, poses, seed, reaches)


if __name__ == "__main__":
    main()
