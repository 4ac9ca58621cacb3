"""Evaluate a trained controller.

``python scripts/evaluate.py RUN [--kinematics PATH] [--checkpoint best|latest|STEP] [--json FILE]``
"""

import argparse
import json
import sys
from pathlib import Path

from mousearm.errors import MouseArmError
from mousearm.evaluate import table
from mousearm.experiment import evaluate_run
from mousearm.rundir import write_text


def main() -> None:
    """Print the table of errors, and write it as JSON where that is asked for."""
    parser = argparse.ArgumentParser(description="Deterministic errors of a trained controller, in mm.")
    parser.add_argument("run", type=Path, help="run folder, such as outputs/first")
    parser.add_argument("--kinematics", help="other reaches than those of the run: a CSV file or a folder")
    parser.add_argument("--checkpoint", default="best", help="best (default), latest, or a number of steps")
    parser.add_argument("--json", type=Path, help="also write the result here, as in evaluation.json")
    arguments = parser.parse_args()
    try:
        evaluation, _ = evaluate_run(arguments.run, arguments.checkpoint, arguments.kinematics)
    except MouseArmError as error:
        sys.exit(f"error: {error}")
    print(table(evaluation))
    if arguments.json is not None:
        write_text(arguments.json, json.dumps(evaluation.as_json(), indent=2) + "\n")


if __name__ == "__main__":
    main()
