"""Make an arm that can be trained of an OpenSim model.

``python scripts/import_osim.py FILE.osim [--out DIR] [--inertia geometric|published] [--actuators muscle|torque]
[--choices FILE.xml] [--allow-missing]`` writes DIR/FILE.xml; train on it with
``python run.py model.file=DIR/FILE.xml``. A model with parts that MuJoCo has no counterpart for is refused and they are
listed; with --allow-missing they are left out. --choices merges a fragment of MJCF with looks, masses, damping, motors
or muscle paths of your own into the result: mousearm/model/opensim/overlay.py says how, mousearm/model/choices.xml is
one.
"""

import argparse
import sys
from pathlib import Path

import mujoco

from mousearm.errors import MouseArmError
from mousearm.files import write_text
from mousearm.model.opensim import ACTUATORS, INERTIAS, Conversion, MjcfOptions, convert, read_osim


def main() -> None:
    """Read the command line, convert, print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="a model saved by OpenSim 4 (.osim)")
    parser.add_argument("--out", type=Path, default=Path("."), metavar="DIR", help="folder to write to (default: here)")
    parser.add_argument(
        "--inertia", choices=INERTIAS, default="geometric", help="masses: capsules of tissue, or the file's"
    )
    parser.add_argument("--actuators", choices=ACTUATORS, default="muscle", help="muscles, or one motor per joint")
    parser.add_argument("--choices", type=Path, metavar="FILE.xml", help="a fragment of MJCF to merge into the result")
    parser.add_argument("--allow-missing", action="store_true", help="leave out what MuJoCo has no counterpart for")
    args = parser.parse_args()
    options = MjcfOptions(args.actuators, args.inertia, args.allow_missing, choices=args.choices)
    try:
        path, conversion = import_osim(args.file, args.out, options)
    except (MouseArmError, OSError) as error:
        sys.exit("error: " + " ".join(str(error).split()))
    print(summary(path, conversion))


def import_osim(file: Path, out: Path, options: MjcfOptions) -> tuple[Path, Conversion]:
    """Convert a file; returns the path of the MJCF and what was written.

    Raises:
        ModelError: if the model cannot be read or carried over.
        UnknownNameError: if the choices name something that the model has not.
        OSError: if the result cannot be written.
    """
    conversion = convert(read_osim(file), options)
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{file.stem}.xml"
    write_text(path, conversion.xml)
    return path, conversion


def summary(path: Path, conversion: Conversion) -> str:
    """What was written, in lines."""
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
    main()
