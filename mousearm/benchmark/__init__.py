"""Speed, as ratios measured in one run on one machine: ours against the stock stack, in turn."""

from mousearm.benchmark.environment import environment_speed
from mousearm.benchmark.report import table
from mousearm.benchmark.training import training_speed
from mousearm.benchmark.update import update_speed

__all__ = ["environment_speed", "table", "training_speed", "update_speed"]
