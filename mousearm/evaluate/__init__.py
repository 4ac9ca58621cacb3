"""Evaluation of controllers: deterministic rollouts, errors in millimetres, a figure and a film of every reach.

Nothing here knows how the controller was trained. `rollout` performs the reaches, `evaluation` measures the trials,
`figure` and `film` show them.
"""
