"""Speed, as ratios measured in one run on one machine: ours against the stock stack, in turn."""

from mousearm.benchmark.environment import environment_speed
from mousearm.benchmark.learning import LIMITS_MM, RUNS, Curve, learning_curves, seconds_to_mm
from mousearm.benchmark.report import draw_curves, limits_table, table
from mousearm.benchmark.training import training_speed
from mousearm.benchmark.update import device_speed, update_speed

__all__ = [
    "LIMITS_MM",
    "RUNS",
    "Curve",
    "device_speed",
    "draw_curves",
    "environment_speed",
    "learning_curves",
    "limits_table",
    "seconds_to_mm",
    "table",
    "training_speed",
    "update_speed",
]
