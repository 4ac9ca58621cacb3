"""How well a controller does: deterministic rollouts, errors in millimetres, a figure and a film of every reach.

Nothing here knows how the controller was trained.
"""

from mousearm.evaluate.evaluator import Evaluator
from mousearm.evaluate.figure import draw_reach, reach_figure
from mousearm.evaluate.filming import Shot, film
from mousearm.evaluate.generalisation import draw_generalisation
from mousearm.evaluate.metrics import Evaluation, Yardstick, evaluate_rollout, representatives, table
from mousearm.evaluate.movement import Movement
from mousearm.evaluate.results import Errors, ReachResult
from mousearm.evaluate.rollout import Controller, Rollout, roll_out
from mousearm.evaluate.show import show
from mousearm.evaluate.stored import read_evaluation

__all__ = [
    "Controller",
    "Errors",
    "Evaluation",
    "Evaluator",
    "Movement",
    "ReachResult",
    "Rollout",
    "Shot",
    "Yardstick",
    "draw_generalisation",
    "draw_reach",
    "evaluate_rollout",
    "film",
    "reach_figure",
    "read_evaluation",
    "representatives",
    "roll_out",
    "show",
    "table",
]
