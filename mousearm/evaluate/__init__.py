"""Evaluation of controllers: deterministic rollouts, errors in millimetres, a figure and a film of every reach."""
