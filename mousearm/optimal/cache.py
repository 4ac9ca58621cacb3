"""Optimal trajectories, remembered on disk by content."""

from contextlib import suppress
from dataclasses import astuple, fields
from pathlib import Path

import mujoco
import numpy as np

from mousearm.config import Config
from mousearm.door import sha256
from mousearm.emg.target import EmgTarget
from mousearm.engine.check import with_time_step
from mousearm.env.references import References
from mousearm.errors import OutputError
from mousearm.files import make_folder, staged
from mousearm.model import Arm

_FIRST_KEYS = 5  # of `OptimalConfig`; what came after counts where it is set
_VERSION = "5"  # raise it when the search gives other results


class TrajectoryCache:
    """Optimal trajectories of one arm and one cost.

    The key is a hash of everything that a search depends on, but its neighbours: the model with its landmarks, time
    steps and range of actions, the cost, and of the reach targets, start, first controls and EMG.
    """

    def __init__(self, arm: Arm, config: Config, folder: Path, emg: EmgTarget | None = None):
        self._folder, self._emg = folder / "optimal", emg
        model = with_time_step(arm, config.env.control_dt, config.env.n_substeps)
        compiled = np.empty(mujoco.mj_sizeModel(model), dtype=np.uint8)
        mujoco.mj_saveModel(model, None, compiled)
        marks = [(name, mark.field, mark.index) for name, mark in sorted(arm.landmarks.items())]
        settings = (_VERSION, marks, config.env.control_dt, config.env.n_substeps, config.model.action_map)
        weights = astuple(config.optimal)
        later = [(key.name, now) for key, now in zip(fields(config.optimal), weights, strict=True)][_FIRST_KEYS:]
        changed = [(name, now) for name, now in later if now]  # so that what was kept before they existed is found
        self._hash = repr((*settings, weights[:_FIRST_KEYS], *changed)) + sha256(compiled.tobytes())
        self._hash += "" if emg is None else repr((emg.signal, emg.weights.tolist()))

    def key(self, references: References, i: int, ctrl: np.ndarray, chooses_start: bool) -> str:
        """Of reach i, searched from controls (T - 1, nu)."""
        n = references.n_frames[i]
        start = (references.qpos[i, 0], references.qvel[i, 0], references.activation[i, 0])
        asked = () if self._emg is None else (self._emg.values[i, :n],)
        arrays = (references.targets[i, :n], *start, ctrl[: n - 1], *asked)
        return sha256(f"{self._hash}{chooses_start}".encode() + b"".join(map(np.ndarray.tobytes, arrays)))

    def read(self, key: str) -> dict[str, np.ndarray] | None:
        """The arrays of a trajectory by name; None if they are not there, or damaged."""
        try:
            with np.load(self._file(key), allow_pickle=False) as content:
                return {name: content[name] for name in content.files}  # with its checksum: npz is a zip archive
        except Exception:  # there is none, or it is damaged, for which numpy and zipfile raise many kinds
            return None

    def write(self, key: str, arrays: dict[str, np.ndarray]) -> None:
        """Keep them; a folder that cannot be written costs time, nothing else."""
        file = self._file(key)
        with suppress(OutputError):
            make_folder(file.parent)
            with staged(file) as new:
                np.savez(new, **arrays)  # type: ignore[arg-type]

    def _file(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.npz"
