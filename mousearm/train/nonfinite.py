"""Dumps of what was not a finite number."""

import io
from collections.abc import Mapping
from pathlib import Path

import mujoco
import numpy as np
from safetensors.torch import save as to_safetensors

from mousearm.algo import SequencePPO
from mousearm.checkpoint import Moment
from mousearm.env import TrackingVecEnv
from mousearm.errors import NonFiniteError, OutputError
from mousearm.files import os_errors_as, write_bytes, write_json


def dump(folder: Path, error: NonFiniteError, algo: SequencePPO, env: TrackingVecEnv) -> NonFiniteError:
    """Write the model, the arms, the network and the numbers that show it; returns an error that says where.

    Raises:
        OutputError: if it cannot be written.
    """
    with os_errors_as(OutputError, folder):
        folder.mkdir(exist_ok=True)
        mujoco.mj_saveModel(env.task.simulation.model, str(folder / "model.mjb"))
    snapshot = env.task.snapshot
    states = {name: getattr(snapshot, name) for name in ("qpos", "qvel", "activation", "ctrl", "force", "landmarks")}
    write_bytes(folder / "states.npz", _npz({**states, **env.task.position._asdict()}))
    write_bytes(folder / "batch.npz", _npz(error.arrays))
    network = {name: tensor.cpu() for name, tensor in Moment.of(0, algo.policy, {}).network.items()}
    write_bytes(folder / "policy.safetensors", to_safetensors(network))
    write_json(folder / "report.json", {"what": str(error), "step": algo.num_timesteps, "key": error.key})
    text = f"{error} That was at step {algo.num_timesteps}; {folder} holds the model, the arms and the numbers."
    return NonFiniteError(text, error.key or "", error.arrays)


def _npz(arrays: Mapping[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]  # none is called allow_pickle
    return file.getvalue()
