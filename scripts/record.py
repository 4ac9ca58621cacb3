"""Record what an agent does and what happens in it: ``python scripts/record.py RUN --out FILE.h5``.

Per reach and step: what the network saw, its hidden and cell states, the activations of every layer, value and action;
control, activation, force, length and moment arms of muscles; joints, points and errors. FILE.nwb is written as
Neurodata Without Borders; with --format sto, --out is a folder of OpenSim tables. docs/recording.md explains it all.
"""

from argparse import Namespace
from pathlib import Path

from mousearm import cli


@cli.command(
    __doc__,
    cli.RUN,
    cli.output("--out", is_folder=None, is_new=True, required=True, help="file to write, or folder of tables"),
    cli.argument("--format", metavar="hdf5|nwb|sto", help="default: decided by the suffix of --out"),
    cli.KINEMATICS,
    cli.CHECKPOINT.but(default="best"),
    cli.argument("--noise", type=float, default=0.0, metavar="N", help="motor noise, s.d. added to actions (-1 to 1)"),
    cli.argument("--repeats", type=int, default=1, metavar="K", help="trials of each reach, with noise"),
    cli.argument("--seed", type=int, default=0, help="of the noise (default 0)"),
    cli.argument("--emg", type=Path, metavar="DIR", help="envelopes of import_emg.py, to stand beside activations"),
    cli.OVERWRITE,
)
def main(given: Namespace) -> None:
    """Record, and say what was written."""
    from mousearm.agent import Agent
    from mousearm.emg import load_folder
    from mousearm.record import find_format, write_recording
    from mousearm.text import plural

    find_format(given.out, given.format)
    agent = Agent.load(given.run, given.checkpoint, given.kinematics)
    envelopes = load_folder(given.emg) if given.emg else {}
    settings = given.format, given.repeats, given.noise, given.seed, given.overwrite, envelopes
    written = write_recording(agent, given.out, *settings)
    per_second = written.bytes / 1e6 / max(written.seconds, 1e-9)
    print(
        f"{given.out}: {plural(written.trials, 'trial')}, {written.seconds:.1f} s, {written.bytes / 1e6:.1f} MB "
        f"({per_second:.2g} MB per second of reach)"
    )
    if written.diverged:
        print(f"Diverged, recorded up to there: {', '.join(written.diverged)}")


if __name__ == "__main__":
    raise SystemExit(main())
