"""Backbones by name: functions that build one; torch is loaded when that happens."""

from typing import TYPE_CHECKING

from mousearm.registry import BACKBONES

if TYPE_CHECKING:
    from mousearm.policy.backbone import Backbone


@BACKBONES.add
def lstm(n_features: int, hidden_size: int, n_layers: int) -> "Backbone":
    """Long short-term memory."""
    return _recurrent("LSTM", n_features, hidden_size, n_layers)


@BACKBONES.add
def gru(n_features: int, hidden_size: int, n_layers: int) -> "Backbone":
    """Gated recurrent units."""
    return _recurrent("GRU", n_features, hidden_size, n_layers)


@BACKBONES.add
def rnn(n_features: int, hidden_size: int, n_layers: int) -> "Backbone":
    """Plain recurrent units with tanh."""
    return _recurrent("RNN", n_features, hidden_size, n_layers)


def _recurrent(kind: str, *sizes: int) -> "Backbone":
    from torch import nn

    from mousearm.policy.backbone import Recurrent

    return Recurrent(getattr(nn, kind)(*sizes))


@BACKBONES.add
def ffn(n_features: int, hidden_size: int, n_layers: int) -> "Backbone":
    """Layers with tanh and no memory: the network sees one step at a time."""
    from mousearm.policy.backbone import FeedForward

    return FeedForward(n_features, hidden_size, n_layers)
