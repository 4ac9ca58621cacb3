"""Controllers that need no training, as baselines and as teachers; and the warm start that learns from them."""

from mousearm.pretrain.cmc import ComputedMuscleControl, TaskController
from mousearm.pretrain.imitation import Imitation, Progress, Teacher

__all__ = ["ComputedMuscleControl", "Imitation", "Progress", "TaskController", "Teacher"]
