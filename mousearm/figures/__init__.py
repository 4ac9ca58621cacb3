"""Figures of a recording, for papers: where the arm went, what its muscles did, what the network's state did.

Each function takes a performance or all of them and gives a figure; `draw_recording` writes them all.
"""

from mousearm.figures.activation import activation_figure, drive_figure
from mousearm.figures.joints import joint_figure
from mousearm.figures.state import state_figure
from mousearm.figures.summary import summary_figure
from mousearm.figures.synergies import synergy_figure
from mousearm.figures.trajectory import trajectory_figure
from mousearm.figures.writing import Drawn, draw_recording, planned

__all__ = [
    "Drawn",
    "activation_figure",
    "draw_recording",
    "drive_figure",
    "joint_figure",
    "planned",
    "state_figure",
    "summary_figure",
    "synergy_figure",
    "trajectory_figure",
]
