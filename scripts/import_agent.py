"""Make a run folder of an agent that Stable-Baselines3 saved, such as those of the lab's original program.

``python scripts/import_agent.py AGENT.zip --trust --out outputs/old [--statistics VECNORMALIZE.pkl] [OVERRIDES...]``
Overrides, as for run.py, say with which arm and reaches it was trained: ``model.file=arm.xml kinematics.path=reaches``.
Afterwards ``python scripts/evaluate.py outputs/old`` evaluates it; it cannot be trained further.
"""

import argparse
import sys
from pathlib import Path

from mousearm.agent_import import import_agent
from mousearm.errors import MouseArmError
from mousearm.evaluate import table


def main() -> None:
    """Read the command line, import, print how well the agent does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zip", type=Path, metavar="AGENT.zip", help="what model.save of RecurrentPPO wrote")
    parser.add_argument("overrides", nargs="*", metavar="OVERRIDES", help="KEY=VALUE, as for run.py")
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="a new run folder")
    parser.add_argument("--statistics", type=Path, metavar="FILE", help="what VecNormalize.save wrote, if it was used")
    parser.add_argument("--trust", action="store_true", help="read files that can hold code; see the warning")
    given = parser.parse_intermixed_args()
    if given.trust:
        run = f"{given.statistics} is unpickled, which runs any code in it" if given.statistics else "nothing is run"
        print(f"warning: {given.zip} is trusted: its weights and text are read; {run}.", file=sys.stderr)
    try:
        evaluation = import_agent(given.zip, given.out, given.overrides, given.statistics, given.trust)
    except MouseArmError as error:
        sys.exit(f"error: {error}")
    print(f"{table(evaluation)}\n\nrun folder   {given.out}")


if __name__ == "__main__":
    main()
