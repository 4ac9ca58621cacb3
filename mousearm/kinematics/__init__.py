"""Reaches: reading, checking, resampling and generating them.

A `Reach` holds times and the positions of shoulder, elbow and paw. `read_reaches` reads CSV files and folders of them
and refuses implausible data. `find_reaches` lists a folder with the animal and session of each file, and
`split_reaches` chooses those to train on. `resample` brings a reach to the controller's rate. `generate` makes
synthetic reaches of an arm; it made those in ``data/``, so the package works without recordings.
`generate_recorded_like` makes such as mice perform.
"""

from mousearm.kinematics.files import read_csv, write_csv
from mousearm.kinematics.folder import ReachFile, find_reaches, read_reaches, write_reaches
from mousearm.kinematics.reach import Reach, resample
from mousearm.kinematics.recorded_like import generate_recorded_like
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
    "generate_recorded_like",
    "read_csv",
    "read_reaches",
    "resample",
    "split_reaches",
    "write_csv",
    "write_reaches",
]
