"""Make raw EMG whose truth is known, from muscles: ``python scripts/make_emg.py RUN --out DIR``; to try things with.

The run performs its reaches (--kinematics PATH: others); a recording of scripts/record.py is taken as it is. Every
channel is noise that the activation of its muscles modulates, later by --delay, with hum of the mains, cross-talk and
noise of the amplifier. A file REACH_emg.csv per reach has the time from the first frame, and the channels in uV;
scripts/import_emg.py reads them with --kind raw --offset-s 0. docs/emg_data.md explains it.
"""

from argparse import Namespace

from mousearm import cli
from mousearm.emg.mapping import PUBLISHED, WEIGHTS

USUAL = ["biceps", "triceps_long", "triceps_lateral"]


@cli.command(
    __doc__,
    cli.RUN.but(metavar="RUN_OR_RECORDING"),
    cli.output("--out", is_folder=True, is_new=True, required=True, help="a new folder for the files"),
    cli.argument("--channels", nargs="+", default=USUAL, metavar="NAME", help=f"default {' '.join(USUAL)}"),
    cli.argument("--muscles", nargs="+", default=[PUBLISHED], metavar="CHANNEL=MUSCLE,...", help="as of import_emg.py"),
    cli.argument("--weights", choices=WEIGHTS, default="equal", help="of several muscles (default equal)"),
    cli.quantity("--rate", 2000.0, "HZ", "samples per second"),
    cli.quantity("--delay", 0.0, "MS", "by which EMG is later; below 0 it leads"),
    cli.quantity("--gain", 1000.0, "UV", "s.d. at an activation of 1"),
    cli.quantity("--hum", 0.0, "UV", "amplitude of the mains"),
    cli.quantity("--mains", 50.0, "HZ", "its frequency"),
    cli.quantity("--crosstalk", 0.0, "SHARE", "of all other channels in each"),
    cli.quantity("--noise", 5.0, "UV", "of the amplifier, s.d."),
    cli.quantity("--saturation", float("inf"), "UV", "of the amplifier"),
    cli.quantity("--margin", 200.0, "MS", "before and after"),
    cli.SEED.but(help="of the noise (%(default)g)"),
    cli.KINEMATICS,
    cli.BEST,
)
def main(given: Namespace) -> None:
    """Make them, and say how to import them."""
    import numpy as np

    from mousearm.emg.mapping import read_map
    from mousearm.emg.synthetic import RawEmgModel, write_raw_emg
    from mousearm.errors import EmgError
    from mousearm.record.opened import open_trials
    from mousearm.text import plural, shell

    micro, milli = 1e-6, 1e-3
    model = RawEmgModel(
        given.rate, milli * given.delay, micro * given.gain, hum=micro * given.hum, mains=given.mains,
        crosstalk=given.crosstalk, noise=micro * given.noise, saturation=micro * given.saturation,
    )  # fmt: skip
    arm, trials = open_trials(given.run, given.checkpoint, given.kinematics)
    muscles = arm.actuator_names
    if trials[0].activation.shape[1] != len(muscles):
        raise EmgError(f"{given.run}: its arm has no muscles, of which EMG could be. Give a run with model=muscle.")
    channels = read_map(given.muscles, dict(zip(muscles, arm.peak_force, strict=True)), given.weights)
    names = channels.chosen(given.channels or list(channels.muscles), given.run)
    weights = np.array([[channels.of(name).get(muscle, 0.0) for name in names] for muscle in muscles])
    shown = {trial.name: (trial.time, trial.activation @ weights) for trial in trials}
    files = write_raw_emg(shown, names, model, given.seed, milli * given.margin, given.out)
    n = plural(len(files), "reach", "reaches")
    print(f"Wrote raw EMG of {n} below {given.out}. Import it, with the reaches of the run as PATH:")
    print(shell("scripts/import_emg.py", *files[:1], "--reaches", "PATH", "--kind", "raw", "--offset-s", 0))


if __name__ == "__main__":
    raise SystemExit(main())
