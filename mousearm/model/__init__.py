"""The arm: a compiled MuJoCo model with its landmarks, joints and actuators by name, and the shipped MJCF files."""

from mousearm.model.arm import Arm, Landmark
from mousearm.model.load import load_arm, model_file, model_hashes

__all__ = ["Arm", "Landmark", "load_arm", "model_file", "model_hashes"]
