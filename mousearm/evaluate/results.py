"""Errors in millimetres, and the result of one reach."""

from dataclasses import dataclass

import numpy as np

from mousearm.evaluate.movement import Movement

SPLITS = ("train", "test")


@dataclass(frozen=True, slots=True)
class Errors:
    """Distance from the target over the steps of one or several reaches, mm."""

    mean: float
    rms: float
    max: float

    @staticmethod
    def of(distances_mm: np.ndarray) -> "Errors":
        """Summarise (n,) distances in mm."""
        rms = float(np.sqrt(np.square(distances_mm).mean()))
        return Errors(float(distances_mm.mean()), rms, float(distances_mm.max()))


@dataclass(frozen=True, slots=True)
class ReachResult:
    """How one reach was performed.

    Attributes:
        name: of the reach.
        split: ``train`` or ``test``.
        steps: control steps of the reach.
        completed: whether the simulation lived to the end.
        paw_mm: paw errors over all steps; after a divergence, of the last good frame.
        elbow_mm: elbow errors.
        effort: mean over steps and actuators of (force / peak force)^2.
        movement: what the reach asks of the paw.
    """

    name: str
    split: str
    steps: int
    completed: bool
    paw_mm: Errors
    elbow_mm: Errors
    effort: float
    movement: Movement
