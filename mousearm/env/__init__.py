"""The task: make the arm follow a reach. One implementation over N simulations, with two thin faces.

`TrackingEnv` is Gymnasium's; the one for Stable-Baselines3, which is slow to import, is in `vec_env`.
"""

import gymnasium

from mousearm.env.gym_env import TrackingEnv
from mousearm.env.references import References
from mousearm.env.sources import Prepared, prepare, reach_files
from mousearm.env.task import Start, Task, draw_start

__all__ = [
    "Prepared",
    "References",
    "Start",
    "Task",
    "TrackingEnv",
    "draw_start",
    "prepare",
    "reach_files",
]

gymnasium.register(id="mousearm/Tracking-v0", entry_point="mousearm.env.gym_env:TrackingEnv")
