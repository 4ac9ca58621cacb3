"""Compare an arm with the OpenSim model that it was made from; the exit status is 1 if it misses a limit.

``python scripts/compare_opensim.py FILE.osim [OVERRIDES...] [--poses 500] [--seed 0] [--kinematics PATH]
[--figure DIR] [--json FILE]``, for example ``python scripts/compare_opensim.py scaled_mouse.osim model=muscle`` or
``python scripts/compare_opensim.py my.osim model=osim model.osim=my.osim``. OpenSim must be installed
(``pip install opensim``); nothing else in mousearm needs it.
"""

from argparse import Namespace
from pathlib import Path

from mousearm import cli

MOST_POSES = 100_000  # which fit into memory


@cli.command(
    __doc__,
    cli.argument("file", type=Path, help="the OpenSim model (.osim)"),
    cli.OVERRIDES,
    cli.argument("--poses", type=int, default=500, help="random poses within the joint ranges (default 500)"),
    cli.argument("--seed", type=int, default=0, help="of the poses (default 0)"),
    cli.KINEMATICS.but(help="also look at the fibre lengths in these reaches: a CSV file or a folder"),
    cli.FIGURE,
    cli.JSON.but(help="also write all figures here"),
)
def main(given: Namespace) -> int:
    """Print the tables; write JSON and figures where that is asked for."""
    if not 1 <= given.poses <= MOST_POSES:
        raise cli.UsageError(f"--poses {given.poses} must be 1 to {MOST_POSES}")
    if given.seed < 0:
        raise cli.UsageError(f"--seed {given.seed} must be 0 or more")
    import numpy as np

    from mousearm.config import compose
    from mousearm.env.references import prepare
    from mousearm.fidelity.compare import compare_with_opensim, verdicts
    from mousearm.fidelity.report import fidelity_json, fidelity_text
    from mousearm.files import write_json
    from mousearm.model import load_arm

    config, reaches = compose(given.overrides, given.kinematics), None
    if given.kinematics is None:
        arm = load_arm(config.model)
    else:
        _, arm, references = prepare(config)
        reaches = np.concatenate([reference.qpos for reference in references])
    found = compare_with_opensim(given.file, arm, given.poses, given.seed, reaches)
    print(fidelity_text(found))
    if given.json is not None:
        write_json(given.json, fidelity_json(found))
    if given.figure is not None:
        from mousearm.fidelity.figure import draw_fidelity

        print("\nFigures:", *(draw_fidelity(found, given.figure) or ["none, there are no muscles to compare"]))
    return 0 if all(result.passed for result in verdicts(found)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
