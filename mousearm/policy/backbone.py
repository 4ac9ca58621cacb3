"""Backbones: networks over sequences, with a memory or without, all with one face."""

import torch
from torch import nn


class Backbone(nn.Module):
    """A network that turns a sequence of features into a sequence of outputs.

    ``outputs, state = backbone(sequence, state)`` runs N sequences of T steps, (T, N, n_features), and gives
    (T, N, hidden_size). The state is one tensor, so that nobody outside has to know of which parts a memory consists. A
    sequence run at once gives the same as step by step with the state handed on.
    """

    def __init__(self, hidden_size: int, n_layers: int, memory: tuple[str, ...]):
        """``memory`` names the vectors (hidden_size,) that each layer remembers; it is empty where there is none.

        The state holds the first of every layer, then the second of every layer.
        """
        super().__init__()
        self.hidden_size, self.n_layers, self.memory = hidden_size, n_layers, memory

    @property
    def n_states(self) -> int:
        """Vectors that are remembered; 0 for a network without memory."""
        return len(self.memory) * self.n_layers

    @property
    def layers(self) -> list[nn.Module]:
        """The layers whose outputs are not in the state, in order."""
        return []

    def initial_state(self, n: int) -> torch.Tensor:
        """The state (n_states, n, hidden_size) of n sequences that begin."""
        return next(self.parameters()).new_zeros(self.n_states, n, self.hidden_size)

    def step(self, features: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Run one step of N sequences, (N, n_features): outputs (N, hidden_size), and the state after it.

        The same as a sequence of one step, to rounding, without what a whole sequence needs to be set up.
        """
        outputs, state = self(features[None], state)
        return outputs[0], state


class Recurrent(Backbone):
    """Long short-term memory, gated recurrent units, or plain ones with tanh."""

    def __init__(self, net: nn.LSTM | nn.GRU | nn.RNN):
        memory = ("hidden", "cell") if isinstance(net, nn.LSTM) else ("hidden",)
        super().__init__(net.hidden_size, net.num_layers, memory)
        self.net = net

    def forward(self, sequence: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs, and the state after the last step."""
        if len(self.memory) == 1:
            return self.net(sequence, state)
        outputs, after = self.net(sequence, state.chunk(2))
        return outputs, torch.cat(after)

    def step(self, features: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One step, by the cells of the layers: much faster than the whole network on a GPU."""
        n = self.n_layers
        after: list[torch.Tensor] = []
        for i, weights in enumerate(self.net.all_weights):
            if isinstance(self.net, nn.LSTM):
                features, cell = torch.lstm_cell(features, (state[i], state[n + i]), *weights)
                after.append(cell)
            elif isinstance(self.net, nn.GRU):
                features = torch.gru_cell(features, state[i], *weights)
            else:
                features = torch.rnn_tanh_cell(features, state[i], *weights)
            after.insert(i, features)
        return features, torch.stack(after)


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

    def forward(self, sequence: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs, and the state as it is."""
        return self.net(sequence), state


def reset_state(state: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
    """A state (n_states, N, hidden_size) that is zero for the sequences that begin, (N,) bool."""
    return state.masked_fill(starts[:, None], 0.0)
