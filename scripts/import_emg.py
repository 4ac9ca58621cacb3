"""Bring EMG in: ``python scripts/import_emg.py FILES... --reaches PATH --kind raw``; docs/emg_data.md explains it.

For example ``python scripts/import_emg.py raw/*.csv --reaches reaches --kind raw --unit uV --rate 2000 --align start
--muscles biceps=Biceps_Long_Head,Biceps_Short_Head triceps_long=Triceps_Long_Head``. Writes an envelope REACH_emg.tsv
beside each reach, or below --out, and a page on the quality of the EMG, emg_quality.html. Nothing is written if a file
is refused. --check writes only the page, with all that would be refused; the exit status is 1 if something would be.
"""

from argparse import BooleanOptionalAction, Namespace
from dataclasses import fields
from pathlib import Path

from mousearm import cli
from mousearm.emg.mapping import PUBLISHED, WEIGHTS
from mousearm.emg.recording import EmgOptions
from mousearm.keys import declaration
from mousearm.registry import EMG_FORMATS
from mousearm.text import plural, printable, shell

PAGE = "emg_quality.html"
MEANINGS = EMG_FORMATS.described()
FORMATS_TEXT = "\n".join(
    f"  {' '.join(f'.{name}' for name in MEANINGS if MEANINGS[name] == meaning)}\n      {meaning}"
    for meaning in dict.fromkeys(MEANINGS.values())
)


def _option(name: str, default: object) -> cli.Argument:
    """The option of a field of `EmgOptions`."""
    key = declaration(next(of for of in fields(EmgOptions) if of.name == name))
    text = key.meaning.replace("%", "%%") + (f" (default {default:g})" if isinstance(default, float) else "")
    option = "--" + name.replace("_", "-")
    if isinstance(default, bool):
        return cli.argument(option, action=BooleanOptionalAction, help=text)
    if isinstance(key.valid, tuple):
        return cli.argument(option, choices=key.valid, help=text + (f" (default {default})" if default else ""))
    kind = int if isinstance(default, int) else str if name in ("animal", "session") else float
    return cli.argument(
        option, type=kind, metavar=(key.unit or "NUMBER").upper() if kind is not str else "NAME", help=text
    )


@cli.command(
    f"{__doc__}\nFormats of FILES:\n{FORMATS_TEXT}",
    cli.argument("files", type=Path, nargs="+", metavar="FILE", help="recordings; give them before the options"),
    cli.argument("--reaches", required=True, metavar="PATH", help="the reaches: a CSV file or a folder"),
    cli.argument(
        "--muscles", nargs="+", default=[PUBLISHED], metavar="CHANNEL=MUSCLE,...",
        help=f"what each channel shows; or a YAML file; or {PUBLISHED} (default), for the names of the published arm",
    ),
    cli.argument("--weights", choices=WEIGHTS, default="equal", help="of several muscles (default equal)"),
    cli.argument("--match", nargs="+", default=[], metavar="FILE=REACH", help="the reach, where names do not say it"),
    cli.argument("--assume", nargs="+", default=[], metavar="TEXT", help="what else is assumed, for the notes"),
    cli.argument("--model", default="muscle", help="choice of the group conf/model (default muscle)"),
    *(_option(of.name, of.default) for of in fields(EmgOptions)),
    cli.OUT.but(help="folder for the envelopes (default: that of the reaches)"),
    cli.argument("--overwrite", action="store_true", help="replace envelopes that are there"),
    cli.argument("--check", action="store_true", help="write only the page"),
)  # fmt: skip
def main(given: Namespace) -> int:
    """Import, write the page, print what was found."""
    from mousearm.config import compose
    from mousearm.emg.importing import check_envelopes_new, examine_emg, write_envelopes
    from mousearm.emg.mapping import read_map, read_pairs
    from mousearm.kinematics import find_reaches
    from mousearm.model import load_arm
    from mousearm.paths import resolve

    said = {of.name: getattr(given, of.name) for of in fields(EmgOptions)}
    options = EmgOptions(**{name: value for name, value in said.items() if value is not None})
    place = resolve(given.reaches, "kinematics/data")
    reaches = find_reaches(place)
    arm = load_arm(compose([f"model={given.model}"]).model)
    forces = dict(zip(arm.actuator_names, map(float, arm.peak_force), strict=True))
    pairs = read_pairs(given.match, [reach.name for reach in reaches])
    out = given.out or (place if place.is_dir() else place.parent)
    if not given.check and not given.overwrite:
        check_envelopes_new(given.files, reaches, pairs, out)
    found = examine_emg(
        given.files, reaches, options, read_map(given.muscles, forces, given.weights), pairs, given.assume
    )
    written = [] if given.check else write_envelopes(found, out, given.overwrite)
    from mousearm.emg.page import import_text, write_emg_page

    print(printable(import_text(found)))
    page = write_emg_page(found, out / PAGE)
    if written:
        print(f"\nWrote {plural(len(written), 'envelope')}, such as {written[0]}")
    print(f"{'' if written else chr(10)}Look at them: {page}")
    if written:
        print(f"Compare muscles with them: {shell('scripts/emg.py', 'RUN', '--emg', out)}")
    return int(bool(found.refusals))


if __name__ == "__main__":
    raise SystemExit(main())
