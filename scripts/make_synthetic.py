"""Generate synthetic reaches as CSV files: ``python scripts/make_synthetic.py OUT --n 32 --seed 0``.

OUT is a folder (``reach_00.csv``, ``reach_01.csv``, ...), or one file ``NAME.csv`` with ``--n 1``. The reaches that
ship with the package were made by
``python scripts/make_synthetic.py mousearm/kinematics/data/synthetic --n 32 --seed 0`` and
``python scripts/make_synthetic.py mousearm/kinematics/data/demo.csv --n 1 --seed 45 --frames 50 50``.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from mousearm import cli


@cli.handled()
def main(argv: Sequence[str] | None = None) -> int:
    """Generate reaches, and write them."""
    argument, most = cli.argument, ("FEWEST", "MOST")
    parser = cli.parser(
        __doc__,
        argument("out", type=Path, help="folder, or one file NAME.csv with --n 1"),
        argument("--n", type=int, default=32, help="how many reaches (default 32)"),
        argument("--seed", type=int, default=0, help="seed of the random numbers (default 0)"),
        argument("--frames", type=int, nargs=2, default=(40, 70), metavar=most, help="frames at 150 Hz"),
        argument("--model", default="torque", help="choice of the group conf/model (default torque)"),
    )
    given = parser.parse_args(argv)
    written = make(given.out, given.n, given.seed, tuple(given.frames), given.model)
    print(f"Wrote {written} reaches to {given.out}.")
    return 0


def make(out: Path, n: int, seed: int, frames: tuple[int, int], model: str) -> int:
    """Generate and write reaches; returns how many.

    Raises:
        MouseArmError: an argument is not valid, or a file cannot be written.
    """
    from mousearm.config import compose
    from mousearm.errors import KinematicsError
    from mousearm.files import make_folder
    from mousearm.kinematics import generate, write_csv
    from mousearm.model import load_arm

    single = out.suffix == ".csv"
    if single and n != 1:
        raise KinematicsError(f"{out} is one file, but --n {n} reaches are wanted. Give --n 1, or a folder.")
    reaches = generate(load_arm(compose([f"model={model}"]).model), n, seed, frames=frames)
    make_folder(out.parent if single else out)
    for reach in reaches:
        write_csv(reach, out if single else out / f"{reach.name}.csv")
    return len(reaches)


if __name__ == "__main__":
    sys.exit(main())
