"""Measure speed: ``python scripts/benchmark.py [--only SECTION,...] [--json FILE]``.

Takes about five minutes; run nothing else meanwhile. The last column is the speed relative to the stock stack.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from mousearm.benchmark import environment_speed, table, training_speed, update_speed
from mousearm.errors import MouseArmError, UnknownNameError

SECTIONS = ("environment", "update", "training")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Speed of environment, update and training, all measured in one run.")
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, with commas: " + ",".join(SECTIONS))
    parser.add_argument("--model", default="torque", help="the arm of the section environment: torque | muscle")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of the network; default all processors")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    try:
        figures = benchmark(arguments.only.split(","), arguments.model, arguments.threads)
        if arguments.json is not None:
            arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    except (MouseArmError, OSError) as error:
        sys.exit("error: " + " ".join(str(error).split()))


def benchmark(sections: list[str], model: str, threads: int) -> dict[str, dict[str, float]]:
    """Measure section after section, printing each.

    Raises:
        MouseArmError: if there is no such section or arm.
    """
    measure = {
        "environment": lambda: environment_speed(model),
        "update": lambda: update_speed(threads),
        "training": lambda: training_speed(threads),
    }
    for section in sections:
        if section not in SECTIONS:
            raise UnknownNameError("section (--only)", section, SECTIONS)
    figures = {}
    for section in sections:
        figures[section] = measure[section]()
        print(table({section: figures[section]}), flush=True)
    return figures


if __name__ == "__main__":
    main()
