"""The task: make the arm follow a reach. One implementation over N simulations, with two thin faces.

`gym_env` has the one for Gymnasium, ``gymnasium.make("mousearm.env:mousearm/Tracking-v0")``; `vec_env` the one for
Stable-Baselines3, which is slow to import.
"""

import gymnasium

gymnasium.register(id="mousearm/Tracking-v0", entry_point="mousearm.env.gym_env:TrackingEnv")
