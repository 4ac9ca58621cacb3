"""Generate synthetic reaches as CSV files: ``python scripts/make_synthetic.py OUT --n 32 --seed 0``.

OUT is a folder (``reach_00.csv``, ``reach_01.csv``, ...), or one file ``NAME.csv`` with ``--n 1``. The reaches that
ship with the package were made by
``python scripts/make_synthetic.py mousearm/kinematics/data/synthetic --n 32 --seed 0`` and
``python scripts/make_synthetic.py mousearm/kinematics/data/demo.csv --n 1 --seed 45 --frames 50 50``.

Reaches like the recorded ones, to tune constants on; those that are judged on are of another seed:
``python scripts/make_synthetic.py validation --like recorded --n 64 --seed 1``.
"""

from argparse import Namespace
from pathlib import Path

from mousearm import cli

LIKE = {"smooth": "without small movements, of the arm's own segments (default).", "recorded": "as mice do."}


@cli.command(
    __doc__,
    cli.output("out", is_folder=None, is_new=True, metavar="OUT", help="a new folder, or one file NAME.csv with --n 1"),
    cli.argument("--n", type=int, default=32, help="how many reaches (default 32)"),
    cli.argument("--seed", type=int, default=0, help="seed of the random numbers (default 0)"),
    cli.argument("--like", choices=LIKE, default="smooth", help=" ".join(f"{k}: {v}" for k, v in LIKE.items())),
    cli.argument(
        "--frames", type=int, nargs=2, metavar=("FEWEST", "MOST"), help="frames at 150 Hz (40 70; as recorded 50)"
    ),
    cli.argument("--noise", type=float, default=0.0, metavar="MM", help="tracking noise, s.d. per axis (default 0)"),
    cli.argument("--rate", type=float, default=150.0, metavar="HZ", help="frames per second (default 150)"),
    cli.argument("--model", default="torque", help="choice of the group conf/model (default torque)"),
)
def main(given: Namespace) -> None:
    """Generate reaches, and write them."""
    frames = tuple(given.frames) if given.frames else None
    written = make(given.out, given.n, given.seed, frames, given.model, given.noise, given.rate, given.like)
    from mousearm.text import plural

    print(f"Wrote {plural(written, 'reach', 'reaches')} to {given.out}.")


def make(
    out: Path,
    n: int,
    seed: int,
    frames: tuple[int, int] | None,
    model: str,
    noise_mm: float = 0.0,
    rate: float = 150.0,
    like: str = "smooth",
) -> int:
    """Generate and write reaches; returns how many. Files of those with noise hold the positions without it, too.

    Raises:
        MouseArmError: an argument is not valid, or a file cannot be written.
    """
    import numpy as np

    from mousearm.config import compose
    from mousearm.errors import KinematicsError
    from mousearm.files import make_folder
    from mousearm.kinematics import generate, generate_recorded_like, write_csv, write_reaches
    from mousearm.kinematics.checks import RATE_RANGE
    from mousearm.model import load_arm

    single = out.suffix == ".csv"
    if single and n != 1:
        raise KinematicsError(f"{out} is one file, but --n {n} reaches are wanted. Give --n 1, or a folder.")
    if not 0 <= noise_mm <= 1 or not RATE_RANGE[0] <= rate <= RATE_RANGE[1]:
        low, high = RATE_RANGE
        raise KinematicsError(f"--noise {noise_mm:g} --rate {rate:g}: give 0 to 1 mm and {low:g} to {high:g} Hz.")
    kind = generate if like == "smooth" else generate_recorded_like
    reaches = kind(load_arm(compose([f"model={model}"]).model), n, seed, 1 / rate, *([frames] if frames else []))
    if noise_mm:
        rng, clean = np.random.default_rng([seed, 1]), [reach.landmarks for reach in reaches]
        reaches = [
            reach.moved(truth + rng.normal(0, 1e-3 * noise_mm, truth.shape), versions={"truth": truth})
            for reach, truth in zip(reaches, clean, strict=True)
        ]
    if single:
        make_folder(out.parent)
        write_csv(reaches[0], out)
    else:
        write_reaches(reaches, out)
    return len(reaches)


if __name__ == "__main__":
    raise SystemExit(main())
