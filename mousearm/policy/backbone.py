"""Backbones: networks over sequences, with a memory or without, all with one face."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

Memory = tuple[torch.Tensor, ...]
"""Memory of one layer: a vector (N, hidden_size) for each name in ``memory``, the layer's output first."""


@dataclass(frozen=True)
class Clamp:
    """Units of a layer that are held at a value, whatever the network computes."""

    held: torch.Tensor  # (n,) bool
    value: torch.Tensor  # (n,)

    def __call__(self, outputs: torch.Tensor) -> torch.Tensor:
        """Outputs (..., n) with the held units at their value; no gradient passes through these."""
        return torch.where(self.held, self.value, outputs)

    def to(self, device: torch.device) -> "Clamp":
        """The same on a device."""
        return Clamp(self.held.to(device), self.value.to(device))


class Backbone(nn.Module):
    """A network that turns a sequence of features into a sequence of outputs.

    ``outputs, state = backbone(sequence, state)`` runs N sequences of T steps, (T, N, n_features), and gives
    (T, N, hidden_size). The state is one tensor, so that nobody outside has to know of which parts a memory consists. A
    sequence run at once gives the same as step by step with the state handed on.

    Subclasses run one step of one layer (``layer_step``) and, as fast as they can, whole sequences (``run``).
    """

    n_noise = 0  # numbers that the noise of all units takes in a step; 0 where they have none
    signs: torch.Tensor | None  # (hidden_size,) of all weights that lead from each unit; None: free
    signed: Sequence[torch.Tensor] = ()  # weights (m, hidden_size) within the backbone that have them

    def __init__(self, hidden_size: int, n_layers: int, memory: tuple[str, ...]):
        """``memory`` names the vectors (hidden_size,) that each layer remembers; it is empty where there is none.

        The state holds the first of every layer, then the second of every layer. The first is the layer's output.
        """
        super().__init__()
        self.hidden_size, self.n_layers, self.memory = hidden_size, n_layers, memory
        self.register_buffer("signs", None)
        self.clamps: dict[int, Clamp] = {}  # by layer, from 0; see `silence`

    @property
    def n_states(self) -> int:
        """Vectors that are remembered; 0 for a network without memory."""
        return len(self.memory) * self.n_layers

    @property
    def layers(self) -> list[nn.Module]:
        """The layers whose outputs are not in the state, in order."""
        return []

    @property
    def unit_names(self) -> tuple[str, ...]:
        """Names of the units of a layer, where they are of different kinds."""
        return ()

    def initial_state(self, n: int) -> torch.Tensor:
        """The state (n_states, n, hidden_size) of n sequences that begin."""
        return next(self.parameters()).new_zeros(self.n_states, n, self.hidden_size)

    def forward(
        self, sequence: torch.Tensor, state: torch.Tensor, noise: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs (T, N, hidden_size), and the state after the last step.

        ``noise`` (T, N, n_noise) are independent standard normal numbers for units that are noisy; None: none.
        """
        if not self.clamps:
            return self.run(sequence, state, noise)
        outputs = []
        for t, features in enumerate(sequence):
            output, state = self.step(features, state, None if noise is None else noise[t])
            outputs.append(output)
        return torch.stack(outputs), state

    def step(
        self, features: torch.Tensor, state: torch.Tensor, noise: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Run one step of N sequences, (N, n_features): outputs (N, hidden_size), and the state after it.

        The same as a sequence of one step, to rounding, without what a whole sequence needs to be set up.
        """
        n, after = self.n_layers, []
        of_layer = (None,) * n if noise is None else noise.chunk(n, dim=1)
        for i in range(n):
            before = tuple(state[k * n + i] for k in range(len(self.memory)))
            features, kept = self.layer_step(i, features, before, of_layer[i])
            if i in self.clamps:
                features = self.clamps[i](features)
                kept = (features, *(part.masked_fill(self.clamps[i].held, 0.0) for part in kept[1:]))
            after.append(kept)
        return features, torch.stack([kept[k] for k in range(len(self.memory)) for kept in after])

    def run(
        self, sequence: torch.Tensor, state: torch.Tensor, noise: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Result of a call, as long as nothing is clamped."""
        raise NotImplementedError

    def layer_step(
        self, i: int, features: torch.Tensor, before: Memory, noise: torch.Tensor | None
    ) -> tuple[torch.Tensor, Memory]:
        """One step of layer i on features (N, n): its outputs, and what it remembers after it."""
        raise NotImplementedError


class Recurrent(Backbone):
    """Long short-term memory, gated recurrent units, or plain ones with tanh or rectified."""

    def __init__(self, net: nn.LSTM | nn.GRU | nn.RNN):
        memory = ("hidden", "cell") if isinstance(net, nn.LSTM) else ("hidden",)
        super().__init__(net.hidden_size, net.num_layers, memory)
        self.net = net

    def run(
        self, sequence: torch.Tensor, state: torch.Tensor, noise: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs, and the state after the last step."""
        if len(self.memory) == 1:
            return self.net(sequence, state)
        outputs, after = self.net(sequence, state.chunk(2))
        return outputs, torch.cat(after)

    def layer_step(
        self, i: int, features: torch.Tensor, before: Memory, noise: torch.Tensor | None
    ) -> tuple[torch.Tensor, Memory]:
        """One step of a layer, by its cell: much faster than the whole network on a GPU."""
        cell = getattr(torch, f"{self.net.mode.lower()}_cell")  # such as rnn_tanh_cell
        weights = self.net.all_weights[i]
        after = cell(features, before, *weights) if len(before) > 1 else (cell(features, *before, *weights),)
        return after[0], after


class FeedForward(Backbone):
    """Layers with tanh that see one step at a time and remember nothing."""

    def __init__(self, n_features: int, hidden_size: int, n_layers: int):
        super().__init__(hidden_size, n_layers, ())
        sizes = [n_features] + [hidden_size] * (n_layers - 1)
        layers = [nn.Sequential(nn.Linear(size, hidden_size), nn.Tanh()) for size in sizes]
        self.net = nn.Sequential(*layers)

    @property
    def layers(self) -> list[nn.Module]:
        """All layers, in order."""
        return list(self.net)

    def run(
        self, sequence: torch.Tensor, state: torch.Tensor, noise: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs, and the state as it is."""
        return self.net(sequence), state

    def step(
        self, features: torch.Tensor, state: torch.Tensor, noise: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs, and the state as it is."""
        outputs, state = self(features[None], state)
        return outputs[0], state


def reset_state(state: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
    """A state (n_states, N, hidden) that is zero for the sequences that begin, (N,) bool."""
    return state.masked_fill(starts[:, None], 0.0)
