"""Make a trainable arm from an OpenSim model.

``python scripts/import_osim.py FILE.osim [--out DIR] [--inertia geometric|published] [--actuators muscle|torque]
[--choices FILE.xml] [--allow-missing]`` writes DIR/FILE.xml; train on it with
``python run.py model.file=DIR/FILE.xml``. A model with parts that have no counterpart in MuJoCo is refused and they are
listed; with --allow-missing they are left out, or fixed at the default pose. --choices merges a fragment of MJCF
with your own appearance, masses, damping, motors or muscle paths into the result: mousearm/model/opensim/overlay.py
explains how, and mousearm/model/choices.xml is an example.
"""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from mousearm import cli
from mousearm.model.opensim.settings import ACTUATORS, INERTIAS

if TYPE_CHECKING:
    from mousearm.model.opensim import Conversion


@cli.command(
    __doc__,
    cli.argument("file", type=Path, help="a model saved by OpenSim 3 or 4 (.osim)"),
    cli.OUT.but(default=Path(), help="folder to write to (default: here)"),
    cli.argument("--inertia", choices=INERTIAS, default="geometric", help="masses: from capsules, or the file's"),
    cli.argument("--actuators", choices=ACTUATORS, default="muscle", help="muscles, or one motor per joint"),
    cli.argument("--choices", type=Path, metavar="FILE.xml", help="a fragment of MJCF to merge into the result"),
    cli.argument(
        "--allow-missing", action="store_true", help="leave out, or fix, parts without a counterpart in MuJoCo"
    ),
    cli.OVERWRITE,
)
def main(given: Namespace) -> None:
    """Convert, write, print what came out."""
    from mousearm.files import check_new, make_folder, write_text
    from mousearm.model.opensim import MjcfOptions, convert, read_osim

    options = MjcfOptions(given.actuators, given.inertia, given.allow_missing, choices=given.choices)
    path = given.out / f"{given.file.stem}.xml"
    check_new(path, given.overwrite)
    conversion = convert(read_osim(given.file), options)
    make_folder(given.out)
    write_text(path, conversion.xml)
    print(summary(path, conversion))


def summary(path: Path, conversion: "Conversion") -> str:
    """Lines that say what was written."""
    import mujoco

    model = mujoco.MjModel.from_xml_string(conversion.xml)
    joints = [model.joint(i).name for i in range(model.njnt)]
    muscles = [
        model.actuator(i).name for i in range(model.nu) if model.actuator(i).trntype[0] == mujoco.mjtTrn.mjTRN_TENDON
    ]
    lines = [
        f"Wrote {path}",
        f"  bodies    {model.nbody - 1}: {', '.join(model.body(i).name for i in range(1, model.nbody))}",
        f"  joints    {model.njnt}: {', '.join(joints)}",
        f"  muscles   {len(muscles)}" + (f": {', '.join(muscles)}" if muscles else ""),
        f"  motors    {model.nu - len(muscles)}",
        f"  mass      {1e3 * model.body_subtreemass[0]:.4g} g",
        f"  left out  {len(conversion.missing) or 'nothing'}",
    ]
    lines += [f"    - {line}" for line in conversion.missing]
    return "\n".join(lines + [f"  note      {line}" for line in conversion.notes])


if __name__ == "__main__":
    raise SystemExit(main())
