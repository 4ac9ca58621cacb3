"""Units of a trained network that are silent: held at zero, or at another value, in every step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from mousearm.errors import ConfigError, UnknownNameError
from mousearm.policy.backbone import Clamp
from mousearm.policy.network import RecurrentPolicy


def layer_sizes(policy: RecurrentPolicy) -> dict[str, int]:
    """Numbers of units of the layers that lead to the actions, by name: ``backbone_1`` ..., then ``actor_1`` ..."""
    backbone = {f"backbone_{i + 1}": policy.backbone.hidden_size for i in range(policy.backbone.n_layers)}
    actor = {f"actor_{i + 1}": size for i, size in enumerate(policy.config.net_arch_pi)}
    return backbone | actor


def silence(
    policy: RecurrentPolicy, layer: str, units: Sequence[int] | np.ndarray, value: float | np.ndarray = 0.0
) -> None:
    """Hold units of a layer at a value in every step from now on, while the network acts and while it learns.

    What a unit at 0 sends is exactly 0. The memory cell of an LSTM's unit is held at 0, whatever the value: it acts by
    the unit's output alone. Held units pass no gradient on. Units that the layer held before stay so, unless they
    are named again. The network itself is changed: copy it (``copy.deepcopy``) to keep the whole one.

    Args:
        policy: the network.
        layer: a name in `layer_sizes`.
        units: their numbers, from 0.
        value: what their output is, one number or one for each, such as their mean.

    Raises:
        UnknownNameError: there is no such layer.
        ConfigError: a number is no unit of it.
    """
    sizes = layer_sizes(policy)
    if layer not in sizes:
        raise UnknownNameError("layer of the network", layer, sizes)
    chosen = np.asarray(units, dtype=int)
    if strange := [unit for unit in chosen.tolist() if not 0 <= unit < sizes[layer]]:
        raise ConfigError(f"{layer} has the units 0 to {sizes[layer] - 1}, so that {strange[0]} is none of them.")
    held, values = torch.zeros(sizes[layer], dtype=torch.bool), torch.zeros(sizes[layer])
    if (before := policy.silenced.get(layer)) is not None:
        held, values = before.held.cpu().clone(), before.value.cpu().clone()
    held[chosen], values[chosen] = True, torch.as_tensor(value, dtype=torch.float32)
    hold_units(policy, layer, Clamp(held, values).to(policy.device))


def hold_units(policy: RecurrentPolicy, layer: str, clamp: Clamp) -> None:
    """Hold units of a layer, one of `layer_sizes`, as a clamp on the network's device says."""
    is_new, policy.silenced[layer] = layer not in policy.silenced, clamp
    part, _, number = layer.rpartition("_")
    if part == "backbone" and policy.backbone.memory:
        policy.backbone.clamps[int(number) - 1] = clamp
    elif is_new:
        policy.layers()[layer].register_forward_hook(_Hook(policy.silenced, layer))


@dataclass
class _Hook:
    """Holds units of a layer after each of its calls; a copy of the network has one of its own."""

    clamps: dict[str, Clamp]
    layer: str

    def __call__(self, module: nn.Module, inputs: object, outputs: torch.Tensor) -> torch.Tensor:
        return self.clamps[self.layer](outputs)
