"""The networks of sb3-contrib's RecurrentPPO that are also ours: one LSTM, shared by actor and critic, and tanh."""

import math
import re
from collections.abc import Mapping

import numpy as np
import torch

from mousearm.agent_import.archive import Archive, Statistics
from mousearm.benchmark.stock import stock_name
from mousearm.errors import RunError
from mousearm.policy import RecurrentPolicy

_NORMALIZER = "features_extractor."
_OTHER_NETWORKS = {
    "lstm_critic.": "its critic has an LSTM of its own (enable_critic_lstm=True)",
    "critic.": "its critic does not see the LSTM (shared_lstm=False)",
    "features_extractor.": "it has a network before the LSTM",
}


def sizes(archive: Archive) -> dict[str, object]:
    """The keys of the group ``policy`` that describe an agent's network, but for its normaliser.

    Raises:
        RunError: the network is of another kind; says which.
    """
    weights, arguments = archive.weights, archive.data.get("policy_kwargs")
    arguments = arguments if isinstance(arguments, dict) else {}
    for name in weights:
        for prefix, why in _OTHER_NETWORKS.items():
            if name.startswith(prefix):
                raise _refusal(why)
    if archive.data.get("use_sde"):
        raise _refusal("its exploration depends on the state (use_sde=True)")
    if "Tanh" not in str(arguments.get("activation_fn", "Tanh")):
        raise _refusal(f"its heads have another activation than tanh ({arguments['activation_fn']})")
    if "lstm_actor.weight_hh_l0" not in weights:
        raise _refusal(f"it has no LSTM (its weights: {', '.join(weights)})")
    return {
        "backbone": "lstm",
        "lstm_hidden_size": weights["lstm_actor.weight_hh_l0"].shape[-1],
        "n_lstm_layers": sum(name.startswith("lstm_actor.weight_hh_l") for name in weights),
        "net_arch_pi": _heads(weights, "policy_net"),
        "net_arch_vf": _heads(weights, "value_net"),
    }


def n_observations(archive: Archive) -> int:
    """How many numbers the agent saw."""
    return int(archive.weights["lstm_actor.weight_ih_l0"].shape[-1])


def load_weights(policy: RecurrentPolicy, archive: Archive, ctrl_range: np.ndarray) -> None:
    """Put an agent's weights into a policy of its sizes.

    Its actions were controls; ours are -1 to 1, and become controls by a straight line. With the range [l, h], the
    weights w and bias b of the last layer are replaced by 2 w / (h - l) and 2 (b - l) / (h - l) - 1.

    Args:
        policy: changed in place, but for its normaliser.
        archive: the agent.
        ctrl_range: (nu, 2) the controls of the arm.

    Raises:
        RunError: the agent acted on other controls, or its weights do not fit.
    """
    _check_actions(archive, ctrl_range)
    low, high = torch.as_tensor(ctrl_range, dtype=torch.float32).T
    gain = 2 / (high - low)
    try:
        state = {name: weight for name, weight in policy.state_dict().items() if _NORMALIZER in name}
        ours = [name for name in policy.state_dict() if name not in state]
        state |= {name: archive.weights[stock_name(name)] for name in ours}
        state["action_net.weight"] = gain[:, None] * state["action_net.weight"]
        state["action_net.bias"] = gain * (state["action_net.bias"] - low) - 1
        state["log_std"] = state["log_std"] + gain.log()
        policy.load_state_dict(state)
    except (KeyError, RuntimeError) as error:
        raise _refusal(f"its weights do not fit the network that they describe ({error})") from error
    unknown = archive.weights.keys() - {stock_name(name) for name in ours}
    if unknown:
        raise _refusal(f"it has more than such a network: {', '.join(sorted(unknown))}")
    if not all(torch.isfinite(weight).all() for weight in state.values()):
        raise _refusal("some of its weights are not finite")


def load_statistics(policy: RecurrentPolicy, statistics: Statistics) -> None:
    """Put the statistics of an agent's observations into the normaliser of a policy.

    Raises:
        RunError: they are of other observations.
    """
    normalizer = policy.features_extractor
    wanted = (normalizer.features_dim,)
    if statistics.mean.shape != wanted or statistics.variance.shape != wanted:
        raise RunError(f"The statistics are of observations {statistics.mean.shape}; the agent's are {wanted}.")
    moments = zip(("mean", "variance", "count"), statistics, strict=True)
    normalizer.load_state_dict({name: torch.as_tensor(value) for name, value in moments})


def _heads(weights: Mapping[str, torch.Tensor], net: str) -> list[int]:
    """Sizes of the layers of a head, in order."""
    pattern = re.compile(rf"mlp_extractor\.{net}\.(\d+)\.bias")
    layers = sorted((int(match[1]), len(weights[name])) for name in weights if (match := pattern.fullmatch(name)))
    return [size for _, size in layers]


def _check_actions(archive: Archive, ctrl_range: np.ndarray) -> None:
    """Hold what the agent's file says of its actions, in text, against the arm's controls."""
    space = archive.data.get("action_space")
    for side, bounds in zip(("low", "high"), ctrl_range.T, strict=True):
        text = space.get(side) if isinstance(space, dict) else None
        said = [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e[-+]?\d+)?", str(text or ""))]
        if said and not (len(said) == len(bounds) and all(map(math.isclose, said, bounds))):
            raise RunError(
                f"The agent's actions have as {side} {said}, but the controls of the arm have {bounds.tolist()}. Name "
                "the arm that it was trained with: model=muscle, or model.file=FILE."
            )


def _refusal(why: str) -> RunError:
    return RunError(
        f"The agent's network is none of the project's: {why}. Only sb3-contrib's RecurrentPPO with a shared LSTM, no "
        "LSTM for the critic, and tanh can be imported."
    )
