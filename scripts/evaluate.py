"""Evaluate a trained controller, or computed muscle control, which needs no training.

``python scripts/evaluate.py RUN [--kinematics PATH] [--checkpoint best|latest|STEP] [--json FILE]``
``python scripts/evaluate.py --controller cmc [OVERRIDES...] [--kinematics PATH] [--json FILE] [--figures DIR]``
"""

import argparse
import sys
from pathlib import Path

from mousearm.agent import Agent
from mousearm.config import compose
from mousearm.errors import MouseArmError
from mousearm.evaluate import Evaluation, table
from mousearm.experiment import evaluate_cmc
from mousearm.files import write_json


def main() -> None:
    """Print the table of errors, and write it as JSON where that is asked for."""
    parser = argparse.ArgumentParser(description="Deterministic errors of a controller, in mm.")
    parser.add_argument("what", nargs="*", metavar="RUN", help="run folder; with --controller: overrides as for run.py")
    parser.add_argument("--controller", choices=["cmc"], help="a controller that needs no run: computed muscle control")
    parser.add_argument("--kinematics", help="other reaches than those of the run: a CSV file or a folder")
    parser.add_argument("--checkpoint", help="best (default), latest, or a number of steps")
    parser.add_argument("--json", type=Path, help="also write the result here, as in evaluation.json")
    parser.add_argument("--figures", type=Path, metavar="DIR", help="with --controller: also draw and film into here")
    arguments = parser.parse_intermixed_args()
    if arguments.controller is None and (len(arguments.what) != 1 or arguments.figures is not None):
        parser.error("give one run folder (which holds its figures), or --controller cmc and overrides")
    if arguments.controller is not None and arguments.checkpoint is not None:
        parser.error(f"--controller {arguments.controller} has no checkpoints")
    try:
        evaluation = evaluate(arguments)
    except MouseArmError as error:
        sys.exit(f"error: {error}")
    print(table(evaluation))
    if arguments.json is not None:
        write_json(arguments.json, evaluation.as_json())


def evaluate(arguments: argparse.Namespace) -> Evaluation:
    """Errors of what the command line names.

    Raises:
        MouseArmError: if it cannot be used.
    """
    if arguments.controller is None:
        return Agent.load(Path(arguments.what[0]), arguments.checkpoint or "best", arguments.kinematics).evaluate()[0]
    return evaluate_cmc(compose(arguments.what), arguments.kinematics, arguments.figures)[0]


if __name__ == "__main__":
    main()
