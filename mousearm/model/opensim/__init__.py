"""OpenSim models: a reader of .osim files, and a writer of MJCF that the project can train on.

``to_mjcf(read_osim("arm.osim"))`` is the whole of it; ``scripts/import_osim.py`` does that from the command line.
"""

from mousearm.model.opensim.elements import OsimModel
from mousearm.model.opensim.mjcf import Conversion, convert, to_mjcf
from mousearm.model.opensim.reader import read_osim
from mousearm.model.opensim.settings import ACTUATORS, INERTIAS, MjcfOptions

__all__ = ["ACTUATORS", "INERTIAS", "Conversion", "MjcfOptions", "OsimModel", "convert", "read_osim", "to_mjcf"]
