"""Measure speed: ``python scripts/benchmark.py [--only SECTION,...] [--json FILE] [--figure FILE]``.

Everything takes most of an hour, nearly all of it in the section seconds_to_mm; run nothing else meanwhile. The last
column is the speed relative to the stock stack.
"""

import os
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mousearm import cli

if TYPE_CHECKING:
    from mousearm.benchmark.learning import ErrorCurve

SECTIONS = ("simulation", "environment", "senses", "update", "training", "device", "seconds_to_mm")
RUNS = ("torque", "torque_warm", "muscle", "muscle_warm", "original")  # of LEARNING_RUNS, which is slow to import


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ArgumentTypeError(f"{number} is too few; at least 1")
    return number


@cli.command(
    __doc__,
    cli.argument("--only", default=",".join(SECTIONS), help="sections, with commas: " + ",".join(SECTIONS)),
    cli.argument("--model", default="torque", help="the arm of the section environment: torque | muscle"),
    cli.argument("--threads", type=int, default=os.cpu_count(), help="of network, simulator; default all processors"),
    cli.argument("--runs", default=",".join(RUNS), help="trainings of seconds_to_mm: " + ",".join(RUNS)),
    cli.argument("--kinematics", default="package:demo.csv", help="the reach of seconds_to_mm, a CSV file"),
    cli.argument("--seeds", type=_positive, default=1, help="seeds of each training; the median counts"),
    cli.argument("--original-s", type=float, default=600, help="when to end the training of the run original"),
    cli.JSON.but(help="also write the figures here"),
    cli.output("--figure", is_above_made=False, help="draw error over time here, as FILE.png and FILE.pdf"),
)
def main(given: Namespace) -> None:
    """Measure section after section, and training after training; print and write each as it comes.

    Raises:
        MouseArmError: there is no such section, training, arm or reach.
    """
    from mousearm.files import write_json

    chosen = cli.words(given.only, "section (--only)", SECTIONS)
    runs = cli.words(given.runs, "training (--runs)", RUNS)
    from mousearm.benchmark.engines import senses_speed, simulation_speed
    from mousearm.benchmark.learning import draw_curves, learning_curves, limits_table, seconds_to_mm
    from mousearm.benchmark.speed import device_speed, environment_speed, speed_table, training_speed, update_speed

    def write() -> None:
        if given.json is not None:
            write_json(given.json, figures)

    sections: dict[str, Callable[[], Any]] = {
        "simulation": lambda: simulation_speed(given.threads),
        "environment": lambda: environment_speed(given.model),
        "senses": lambda: senses_speed(given.threads),
        "update": lambda: update_speed(given.threads),
        "training": lambda: training_speed(given.threads),
        "device": device_speed,
    }
    figures: dict[str, Any] = {}
    for section in chosen:
        if section in sections:
            figures[section] = sections[section]()
            print(speed_table({section: figures[section]}), flush=True)
            write()
            continue
        curves: dict[str, list[ErrorCurve]] = {}
        for name in runs:
            curves[name] = learning_curves(name, given.kinematics, given.seeds, given.original_s)
            figures[section] = seconds_to_mm(curves)
            figures["curves"] = {run: [curve._asdict() for curve in of] for run, of in curves.items()}
            print(limits_table({name: figures[section][name]}, curves), flush=True)
            write()
            if given.figure is not None:
                draw_curves(curves, given.figure.with_suffix(""))


if __name__ == "__main__":
    raise SystemExit(main())
