"""Check the generated engine on this machine's GPU: ``python scripts/gpu_check.py [--only SECTION,...] [--json FILE]``.

Takes at most 8 minutes. A section that fails is reported, and the others follow; the file is written after each.
``--device cpu`` rehearses it without a GPU: kernels as they are, the rest with few arms and steps, but not speed.
"""

import time
from argparse import Namespace
from collections.abc import Callable
from contextlib import redirect_stderr
from functools import partial
from io import StringIO
from traceback import extract_tb
from typing import Any

from mousearm import cli

SECTIONS = ("kernels", "speed", "training", "seeds", "repeat", "learning")
SIZES = {"cuda": (16384, 4096), "cpu": (64,)}  # arms of training
# Of whole runs, where they are rehearsed.
FEW = ("algo.timesteps=3136", "algo.eval_freq=784", "env.num_envs=16", "algo.batch_size=784", "pretrain.rounds=2")
REPEATED = {"once": 0, "again": 0, "with another seed": 1}  # seeds; the first two have the same best_sha256


@cli.command(
    __doc__,
    cli.argument("--only", default=",".join(SECTIONS), help="sections, with commas: " + ",".join(SECTIONS)),
    cli.argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu: a rehearsal without a GPU"),
    cli.JSON.but(help="also write the figures here"),
)
def main(given: Namespace) -> int:
    """Run section after section; returns 1 if one of them failed.

    Raises:
        MouseArmError: if there is no such section.
        UsageError: if it needs a GPU, but is to run without one.
    """
    chosen = cli.words(given.only, "section (--only)", SECTIONS)
    if given.device == "cpu":
        chosen = [section for section in chosen if section != "speed"]
        if not chosen:
            raise cli.UsageError("--device cpu: all sections but speed can run there. Give --only kernels.")
    from mousearm.benchmark import gpu  # slow to import
    from mousearm.files import to_json, write_json

    begin, figures, failed = time.perf_counter(), {"machine": gpu.machine()}, False
    print(to_json(figures["machine"]), flush=True)
    for section in chosen:
        for name, measure in measures(section, given.device):
            try:
                with redirect_stderr(StringIO()):  # progress bars of trainings
                    figures[name] = measure()
            except Exception as error:  # whatever it is, the next one may still tell something
                place = extract_tb(error.__traceback__)[-1]
                said = f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno})"
                figures[name], failed = {"failed": said}, True
            print(f"{time.perf_counter() - begin:5.0f} s  {name}  {to_json(figures[name])}", flush=True)
            if given.json is not None:
                write_json(given.json, figures)
    return int(failed)


def measures(section: str, device: str) -> list[tuple[str, Callable[[], Any]]]:
    """Measurements of a section, each with its name."""
    if section in ("kernels", "speed"):
        from mousearm.benchmark.gpu import ARMS, kernels, speed

        measure = partial(kernels, device=device) if section == "kernels" else speed
        return [(f"{section} {model}", partial(measure, model)) for model in ARMS]
    from mousearm.benchmark.device import DEVICE_RUNS, learning, seeds_speed, tensor_training_speed

    if section == "training":
        sizes = [(model, n) for n in SIZES[device] for model in ("torque", "muscle")]
        return [(f"training {model} {n}", partial(tensor_training_speed, model, n)) for model, n in sizes]
    few = FEW if device == "cpu" else ()
    if section == "seeds":
        return [(f"seeds {n}", partial(seeds_speed, n, few)) for n in ((1, 2, 4, 8) if device == "cuda" else (1, 2))]
    if section == "learning":
        return [(f"learning {name}", partial(learning, name, words=few)) for name in DEVICE_RUNS]
    short = ("algo.timesteps=250000", "algo.eval_freq=100000", *few)
    return [(f"repeat {name}", partial(learning, "torque", seed, short)) for name, seed in REPEATED.items()]


if __name__ == "__main__":
    raise SystemExit(main())
