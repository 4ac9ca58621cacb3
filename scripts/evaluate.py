"""Evaluate a trained agent, or computed muscle control, which needs no training: errors in mm, the same every time.

``python scripts/evaluate.py RUN [--kinematics PATH] [--checkpoint best|latest|STEP] [--repeats N] [--json FILE]``
``python scripts/evaluate.py --controller cmc [OVERRIDES...] [--kinematics PATH] [--json FILE] [--figures DIR]``
RUN may be package:example_torque or package:example_muscle, which ship.
"""

from argparse import Namespace
from pathlib import Path

from mousearm import cli
from mousearm.registry import CONTROLLERS

DESCRIBED = " ".join(f"{name}: {meaning}" for name, meaning in CONTROLLERS.described().items())


@cli.command(
    __doc__,
    cli.argument("what", nargs="*", metavar="RUN", help="run folder; with --controller: overrides as for run.py"),
    cli.argument("--controller", choices=list(CONTROLLERS), help=f"one that needs no run: {DESCRIBED}"),
    cli.KINEMATICS,
    cli.CHECKPOINT,
    cli.argument(
        "--repeats", type=int, metavar="N", help="of each reach, each with other noise; default: 20, or 1 without"
    ),
    cli.JSON.but(help="also write the result here, in the form of evaluation.json"),
    cli.output("--figures", is_folder=True, help="with --controller: also write figures and a film here"),
)
def main(given: Namespace) -> None:
    """Print the table of errors, and write it as JSON where that is asked for."""
    if given.controller is None and (len(given.what) != 1 or given.figures is not None):
        raise cli.UsageError(
            "give one run folder, which holds its figures and is evaluated as it was trained, or --controller and "
            "overrides. A run under conditions: scripts/whatif.py RUN condition=NAME"
        )
    if given.controller is not None and given.checkpoint is not None:
        raise cli.UsageError(f"--controller {given.controller} has no checkpoints")
    if given.repeats is not None and given.repeats < 1:
        raise cli.UsageError(f"--repeats {given.repeats}: give 1 or more")
    from mousearm.door import SEAL
    from mousearm.files import to_json, write_sealed, write_text

    if given.controller is None:
        from mousearm.agent import Agent

        run = Path(given.what[0])
        agent = Agent.load(run, given.checkpoint or "best", given.kinematics, repeats=given.repeats)
        evaluation, _ = agent.evaluate()
    else:
        from mousearm.config import compose
        from mousearm.experiment import evaluate_controller

        words = given.controller, compose(given.what), given.kinematics, given.figures, given.repeats
        evaluation, _ = evaluate_controller(*words)
    print(evaluation.table())
    if given.json is not None:
        write = write_sealed if given.json.with_name(SEAL).exists() else write_text
        write(given.json, to_json(evaluation.as_json()))


if __name__ == "__main__":
    raise SystemExit(main())
