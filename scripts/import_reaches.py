"""Bring recordings in: ``python scripts/import_reaches.py FILES... --out DIR``; docs/data.md explains the options.

For example ``python scripts/import_reaches.py take1.csv take2.csv --out reaches --points paw=hand shoulder=sh1
--units mm --axes "x z -y" --rate 150 --min-likelihood 0.6 --cutoff 30 --cut``. What was read, assumed and done is
printed, and written to DIR/import.txt. Nothing is written if any file is refused; the exit status is 1 then.
"""

import argparse
import sys
from dataclasses import fields
from pathlib import Path

from mousearm.errors import KinematicsError, MouseArmError
from mousearm.kinematics.imports import CutRule, ImportOptions, import_reaches
from mousearm.kinematics.imports.conversion import SIDES, UNITS
from mousearm.registry import FORMATS


def main() -> None:
    """Read the command line, import, print what was done."""
    arguments = parser().parse_args()
    try:
        imported = import_reaches(arguments.files, arguments.out, options(arguments))
    except (MouseArmError, OSError) as error:
        sys.exit("error: " + " ".join(str(error).split()))
    print("\n".join(item.text() for item in imported))
    n_reaches = sum(len(item.reaches) for item in imported)
    print(
        f"Wrote {n_reaches} reaches to {arguments.out}. Look at them: python scripts/check_reaches.py {arguments.out}"
    )


def parser() -> argparse.ArgumentParser:
    """The command line."""
    formats = "\n".join(f"  .{name:<5} {meaning}" for name, meaning in FORMATS.described().items())
    made = argparse.ArgumentParser(
        description=f"{__doc__}\nFormats of FILES:\n{formats}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("files", type=Path, nargs="+", metavar="FILE", help="recordings; give them before the options")
    made.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder for the reaches")
    made.add_argument(
        "--points", nargs="+", default=[], metavar="LANDMARK=NAME", help="paw, elbow, shoulder in the file"
    )
    made.add_argument("--units", choices=UNITS, help="unit of the positions, where the file does not say it")
    made.add_argument("--axes", metavar="'F U R'", help="the file's axes that point forward, up and right, as 'x z -y'")
    made.add_argument("--rate", type=float, metavar="HZ", help="frames per second, where the file has no times")
    made.add_argument("--side", choices=SIDES, default=SIDES[0], help="of the animal; left is mirrored (default right)")
    made.add_argument("--min-likelihood", type=float, metavar="P", help="take points below it as not seen")
    gap = ImportOptions().max_gap_ms
    made.add_argument("--max-gap", type=float, default=gap, metavar="MS", help=f"longest gap to fill (default {gap:g})")
    made.add_argument("--cutoff", type=float, metavar="HZ", help="low-pass filter (default: none)")
    made.add_argument("--cut", action="store_true", help="cut into reaches by the paw's speed, with these options:")
    for rule in fields(CutRule):
        unit = "MS" if rule.name.endswith("_ms") else "M/S"
        option = "--" + rule.name.replace("_", "-")
        made.add_argument(option, type=float, metavar=unit, help=f"default {rule.default:g}")
    return made


def options(arguments: argparse.Namespace) -> ImportOptions:
    """The options of the import.

    Raises:
        MouseArmError: an option is malformed or out of its range.
    """
    points = dict(pair.split("=", 1) if "=" in pair else _malformed(pair) for pair in arguments.points)
    given = {rule.name: getattr(arguments, rule.name) for rule in fields(CutRule)}
    given = {name: value for name, value in given.items() if value is not None}
    if given and not arguments.cut:
        raise KinematicsError(f"--{next(iter(given)).replace('_', '-')} is about cutting; add --cut, or leave it out.")
    return ImportOptions(
        points=points,
        unit=arguments.units,
        axes=arguments.axes,
        rate=arguments.rate,
        side=arguments.side,
        min_likelihood=arguments.min_likelihood,
        max_gap_ms=arguments.max_gap,
        cutoff=arguments.cutoff,
        cut=CutRule(**given) if arguments.cut else None,
    )


def _malformed(pair: str) -> list[str]:
    raise KinematicsError(f"--points {pair}: write LANDMARK=NAME, such as paw=hand; give the files before the options.")


if __name__ == "__main__":
    main()
