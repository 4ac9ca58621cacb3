"""Backbones: networks over sequences, with a memory or without, all with one face."""

from collections.abc import Callable
from types import MappingProxyType

import torch
from torch import nn


class Backbone(nn.Module):
    """A network that turns a sequence of features into a sequence of outputs.

    ``outputs, state = backbone(sequence, state)`` runs N sequences of T steps, (T, N, n_features), and gives
    (T, N, hidden_size). The state is one tensor, so that nobody outside has to know of which parts a memory consists. A
    sequence run at once gives the same as step by step with the state handed on.

    Attributes:
        hidden_size: size of an output.
        n_states: vectors of that size that are remembered; 0 for a network without memory.
    """

    def __init__(self, hidden_size: int, n_states: int):
        super().__init__()
        self.hidden_size = hidden_size
        self.n_states = n_states

    def initial_state(self, n: int) -> torch.Tensor:
        """The state (n_states, n, hidden_size) of n sequences that begin."""
        return next(self.parameters()).new_zeros(self.n_states, n, self.hidden_size)


class Lstm(Backbone):
    """Long short-term memory. The state is the hidden state of every layer, then the cell state of every layer."""

    def __init__(self, net: nn.LSTM):
        super().__init__(net.hidden_size, 2 * net.num_layers)
        self.net = net

    def forward(self, sequence: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs, and the state after the last step."""
        hidden, cell = state.chunk(2)
        outputs, after = self.net(sequence, (hidden, cell))
        return outputs, torch.cat(after)


class Recurrent(Backbone):
    """A network whose state is the hidden state of every layer: gated recurrent units, or plain ones with tanh."""

    def __init__(self, net: nn.GRU | nn.RNN):
        super().__init__(net.hidden_size, net.num_layers)
        self.net = net

    def forward(self, sequence: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs, and the state after the last step."""
        return self.net(sequence, state)


class FeedForward(Backbone):
    """Layers with tanh that see one step at a time and remember nothing."""

    def __init__(self, n_features: int, hidden_size: int, n_layers: int):
        super().__init__(hidden_size, 0)
        sizes = [n_features] + [hidden_size] * (n_layers - 1)
        layers = [nn.Sequential(nn.Linear(size, hidden_size), nn.Tanh()) for size in sizes]
        self.net = nn.Sequential(*layers)

    def forward(self, sequence: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs, and the state as it is."""
        return self.net(sequence), state


def forget(state: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
    """A state (n_states, N, hidden_size) that is zero for the sequences that begin, (N,) bool."""
    return state.masked_fill(starts[:, None], 0.0)


# What builds each kind from n_features, hidden_size and n_layers.
BACKBONES: MappingProxyType[str, Callable[[int, int, int], Backbone]] = MappingProxyType(
    {
        "lstm": lambda *sizes: Lstm(nn.LSTM(*sizes)),
        "gru": lambda *sizes: Recurrent(nn.GRU(*sizes)),
        "rnn": lambda *sizes: Recurrent(nn.RNN(*sizes)),
        "ffn": FeedForward,
    }
)
