"""What the network saw, computed and decided, as signals."""

from collections.abc import Mapping

import numpy as np

from mousearm.record.recording import Signal

_MEMORY = {
    "hidden": "hidden state of every layer of the backbone, after it has seen the observation of this frame",
    "cell": "cell state of every layer of the backbone, after it has seen the observation of this frame",
}
_LEADS_TO = {"actor": "leads to the action", "critic": "leads to the value", "backbone": "has no memory"}
_SEEN_AND_DONE = {
    "observation": "what the network saw, before its normaliser; in SI units",
    "action": "what the network decided, -1 to 1, before noise; at the last frame it is not executed",
    "action_noise": "what was added to the action; the sum is cut off at -1 and 1",
    "value": "the critic's estimate of the discounted reward to come",
}


def is_of_network(name: str) -> bool:
    """Whether a signal of that name is one of ``network_signals``."""
    return name in _SEEN_AND_DONE or name in _MEMORY or name.rpartition("_")[0] in _LEADS_TO


def network_signals(
    activity: Mapping[str, np.ndarray], observations: tuple[str, ...], actuators: tuple[str, ...]
) -> dict[str, Signal]:
    """Signals of what a network did at T frames.

    Args:
        activity: (T, ...) ``observation``, ``action``, perhaps ``action_noise``, and what ``ActivityController`` keeps.
        observations: names of the observation's columns.
        actuators: names of the action's columns.
    """
    columns = {"observation": observations, "action": actuators, "action_noise": actuators}
    signals = {}
    for name, values in activity.items():
        if name in _SEEN_AND_DONE:
            signals[name] = Signal(values, "1", _SEEN_AND_DONE[name], columns.get(name, ()))
        elif name in _MEMORY:
            rows = tuple(f"layer_{i}" for i in range(1, values.shape[1] + 1))
            signals[name] = Signal(values, "1", _MEMORY[name], rows=rows)
        else:
            part, _, number = name.rpartition("_")
            text = f"activations of layer {number} of the {part}, which {_LEADS_TO[part]}"
            signals[name] = Signal(values, "1", text)
    return signals
