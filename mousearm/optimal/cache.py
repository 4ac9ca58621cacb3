"""Optimal trajectories, remembered on disk by content."""

from dataclasses import astuple
from pathlib import Path

import numpy as np

from mousearm.config import Config
from mousearm.door import sha256
from mousearm.emg.envelope import EmgTarget
from mousearm.engine.check import with_time_step
from mousearm.env.references import References
from mousearm.files import ArrayCache
from mousearm.model import Arm
from mousearm.model.arm import as_bytes

_VERSION = "6"  # raise it when the search gives other results


class TrajectoryCache(ArrayCache):
    """Optimal trajectories of one arm and one cost.

    The key is a hash of everything that a search depends on, but its neighbours: the model with its landmarks, time
    steps and range of actions, the cost, and of the reach targets, start, first controls and EMG.
    """

    def __init__(self, arm: Arm, config: Config, folder: Path, emg: EmgTarget | None = None):
        super().__init__(folder / "optimal")
        self._emg = emg
        model = with_time_step(arm, config.env.control_dt, config.env.n_substeps)
        marks = [(name, mark.field, mark.index) for name, mark in sorted(arm.landmarks.items())]
        settings = (_VERSION, marks, config.env.control_dt, config.env.n_substeps, config.model.action_map)
        self._hash = repr((*settings, astuple(config.optimal))) + sha256(as_bytes(model))
        self._hash += "" if emg is None else repr((emg.signal, emg.weights.tolist()))

    def key(self, references: References, i: int, ctrl: np.ndarray, chooses_start: bool, detour: bool) -> str:
        """Of reach i, searched from controls (T - 1, nu), perhaps by a detour."""
        n = references.n_frames[i]
        start = (references.qpos[i, 0], references.qvel[i, 0], references.activation[i, 0])
        asked = () if self._emg is None else (self._emg.values[i, :n],)
        arrays = (references.targets[i, :n], *start, ctrl[: n - 1], *asked)
        return sha256(f"{self._hash}{chooses_start}{detour}".encode() + b"".join(map(np.ndarray.tobytes, arrays)))
