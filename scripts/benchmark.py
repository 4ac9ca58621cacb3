"""Measure speed: ``python scripts/benchmark.py [--only SECTION,...] [--json FILE] [--figure FILE]``.

Everything takes more than an hour, nearly all of it in the last two sections; run nothing else meanwhile. The last
column is the speed relative to the stock stack.
"""

import os
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mousearm import cli

if TYPE_CHECKING:
    from mousearm.benchmark.learning import ErrorCurve

# Trainings of the sections that have some: LEARNING_RUNS, which is slow to import, and PROCESSOR_RUNS.
RUNS = {
    "seconds_to_mm": ("torque", "torque_warm", "muscle", "muscle_warm", "original"),
    "processor_seconds_to_mm": (
        *("torque", "torque_mujoco", "torque_mujoco_before"),
        *("muscle_warm", "muscle_warm_mujoco", "muscle_warm_mujoco_before"),
    ),
}
SECTIONS = ("simulation", "environment", "senses", "update", "training", "device", *RUNS)


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
    cli.argument("--runs", help="; ".join(f"trainings of {name}: {','.join(of)}" for name, of in RUNS.items())),
    cli.argument("--kinematics", default="package:demo.csv", help="the reach of these trainings, a CSV file"),
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
    known = dict.fromkeys(name for section in chosen for name in RUNS.get(section, ()))
    runs = cli.words(given.runs or ",".join(known), "training (--runs)", known)
    from mousearm.benchmark.engines import senses_speed, simulation_speed
    from mousearm.benchmark.learning import LIMITS_MM, draw_curves, learning_curves, limits_table, seconds_to_mm
    from mousearm.benchmark.processor import PROCESSOR_LIMITS_MM, processor_curves
    from mousearm.benchmark.speed import device_speed, environment_speed, speed_table, training_speed, update_speed

    speeds: dict[str, Callable[[], Any]] = {
        "simulation": lambda: simulation_speed(given.threads),
        "environment": lambda: environment_speed(given.model),
        "senses": lambda: senses_speed(given.threads),
        "update": lambda: update_speed(given.threads),
        "training": lambda: training_speed(given.threads),
        "device": device_speed,
    }
    # The runs of a training, the errors to reach in mm, and where its curves are drawn.
    trainings: dict[str, tuple[Callable[[str], list[ErrorCurve]], Sequence[float], Path | None]] = {
        "seconds_to_mm": (
            lambda name: learning_curves(name, given.kinematics, given.seeds, given.original_s),
            LIMITS_MM,
            given.figure,
        ),
        "processor_seconds_to_mm": (
            lambda name: processor_curves(name, given.kinematics, given.seeds),
            PROCESSOR_LIMITS_MM,
            None,
        ),
    }
    figures: dict[str, Any] = {}

    def tell(table: str) -> None:
        print(table, flush=True)
        if given.json is not None:
            write_json(given.json, figures)

    for section in chosen:
        if section in speeds:
            figures[section] = speeds[section]()
            tell(speed_table({section: figures[section]}))
            continue
        train, limits, figure = trainings[section]
        curves: dict[str, list[ErrorCurve]] = {}
        for name in (name for name in RUNS[section] if name in runs):
            curves[name] = train(name)
            figures[section] = seconds_to_mm(curves, limits)
            figures[f"curves of {section}"] = {run: [curve._asdict() for curve in of] for run, of in curves.items()}
            tell(limits_table(section, {name: figures[section][name]}, curves))
            if figure is not None:
                draw_curves(curves, figure.with_suffix(""))


if __name__ == "__main__":
    raise SystemExit(main())
