"""Check whether a model is fit for training; the exit status is 1 if it is not.

``python scripts/check_model.py [OVERRIDES...] [--kinematics PATH] [--figure DIR] [--integration]``, for example
``python scripts/check_model.py model=muscle`` or ``python scripts/check_model.py model.file=my_arm.xml``.
"""

from argparse import Namespace

from mousearm import cli


@cli.command(
    __doc__,
    cli.OVERRIDES,
    cli.KINEMATICS.but(help="reaches that need enough torque: a CSV file or a folder"),
    cli.FIGURE,
    cli.argument("--integration", action="store_true", help="also compare integrators and numbers of substeps"),
)
def main(given: Namespace) -> int:
    """Print the tables, and draw the figure where that is asked for."""
    from mousearm.config import compose
    from mousearm.model_check.suite import check_model

    config = compose(given.overrides, given.kinematics)
    report = check_model(config)
    print(report.text())
    if given.figure is not None:
        from mousearm.model_check.figure import draw_check

        print("\nFigure:", *draw_check(report, given.figure))
    if given.integration:
        from mousearm.model_check.integration import integration_accuracy

        print(f"\n{integration_accuracy(report.arm, report.references, config.env.control_dt).text()}")
    return 0 if report.passed else 1


if __name__ == "__main__":
    raise SystemExit(main())
