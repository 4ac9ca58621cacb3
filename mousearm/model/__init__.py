"""The arm: a compiled MuJoCo model with its landmarks, joints and actuators by name, and the shipped MJCF files."""

from mousearm.model.arm import Arm
from mousearm.model.files import model_file, model_hashes
from mousearm.model.landmark import Landmark
from mousearm.model.load import load_arm

__all__ = ["Arm", "Landmark", "load_arm", "model_file", "model_hashes"]
