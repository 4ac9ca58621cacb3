"""Training: SB3's loop with evaluation, checkpoints, a progress bar, and an end when one is asked for."""

from mousearm.train.evaluations import Pruner
from mousearm.train.interruption import Interruption
from mousearm.train.learning import WARM_START, learn
from mousearm.train.warm_start import Imitate

__all__ = ["WARM_START", "Imitate", "Interruption", "Pruner", "learn"]
