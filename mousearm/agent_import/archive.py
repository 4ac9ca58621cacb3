"""Files of Stable-Baselines3: a zip of an agent, and a pickle of the statistics of its observations."""

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from mousearm.errors import RunError

MAX_BYTES = 500_000_000
"""Largest member of an archive that is read; the weights of 16 layers of 1024 are 0.5 GB."""


class Archive(NamedTuple):
    """What is taken of an agent.

    Attributes:
        weights: of its policy, by the names that they have there.
        data: its arguments. What is more than JSON is a pickle there, and is left as text.
    """

    weights: dict[str, torch.Tensor]
    data: dict[str, Any]


class Statistics(NamedTuple):
    """Mean and variance of the observations (n,) that an agent was trained on, and how many there were."""

    mean: np.ndarray
    variance: np.ndarray
    seen: float


def read_archive(path: Path) -> Archive:
    """Read what ``model.save`` wrote; nothing is unpacked to disk, and nothing in it is unpickled.

    Raises:
        RunError: the file is no such archive, or is damaged or too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            weights, data = (_member(archive, name) for name in ("policy.pth", "data"))
        content = json.loads(data)
        tensors = torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True)
        if not isinstance(content, dict) or not all(map(_is_weight, *zip(*tensors.items(), strict=True))):
            raise ValueError("data is no JSON object, or policy.pth holds more than weights")
    except Exception as error:  # zipfile, json and torch raise many kinds for damaged files
        raise RunError(
            f"{path}: is no agent that Stable-Baselines3 saved ({type(error).__name__}: {error}). Give the zip that "
            "model.save wrote."
        ) from error
    return Archive(tensors, content)


def _is_weight(name: Any, tensor: Any) -> bool:
    known = isinstance(name, str) and isinstance(tensor, torch.Tensor)
    return known and tensor.ndim in (1, 2) and tensor.is_floating_point()


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        content = member.read(MAX_BYTES + 1)  # what the archive says of its size may be wrong
    if len(content) > MAX_BYTES:
        raise ValueError(f"{name} has more than {MAX_BYTES / 1e6:.0f} MB")
    return content


def read_statistics(path: Path) -> Statistics:
    """Read what ``VecNormalize.save`` wrote. It is a pickle: reading it runs whatever is in it.

    Raises:
        RunError: the file is none, or normalises in another way than the project's network.
    """
    try:
        with path.open("rb") as file:
            saved = pickle.load(file)
        moments = saved.obs_rms
        statistics = Statistics(np.asarray(moments.mean), np.asarray(moments.var), float(moments.count))
    except Exception as error:  # a pickle can raise anything
        raise RunError(
            f"{path}: holds no statistics of observations ({type(error).__name__}: {error}). Give the file that "
            "VecNormalize.save wrote."
        ) from error
    if not saved.norm_obs or (saved.epsilon, saved.clip_obs) != (1e-8, 10.0):
        raise RunError(
            f"{path}: norm_obs={saved.norm_obs}, epsilon={saved.epsilon:g}, clip_obs={saved.clip_obs:g}, but the "
            "project's network adds 1e-8 to the variance and cuts off at 10. It would not act as it did."
        )
    return statistics
