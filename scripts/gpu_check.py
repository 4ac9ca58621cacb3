"""Check the generated engine on this machine's GPU: ``python scripts/gpu_check.py [--only SECTION,...] [--json FILE]``.

Takes at most 8 minutes. A section that fails is told of, and the others go on; the file is written after each.
"""

import time
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from mousearm import cli
from mousearm.errors import MouseArmError, UnknownNameError

SECTIONS = ("kernels", "speed")


@cli.command(
    __doc__,
    cli.argument("--only", default=",".join(SECTIONS), help="sections, with commas: " + ",".join(SECTIONS)),
    cli.JSON.but(help="also write the figures here"),
)
def main(given: Namespace) -> int:
    """Run section after section; returns 1 if one of them failed.

    Raises:
        MouseArmError: if there is no such section, or no folder to write to.
    """
    chosen = given.only.split(",")
    for name in chosen:
        if name not in SECTIONS:
            raise UnknownNameError("section (--only)", name, SECTIONS)
    if given.json is not None and not given.json.parent.is_dir():
        raise MouseArmError(f"--json {given.json}: there is no folder {given.json.parent}. Make it first.")
    from mousearm.benchmark import gpu
    from mousearm.files import to_json, write_json

    work: dict[str, Callable[[str], Any]] = {"kernels": gpu.kernels, "speed": gpu.speed}
    begin, figures, failed = time.perf_counter(), {"machine": gpu.machine()}, False
    print(to_json(figures["machine"]), flush=True)
    for section in chosen:
        for model in gpu.ARMS:
            name = f"{section} {model}"
            try:
                figures[name] = work[section](model)
            except Exception as error:  # whatever it is, the next section may still tell something
                figures[name], failed = {"failed": f"{type(error).__name__}: {error}"}, True
            print(f"{time.perf_counter() - begin:5.0f} s  {name}  {to_json(figures[name])}", flush=True)
            if given.json is not None:
                write_json(given.json, figures)
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
