"""Dumps of simulations that diverged."""

from pathlib import Path

import mujoco
import numpy as np

from mousearm.snapshot import Snapshot

# More dumps than this tell nothing new.
_MAX_DUMPS = 10


class DivergenceDump:
    """Writes the states before and after a divergence beside the model, for debugging; the first few only."""

    def __init__(self, model: mujoco.MjModel, folder: Path):
        self._model = model
        self._folder = folder
        self._n_dumps = len(list(folder.glob("*.npz")))

    def __call__(self, index: int, before: Snapshot, after: Snapshot) -> None:
        """Dump simulation ``index``."""
        if self._n_dumps >= _MAX_DUMPS:
            return
        self._folder.mkdir(exist_ok=True)
        mujoco.mj_saveModel(self._model, str(self._folder / "model.mjb"))
        states = {
            f"{field}_{when}": getattr(snapshot, field)[index]
            for when, snapshot in (("before", before), ("after", after))
            for field in ("qpos", "qvel", "activation", "ctrl")
        }
        np.savez(self._folder / f"{self._n_dumps:03d}.npz", **states)
        self._n_dumps += 1
