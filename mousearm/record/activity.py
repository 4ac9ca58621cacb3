"""What the units of a network do, layer by layer, of what was recorded."""

from collections.abc import Sequence

import numpy as np

from mousearm.record.signals import ReachRecording

_PARTS = ("backbone", "actor")


def activity_by_layer(reaches: Sequence[ReachRecording]) -> dict[str, np.ndarray]:
    """Activities (frames, units) of all frames of all reaches, by the name of the layer, such as ``backbone_1``.

    Of a backbone with memory these are the hidden states of its layers, which are what they send.
    """
    found: dict[str, np.ndarray] = {}
    for name in reaches[0].signals:
        values = np.concatenate([reach.signals[name].values for reach in reaches])
        if name == "hidden":
            found |= {f"backbone_{i}": values[:, i - 1] for i in range(1, values.shape[1] + 1)}
        elif name.rpartition("_")[0] in _PARTS:
            found[name] = values
    return found
