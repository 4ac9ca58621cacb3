"""Checkpoints: a folder with network, optimiser and counters; no pickle, so that reading one runs no code."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_model, save_model

from mousearm.algo import SequencePPO
from mousearm.errors import RunError
from mousearm.policy import RecurrentPolicy
from mousearm.rundir import read_json

_POLICY, _OPTIMIZER, _STATE = "policy.safetensors", "optimizer.pt", "state.json"


def save(folder: Path, algo: SequencePPO, **extra: float) -> None:
    """Write a checkpoint at once: into a folder beside, then renamed; one of the same name is replaced.

    Args:
        folder: where.
        algo: network, optimiser and counters are taken from it.
        extra: numbers to keep with them.
    """
    beside = folder.with_name(folder.name + ".partial")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    save_model(algo.policy, str(beside / _POLICY))
    torch.save(algo.policy.optimizer.state_dict(), beside / _OPTIMIZER)
    state = {"steps": algo.num_timesteps, "n_updates": algo._n_updates, **extra}
    (beside / _STATE).write_text(json.dumps(state, indent=2) + "\n")
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)


def load(folder: Path, algo: SequencePPO) -> dict[str, Any]:
    """Put a checkpoint into an algorithm; returns its counters and extra numbers.

    Raises:
        RunError: if a file is missing or does not fit the network.
    """
    load_policy(folder, algo.policy)
    try:
        algo.policy.optimizer.load_state_dict(torch.load(folder / _OPTIMIZER, weights_only=True))
    except Exception as error:  # torch raises many kinds for damaged files
        raise RunError(f"{folder / _OPTIMIZER} cannot be read: {error}") from error
    state = read_json(folder / _STATE)
    algo.num_timesteps, algo._n_updates = int(state["steps"]), int(state["n_updates"])
    return state


def load_policy(folder: Path, policy: RecurrentPolicy) -> None:
    """Put the network of a checkpoint into a policy of the same configuration.

    Raises:
        RunError: if the file is missing, damaged or of another network.
    """
    file = folder / _POLICY
    try:
        load_model(policy, file)
    except Exception as error:  # safetensors and torch raise many kinds
        raise RunError(f"{file} cannot be loaded into the configured network: {error}") from error
