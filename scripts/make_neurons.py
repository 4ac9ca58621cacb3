"""Make neurons whose truth is known, from a network: ``python scripts/make_neurons.py RUN --out neurons.nwb``.

The run performs its reaches (--kinematics PATH: others). Neurons are a mix of its activity, by --mix NAME=SHARE,...: a
layer such as hidden, or kinematics, muscles and the like; spikes are Poisson. --apart lets the first give only what the
others do not explain linearly, so that its share is unique. The file is NWB, with a trial for each reach and the truth
in the table of units; compare it with networks by scripts/neural.py. docs/neural_data.md explains it.
"""

from argparse import Namespace
from pathlib import Path

from mousearm import cli


@cli.command(
    __doc__,
    cli.RUN,
    cli.argument("--out", type=Path, required=True, metavar="FILE", help="the file, .nwb"),
    cli.argument("--mix", default="hidden=1", metavar="NAME=SHARE,...", help="what neurons are made of (%(default)s)"),
    cli.argument("--apart", action="store_true", help="the first name gives what the others do not explain linearly"),
    cli.argument("--nonlinear", action="store_true", help="mixes go through tanh"),
    cli.argument("--units", type=int, default=60, metavar="N", help="neurons (default %(default)s)"),
    cli.argument("--rate", type=float, default=20.0, metavar="HZ", help="their median rate (default %(default)s)"),
    cli.argument("--depth", type=float, default=0.4, metavar="D", help="s.d. of a rate over its base (%(default)s)"),
    cli.argument("--private", type=float, default=0.2, metavar="SHARE", help="of slow noise (default %(default)s)"),
    cli.argument("--lag", type=float, default=0.0, metavar="MS", help="by which neurons follow; below 0 they lead"),
    cli.argument("--drift", type=float, default=0.0, metavar="D", help="s.d. of the change in log rate (default 0)"),
    cli.argument("--untuned", type=float, default=0.0, metavar="SHARE", help="of units without a drive (default 0)"),
    cli.argument("--silent", type=int, default=0, metavar="N", help="units without a spike (default 0)"),
    cli.argument("--dims", type=int, default=10, metavar="N", help="components of each that are mixed (%(default)s)"),
    cli.argument("--repeats", type=int, default=1, metavar="N", help="trials of each reach (default %(default)s)"),
    cli.argument("--animal", default="made", metavar="NAME", help="in the file (default %(default)s)"),
    cli.argument("--session", default="1", metavar="NAME", help="in the file (default %(default)s)"),
    cli.argument("--seed", type=int, default=0, help="of everything random (default %(default)s)"),
    cli.KINEMATICS,
    cli.CHECKPOINT.but(default="best"),
    cli.OVERWRITE,
)
def main(given: Namespace) -> None:
    """Make them, and say what they are."""
    from mousearm.neural.made import Recipe
    from mousearm.neural.made_files import made_of_run, made_text, read_mix

    recipe = Recipe(
        n_units=given.units,
        rate_hz=given.rate,
        depth=given.depth,
        private=given.private,
        lag_ms=given.lag,
        drift=given.drift,
        untuned=given.untuned,
        silent=given.silent,
        nonlinear=given.nonlinear,
        dims=given.dims,
        apart=given.apart,
    )
    run = given.run, given.checkpoint, given.kinematics
    who = given.animal, given.session
    made = made_of_run(run, read_mix(given.mix), recipe, given.out, who, given.seed, given.overwrite, given.repeats)
    print(made_text(made, given.out))


if __name__ == "__main__":
    raise SystemExit(main())
