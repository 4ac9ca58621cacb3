"""Check whether a model is fit for training; the exit status is 1 if it is not.

``python scripts/check_model.py [OVERRIDES...] [--kinematics PATH] [--figure DIR] [--integration]``, for example
``python scripts/check_model.py model=muscle`` or ``python scripts/check_model.py model.file=my_arm.xml``.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from mousearm.config import compose
from mousearm.errors import MouseArmError
from mousearm.model_check.figure import draw_check
from mousearm.model_check.integration import integration_accuracy
from mousearm.model_check.suite import check_model


def main() -> None:
    """Print the tables, and draw the figure where that is asked for."""
    parser = argparse.ArgumentParser(description="Checks of anatomy, muscles, strength and stability of a model.")
    parser.add_argument("overrides", nargs="*", help="as for run.py, such as model=muscle model.file=my_arm.xml")
    parser.add_argument("--kinematics", help="reaches that it must be strong enough for: a CSV file or a folder")
    parser.add_argument("--figure", type=Path, metavar="DIR", help="also draw the result into this folder")
    parser.add_argument("--integration", action="store_true", help="also compare integrators and numbers of substeps")
    arguments = parser.parse_intermixed_args()
    try:
        passed = check(arguments.overrides, arguments.kinematics, arguments.figure, arguments.integration)
    except (MouseArmError, OSError) as error:
        sys.exit("error: " + " ".join(str(error).split()))
    sys.exit(0 if passed else 1)


def check(overrides: list[str], kinematics: str | None, figure: Path | None, integration: bool) -> bool:
    """Run the checks, print and draw; returns whether all passed.

    Raises:
        MouseArmError: if the model or a reach cannot be used at all.
    """
    config = compose(overrides)
    if kinematics is not None:
        config = replace(config, kinematics=replace(config.kinematics, path=kinematics))
    report = check_model(config)
    print(report.text())
    if figure is not None:
        print("\nFigure:", *draw_check(report, figure))
    if integration:
        print(f"\n{integration_accuracy(report.arm, report.references, config.env.control_dt).text()}")
    return report.passed


if __name__ == "__main__":
    main()
