"""Figures of a recording, for papers: where the arm went, what its muscles did, what the network's state did.

Each function takes a trial or all of them and gives a figure; `draw_recording` writes them all.
"""

from mousearm.evaluate.muscles import MuscleGroup
from mousearm.figures.overview import drive_figure, state_figure, summary_figure, synergy_figure
from mousearm.figures.trial import activation_figure, joint_figure, trajectory_figure
from mousearm.figures.writing import draw_recording, muscle_groups, planned

__all__ = [
    "MuscleGroup",
    "activation_figure",
    "draw_recording",
    "drive_figure",
    "joint_figure",
    "muscle_groups",
    "planned",
    "state_figure",
    "summary_figure",
    "synergy_figure",
    "trajectory_figure",
]
