"""Retargeting: a recorded reach becomes target points that the arm can hit, and a joint reference that hits them."""

from mousearm.retarget.cache import PoseCache
from mousearm.retarget.inverse_kinematics import inverse_kinematics
from mousearm.retarget.reference import METHODS, Reference, retarget, segments, uniform

__all__ = ["METHODS", "PoseCache", "Reference", "inverse_kinematics", "retarget", "segments", "uniform"]
