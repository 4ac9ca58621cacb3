"""Bring recordings in: ``python scripts/import_reaches.py FILES... --out DIR``; docs/data.md explains the options.

For example ``python scripts/import_reaches.py take1.csv take2.csv --out reaches --points paw=hand shoulder=sh1
--units mm --axes "x z -y" --rate 150 --min-likelihood 0.6 --cutoff 30 --cut``. What was read, assumed and done is
printed, and written to DIR/import.txt. Nothing is written if any file is refused; the exit status is 1 then. What the
options say of the recordings is noted beside them, in reaches.yaml: the next import of these, or of others there, needs
no options.
"""

from argparse import BooleanOptionalAction, Namespace
from dataclasses import fields
from pathlib import Path
from typing import Any

from mousearm import cli
from mousearm.errors import KinematicsError
from mousearm.files import write_bytes
from mousearm.kinematics.imports import CutRule, ImportOptions, import_project
from mousearm.kinematics.imports.project import MEANINGS, parsed
from mousearm.registry import FORMATS
from mousearm.text import plural, printable, shell, wrapped

DESCRIBED = FORMATS.described()
FORMATS_TEXT = "\n".join(
    f"  {' '.join(f'.{name}' for name in DESCRIBED if DESCRIBED[name] == text)}\n      {text}"
    for text in dict.fromkeys(DESCRIBED.values())
)


@cli.command(
    f"{__doc__}\nFormats of FILES:\n{FORMATS_TEXT}",
    cli.argument("files", type=Path, nargs="+", metavar="FILE", help="recordings; give them before the options"),
    cli.output("--out", is_folder=True, is_new=True, required=True, help="a new folder for the reaches"),
    cli.argument("--points", nargs="+", default=[], metavar="LANDMARK=NAME", help="paw, elbow, shoulder in the file"),
    *(
        cli.argument(f"--{key.replace('_', '-')}", metavar="VALUE", help=meaning)
        for key, meaning in MEANINGS.items()
        if key not in ("points", "cut")
    ),
    cli.argument(
        "--cut", action=BooleanOptionalAction, help="cut into reaches by the paw's speed, with these options:"
    ),
    *(
        cli.argument(
            "--" + rule.name.replace("_", "-"),
            type=float,
            metavar="MS" if rule.name.endswith("_ms") else "M/S",
            help=f"default {rule.default:g}",
        )
        for rule in fields(CutRule)
    ),
)
def main(given: Namespace) -> None:
    """Import, print what was done, draw the noise."""
    imported, notes = import_project(given.files, given.out, options(given))
    from mousearm.plots import as_png  # slow to import
    from mousearm.reach_check.page import noise_figure

    for line in printable("\n".join([*(item.text() for item in imported), *notes])).splitlines():
        print("\n".join(wrapped(line, below=" " * 12 if line.startswith("  ") else "  ")))
    n_reaches = sum(len(item.reaches) for item in imported)
    figure = noise_figure([reach for item in imported for reach in item.reaches])
    if figure is not None:
        write_bytes(given.out / "noise.png", as_png(figure))
        print(f"Noise, and what every cut-off would leave of it: {given.out / 'noise.png'}")
    n = plural(n_reaches, "reach", "reaches")
    print(f"Wrote {n} to {given.out}. Look at them: {shell('scripts/check_reaches.py', given.out)}")


def options(arguments: Namespace) -> dict[str, Any]:
    """The options of the import that were given, as fields of `ImportOptions`.

    Raises:
        MouseArmError: an option is malformed or out of its range.
    """
    said = {key: getattr(arguments, key) for key in MEANINGS if key != "cut"}
    said["points"] = dict(pair.split("=", 1) if "=" in pair else _malformed(pair) for pair in arguments.points)
    said = parsed({key: value for key, value in said.items() if value}, "the command line", [*MEANINGS])
    rule = {of.name: getattr(arguments, of.name) for of in fields(CutRule)}
    rule = {name: value for name, value in rule.items() if value is not None}
    if rule and not arguments.cut:
        raise KinematicsError(f"--{next(iter(rule)).replace('_', '-')} is about cutting; add --cut, or leave it out.")
    if arguments.cut is not None:
        said["cut"] = CutRule(**rule) if arguments.cut else None
    ImportOptions(**said)
    return said


def _malformed(pair: str) -> list[str]:
    raise KinematicsError(f"--points {pair}: write LANDMARK=NAME, such as paw=hand; give the files before the options.")


if __name__ == "__main__":
    raise SystemExit(main())
