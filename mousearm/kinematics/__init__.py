"""Reaches: what was recorded, how it is read, checked, resampled and, where nothing was recorded, generated.

A `Reach` is time and the positions of shoulder, elbow and paw. `read_reaches` reads CSV files and folders of them and
refuses what cannot be trusted; `find_reaches` lists a folder with the animal and session of each file, and
`split_reaches` says which of them are trained on. `resample` brings a reach to the controller's rate. `generate` makes
synthetic reaches of an arm; those in ``data/`` were made by it, so that the package works without recordings.
"""

from mousearm.kinematics.files import read_csv, write_csv
from mousearm.kinematics.folder import ReachFile, find_reaches, read_reaches, write_reaches
from mousearm.kinematics.reach import Reach, resample
from mousearm.kinematics.split import SPLIT_BY, Split, split_reaches
from mousearm.kinematics.synthetic import ForwardKinematics, generate

__all__ = [
    "SPLIT_BY",
    "ForwardKinematics",
    "Reach",
    "ReachFile",
    "Split",
    "find_reaches",
    "generate",
    "read_csv",
    "read_reaches",
    "resample",
    "split_reaches",
    "write_csv",
    "write_reaches",
]
