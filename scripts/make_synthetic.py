"""Generate synthetic reaches as CSV files: ``python scripts/make_synthetic.py OUT --n 32 --seed 0``.

OUT is a folder (``reach_00.csv``, ``reach_01.csv``, ...), or one file ``NAME.csv`` with ``--n 1``. The reaches that
ship with the package were made by
``python scripts/make_synthetic.py mousearm/kinematics/data/synthetic --n 32 --seed 0`` and
``python scripts/make_synthetic.py mousearm/kinematics/data/demo.csv --n 1 --seed 45 --frames 50 50``.
"""

import argparse
import sys
from pathlib import Path

from mousearm.config import compose
from mousearm.errors import KinematicsError, MouseArmError
from mousearm.kinematics import generate, write_csv
from mousearm.model import load_arm


def main() -> None:
    """Read the command line, generate, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder, or one file NAME.csv with --n 1")
    parser.add_argument("--n", type=int, default=32, help="how many reaches (default 32)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers (default 0)")
    parser.add_argument(
        "--frames", type=int, nargs=2, default=(40, 70), metavar=("FEWEST", "MOST"), help="frames at 150 Hz"
    )
    parser.add_argument("--model", default="torque", help="choice of the group conf/model (default torque)")
    args = parser.parse_args()
    try:
        written = make(args.out, args.n, args.seed, tuple(args.frames), args.model)
    except MouseArmError as error:
        sys.exit(str(error))
    print(f"Wrote {written} reaches to {args.out}.")


def make(out: Path, n: int, seed: int, frames: tuple[int, int], model: str) -> int:
    """Generate and write reaches; returns how many.

    Raises:
        MouseArmError: an argument is not valid, or a file cannot be written.
    """
    single = out.suffix == ".csv"
    if single and n != 1:
        raise KinematicsError(f"{out} is one file, but --n {n} reaches are wanted. Give --n 1, or a folder.")
    reaches = generate(load_arm(compose([f"model={model}"]).model), n, seed, frames=frames)
    (out.parent if single else out).mkdir(parents=True, exist_ok=True)
    for reach in reaches:
        write_csv(reach, out if single else out / f"{reach.name}.csv")
    return len(reaches)


if __name__ == "__main__":
    main()
