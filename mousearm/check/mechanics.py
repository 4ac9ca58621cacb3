"""The old name of ``mousearm.mechanics``."""

from mousearm.mechanics import Bounds, Motion, Probe, motion_of, muscles_of, random_poses

__all__ = ["Bounds", "Motion", "Probe", "motion_of", "muscles_of", "random_poses"]
