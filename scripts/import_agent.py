"""Make a run folder from an agent that Stable-Baselines3 saved, such as those of the lab's original program.

``python scripts/import_agent.py AGENT.zip --trust --out outputs/old [--statistics VECNORMALIZE.pkl] [OVERRIDES...]``
Overrides, as for run.py, name its arm and reaches, such as ``model.file=arm.xml kinematics.path=reaches``.
Afterwards ``python scripts/evaluate.py outputs/old`` evaluates it; it cannot be trained further.
"""

import sys
from argparse import Namespace
from pathlib import Path

from mousearm import cli


@cli.command(
    __doc__,
    cli.argument("zip", type=Path, metavar="AGENT.zip", help="archive written by model.save of RecurrentPPO"),
    cli.OVERRIDES,
    cli.output("--out", is_folder=True, is_new=True, required=True, metavar="RUN", help="a new run folder"),
    cli.argument("--statistics", type=Path, metavar="FILE", help="file written by VecNormalize.save, if it was used"),
    cli.argument("--trust", action="store_true", help="read files that may contain code; see the warning"),
)
def main(given: Namespace) -> None:
    """Import, and print how well the agent does."""
    from mousearm.agent_import import import_agent
    from mousearm.text import facts

    if given.trust:
        run = f"{given.statistics} is unpickled, which runs any code in it" if given.statistics else "nothing is run"
        print(f"warning: {given.zip} is trusted: its weights and text are read; {run}.", file=sys.stderr)
    evaluation = import_agent(given.zip, given.out, given.overrides, given.statistics, given.trust)
    print("\n".join([evaluation.table(), "", facts({"run folder": given.out})]))


if __name__ == "__main__":
    raise SystemExit(main())
