"""Checkpoints: a folder with all that a run needs to resume as if nothing had happened; reading one runs no code."""

import io
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors.torch import load_file
from safetensors.torch import save as to_safetensors

from mousearm import formats
from mousearm.door import MAX_PART_BYTES, check_file, check_zip, read_json
from mousearm.errors import RunError
from mousearm.files import to_json
from mousearm.policy.network import RecurrentPolicy
from mousearm.rundir.folder import RunFolder

_NETWORK, _STATE, _SUMMARY = "policy.safetensors", "state.pt", "state.json"
_ARRAY = "array"
_OF_OPTIMIZERS = {"params", "lr", "betas", "eps", "weight_decay"}  # others have become more since, and have defaults
_MOST_PARTS = 1_000_000  # numbers, texts, lists and tensors in the state of a run


class Stateful(Protocol):
    """A part of a run that changes while it learns."""

    def state(self) -> Mapping[str, Any]:
        """Arrays, tensors, numbers and texts, in dictionaries and lists however deep."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to what ``state`` was."""
        ...


class RandomState:
    """States of the random generators that the whole program shares: of Python, of numpy and of torch."""

    def state(self) -> dict[str, Any]:
        """All of them."""
        kind, key, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002  # it is the shared one
        return {
            "python": random.getstate(),
            "numpy": {"kind": kind, "key": key, "rest": (position, has_gauss, gauss)},
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else [],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Bring them back; those of GPUs as far as there are as many."""
        random.setstate(state["python"])
        numpy = state["numpy"]
        np.random.set_state((numpy["kind"], numpy["key"], *numpy["rest"]))  # noqa: NPY002
        torch.set_rng_state(state["torch"])
        if torch.cuda.is_initialized() and len(state["cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state["cuda"])


@dataclass(frozen=True, slots=True)
class TrainingState:
    """A run as it was at one instant, in memory: its policy's tensors and the states of all other parts, by name."""

    steps: int
    network: dict[str, torch.Tensor]
    states: dict[str, Any]

    @staticmethod
    def of(steps: int, policy: RecurrentPolicy, parts: Mapping[str, Stateful]) -> "TrainingState":
        """Copy everything."""
        states = {name: _each(part.state(), _copied) for name, part in parts.items()}
        return TrainingState(steps, _each(_tensors(policy), _copied), states)

    def restore(self, policy: RecurrentPolicy, parts: Mapping[str, Stateful]) -> None:
        """Bring everything back; RunError if something does not fit the network or the task, or is missing."""
        try:
            shapes = [parameter.shape for parameter in policy.parameters()]
            for name, part in parts.items():
                _check_fit(self.states[name], part.state(), name, shapes)
            _put(self.network, policy)
            for name, part in parts.items():
                part.restore(_each(self.states[name], _copied))
        except Exception as error:  # random generators, optimisers and simulators have their own kinds
            raise RunError(
                f"The checkpoint of step {self.steps} does not fit the configured run: {error!r}. It may be of another "
                "version of the program; environment.txt says which one began the run. Remove its folder, and the same "
                "command resumes from the one before, or begins where there is none."
            ) from error


def save(run: RunFolder, state: TrainingState, **summary: float) -> None:
    """Write a checkpoint at once, into ``checkpoints/<steps>``, with a summary for people; RunError if it cannot be."""
    states = io.BytesIO()
    torch.save(_each(state.states, _to_torch), states)
    run.seal(run.checkpoint(state.steps), {**_network(state, summary), _STATE: states.getvalue()})


def save_best(run: RunFolder, state: TrainingState, **summary: float) -> None:
    """Write the network alone into ``best``; arguments and errors as ``save``."""
    run.seal(run.best, _network(state, summary))


def load_state(folder: Path) -> TrainingState:
    """Read a checkpoint; RunError if a file is missing or damaged, FormatError if it is of a newer format."""
    steps, content = _load(folder, {"network": (_NETWORK, load_file), "states": (_STATE, _load_states)})
    if type(steps) is not int or folder.name != str(steps):
        raise RunError(f"{folder / _SUMMARY} is not of this checkpoint: it says {steps!r} steps. Remove {folder}.")
    return TrainingState(steps, **content)


def load_policy(folder: Path, policy: RecurrentPolicy) -> None:
    """Put the network of a checkpoint into a policy; errors as `load_state`, and RunError if it does not fit."""
    _, content = _load(folder, {"network": (_NETWORK, load_file)})
    try:
        _put(content["network"], policy)
    except (KeyError, ValueError) as error:
        raise RunError(f"{folder / _NETWORK} cannot be loaded into the configured network: {error}") from error


def _tensors(policy: RecurrentPolicy) -> dict[str, torch.Tensor]:
    """Weights and normaliser, each once."""
    return {**dict(policy.named_parameters()), **dict(policy.named_buffers())}


def _put(network: Mapping[str, torch.Tensor], policy: RecurrentPolicy) -> None:
    """Copy tensors into a policy; KeyError if one is missing, ValueError if it has another shape, or no place."""
    places = _tensors(policy)
    if strange := [name for name, tensor in network.items() if not tensor.isfinite().all()]:
        raise ValueError(f"{strange[0]} holds numbers that are not finite")
    if more := network.keys() - places.keys():
        raise ValueError(f"there is no place for {', '.join(sorted(more))}")
    for name, tensor in places.items():
        if tensor.shape != network[name].shape:
            raise ValueError(f"{name} has the shape {tuple(network[name].shape)}, not {tuple(tensor.shape)}")
        if tensor.dtype != network[name].dtype:
            raise ValueError(f"{name} holds {network[name].dtype}, not {tensor.dtype}")
        tensor.detach().copy_(network[name])


def _network(state: TrainingState, summary: Mapping[str, float]) -> dict[str, bytes]:
    numbers = {name: value if math.isfinite(value) else None for name, value in summary.items()}  # JSON knows no inf
    text = to_json({**formats.stamp(formats.CHECKPOINT), "steps": state.steps, **numbers})
    weights = {name: tensor.cpu().contiguous() for name, tensor in state.network.items()}
    return {_NETWORK: to_safetensors(weights), _SUMMARY: text.encode()}


def _load(folder: Path, parts: Mapping[str, tuple[str, Callable[[Path], Any]]]) -> tuple[Any, formats.Content]:
    """Steps, and parts, each with its file and reader, in the newest format."""
    summary, content = read_json(folder / _SUMMARY), {}
    number = formats.format_number(formats.CHECKPOINT, summary, folder)
    for name, (file, read) in parts.items():
        check_file(folder / file, MAX_PART_BYTES)
        try:
            content[name] = read(folder / file)
        except Exception as error:  # torch and safetensors raise many kinds for damaged files
            raise RunError(
                f"{folder / file} cannot be read: {error}. Remove {folder}, which is no whole checkpoint."
            ) from error
    return summary.get("steps"), formats.upgrade(formats.CHECKPOINT, content, number)


def _load_states(file: Path) -> dict[str, Any]:
    """States of a run's parts; whatever may be in a file from elsewhere, they are plain and not larger than it."""
    check_zip(file, file.stat().st_size)
    states = torch.load(file, map_location="cpu", weights_only=True)
    waiting, n_parts = [states], 0
    while waiting:
        value, n_parts = waiting.pop(), n_parts + 1
        if n_parts > _MOST_PARTS:  # as where lists hold one another
            raise ValueError(f"it has more than {_MOST_PARTS} parts")
        if isinstance(value, torch.Tensor):
            if value.layout != torch.strided or value.nbytes > value.untyped_storage().nbytes():
                raise ValueError("it holds a tensor that is larger than its numbers")
        elif isinstance(value, dict | list | tuple):
            waiting += value.values() if isinstance(value, dict) else value
        elif not isinstance(value, str | int | float | None):
            raise TypeError(f"it holds a {type(value).__name__}")
    return {name: _from_torch(state) for name, state in states.items()}


def _check_fit(saved: Any, own: Any, place: str, shapes: Sequence[torch.Size]) -> None:
    """Check that a saved state is of the kind of the part's own; what is empty or None may have become anything.

    ``shapes`` are those of the network's tensors, in the order in which optimisers number them.
    """
    if place.endswith(".optimizer"):
        _check_optimizer(saved["state"], saved["param_groups"], own["param_groups"], shapes)
    elif isinstance(own, Mapping):
        if not isinstance(saved, Mapping):
            raise ValueError(f"{place} cannot be {saved!r:.80}")
        for key in own.keys() & saved.keys():  # a run may have other trackers than before; what lacks is missed later
            _check_fit(saved[key], own[key], f"{place}.{key}", shapes)
    elif isinstance(own, np.ndarray | torch.Tensor):
        if type(saved) is not type(own) or saved.shape != own.shape or saved.dtype != own.dtype:
            raise ValueError(f"{place} is not {own.dtype} of the shape {tuple(own.shape)}")
    elif isinstance(own, list | tuple):
        if not isinstance(saved, list | tuple):
            raise ValueError(f"{place} is no list")
        for i, (one, other) in enumerate(zip(saved, own, strict=False)):
            _check_fit(one, other, f"{place}.{i}", shapes)
    elif own is not None and not isinstance(saved, str if isinstance(own, str) else int | float):
        raise ValueError(f"{place} cannot be {saved!r:.80}")


def _check_optimizer(memories: Any, saved: Any, own: Any, shapes: Sequence[torch.Size]) -> None:
    """Check what torch does not: numbers that do not fit their tensors are read from elsewhere in the memory."""
    for one, other in zip(saved, own, strict=True):
        same = all(one[key] == other[key] for key in other.keys() & one.keys() - {"lr"})  # that falls
        if not (same and one.keys() >= _OF_OPTIMIZERS and type(one["lr"]) is float and math.isfinite(one["lr"])):
            raise ValueError("an optimizer is of another kind")
    for i, memory in memories.items():
        first = next(iter(memories.values()))
        fits = all(tensor.shape in ((), shapes[i]) and tensor.dtype == torch.float32 for tensor in memory.values())
        if memory.keys() != first.keys() or not fits:
            raise ValueError("an optimizer is of another network")


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same dictionaries and sequences with something else in them."""
    if isinstance(value, Mapping):
        return {key: _each(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_each(item, change) for item in value)
    return change(value)


def _copied(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    return value.copy() if isinstance(value, np.ndarray) else value


def _to_torch(value: Any) -> Any:
    """Arrays as tensors that know that they were arrays: the restricted reader of torch knows tensors only."""
    return {_ARRAY: torch.from_numpy(value)} if isinstance(value, np.ndarray) else value


def _from_torch(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {_ARRAY}:
        return value[_ARRAY].numpy()
    if isinstance(value, dict):
        return {key: _from_torch(item) for key, item in value.items()}
    return type(value)(map(_from_torch, value)) if isinstance(value, list | tuple) else value
