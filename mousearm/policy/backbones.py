"""Backbones by name: functions that build one, for features, sizes and the time of a control step in s.

torch is loaded when that happens.
"""

import math
from typing import TYPE_CHECKING

from mousearm.registry import BACKBONES

if TYPE_CHECKING:
    from mousearm.config import PolicyConfig
    from mousearm.policy.backbone import Backbone


@BACKBONES.add
def lstm(n_features: int, config: "PolicyConfig", control_dt: float) -> "Backbone":
    """Long short-term memory."""
    return _recurrent("LSTM", n_features, config.lstm_hidden_size, config.n_lstm_layers)


@BACKBONES.add
def gru(n_features: int, config: "PolicyConfig", control_dt: float) -> "Backbone":
    """Gated recurrent units."""
    return _recurrent("GRU", n_features, config.lstm_hidden_size, config.n_lstm_layers)


@BACKBONES.add
def rnn(n_features: int, config: "PolicyConfig", control_dt: float) -> "Backbone":
    """Plain recurrent units with tanh."""
    return _recurrent("RNN", n_features, config.lstm_hidden_size, config.n_lstm_layers)


def _recurrent(kind: str, *sizes: int) -> "Backbone":
    from torch import nn

    from mousearm.policy.backbone import Recurrent

    return Recurrent(getattr(nn, kind)(*sizes))


@BACKBONES.add
def ffn(n_features: int, config: "PolicyConfig", control_dt: float) -> "Backbone":
    """Layers with tanh and no memory: the network sees one step at a time."""
    from mousearm.policy.backbone import FeedForward

    return FeedForward(n_features, config.lstm_hidden_size, config.n_lstm_layers)


@BACKBONES.add
def ctrnn(n_features: int, config: "PolicyConfig", control_dt: float) -> "Backbone":
    """Rate units with a time constant, perhaps excitatory and inhibitory ones."""
    from mousearm.policy.rate_units import RateUnits

    return RateUnits(
        n_features,
        config.lstm_hidden_size,
        config.n_lstm_layers,
        update=-math.expm1(-1e3 * control_dt / config.tau_ms),
        nonlinearity=config.nonlinearity,
        excitatory=config.dale,
        noise=config.unit_noise,
    )
