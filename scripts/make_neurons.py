"""Make neurons whose truth is known, from a network: ``python scripts/make_neurons.py RUN --out neurons.nwb``.

The run performs its reaches (--kinematics PATH: others). Neurons are a mix of its activity, by --mix NAME=SHARE,...: a
layer such as hidden, or kinematics, muscles and the like; spikes are Poisson. --apart lets the first give only what the
others do not explain linearly, so that its share is unique. The file is NWB, with a trial for each reach and the truth
in the table of units; compare it with networks by scripts/neural.py. docs/neural_data.md explains it.
"""

from argparse import Namespace
from dataclasses import fields

from mousearm import cli


@cli.command(
    __doc__,
    cli.RUN,
    cli.output("--out", ".nwb", is_new=True, required=True, help="the file, .nwb"),
    cli.argument("--mix", default="hidden=1", metavar="NAME=SHARE,...", help="what neurons are made of (%(default)s)"),
    cli.argument("--apart", action="store_true", help="the first name gives what the others do not explain linearly"),
    cli.argument("--nonlinear", action="store_true", help="mixes go through tanh"),
    cli.quantity("--units", 60, "N", "neurons", dest="n_units"),
    cli.quantity("--rate", 20.0, "HZ", "their median rate", dest="rate_hz"),
    cli.quantity("--depth", 0.4, "D", "s.d. of a rate over its base"),
    cli.quantity("--private", 0.2, "SHARE", "of slow noise"),
    cli.quantity("--lag", 0.0, "MS", "by which neurons follow; below 0 they lead", dest="lag_ms"),
    cli.quantity("--drift", 0.0, "D", "s.d. of the change in log rate"),
    cli.quantity("--untuned", 0.0, "SHARE", "of units without a drive"),
    cli.quantity("--silent", 0, "N", "units without a spike"),
    cli.quantity("--dims", 10, "N", "components of each that are mixed"),
    cli.quantity("--repeats", 1, "N", "trials of each reach"),
    cli.argument("--animal", default="made", metavar="NAME", help="in the file (%(default)s)"),
    cli.argument("--session", default="1", metavar="NAME", help="in the file (%(default)s)"),
    cli.SEED,
    cli.KINEMATICS,
    cli.BEST,
    cli.OVERWRITE,
)
def main(given: Namespace) -> None:
    """Make them, and say what they are."""
    from mousearm.neural.made import Recipe
    from mousearm.neural.made_files import made_of_run, made_text, read_mix

    recipe = Recipe(**{of.name: getattr(given, of.name) for of in fields(Recipe) if of.name in given})
    run = given.run, given.checkpoint, given.kinematics
    who = given.animal, given.session
    made = made_of_run(run, read_mix(given.mix), recipe, given.out, who, given.seed, given.overwrite, given.repeats)
    print(made_text(made, given.out))


if __name__ == "__main__":
    raise SystemExit(main())
