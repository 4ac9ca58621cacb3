import copy

import numpy as np
import pytest
import torch

from mousearm.errors import ConfigError, UnknownNameError
from mousearm.policy.controller import ActivityController
from mousearm.policy.network import build_policy
from mousearm.policy.silence import layer_sizes, silence
from mousearm.registry import BACKBONES

SIZES = ("policy.lstm_hidden_size=6", "policy.n_lstm_layers=2", "policy.net_arch_pi=[5]", "policy.net_arch_vf=[4]")
SEEN = np.random.default_rng(0).normal(size=(7, 3, 4)).astype(np.float32)
HELD = [1, 4]


@pytest.fixture(params=sorted(BACKBONES))
def policy(request, configure):
    torch.manual_seed(0)
    policy = build_policy(configure(f"policy={request.param}", *SIZES), 4, 2)
    torch.nn.init.orthogonal_(policy.action_net.weight)
    return policy


def activities(policy):
    """What a network computes on its way over a sequence, by name, (T, N, ...)."""
    controller = ActivityController(policy)
    controller.reset(3)
    rows = [{"action": controller.act(seen), **controller.activity} for seen in SEEN]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def receiving(policy, layer):
    """Weights (n, units) by which the units of a layer reach others, the critic's left out."""
    part, number = layer.split("_")
    weights = {name: weight for name, weight in policy.named_parameters() if "bias" not in name}
    head = ["mlp_extractor.policy_net.0.weight", "action_net.weight"]
    if part == "actor":
        return [weights[head[1]]]
    own = [f"weight_hh_l{int(number) - 1}", f"recurrent.{int(number) - 1}"]
    following = [f"weight_ih_l{number}", f"inputs.{number}.weight", f"net.{number}.0.weight"]
    found = [weight for name, weight in weights.items() if name.endswith(tuple(own + following))]
    return found + ([weights[head[0]]] if int(number) == policy.backbone.n_layers else [])


def of_layer(seen, layer):
    """The outputs (T, N, units) of a layer."""
    part, number = layer.split("_")
    return seen["hidden"][:, :, int(number) - 1] if part == "backbone" and "hidden" in seen else seen[layer]


@pytest.mark.parametrize("layer", ["backbone_1", "backbone_2", "actor_1"])
def test_a_silent_unit_has_exactly_no_effect(policy, layer):
    """The actions are to the last bit those of a network without the weights by which the units reach others."""
    silent, without = copy.deepcopy(policy), copy.deepcopy(policy)
    silence(silent, layer, HELD)
    for weight in receiving(without, layer):
        weight.data[:, HELD] = 0.0
    silence(without, layer, [])  # runs the same way, step by step
    seen, expected = activities(silent), activities(without)
    np.testing.assert_array_equal(seen["action"], expected["action"])
    assert not np.array_equal(seen["action"], activities(policy)["action"])
    assert not of_layer(seen, layer)[..., HELD].any()
    if "cell" in seen and layer == "backbone_1":
        assert not seen["cell"][:, :, 0, HELD].any()
        assert seen["cell"][:, :, 1].all()


def test_a_unit_held_at_its_value_acts_as_a_bias(policy):
    held = copy.deepcopy(policy)
    silence(held, "backbone_2", HELD, np.array([0.25, -0.5]))
    seen = activities(held)
    np.testing.assert_array_equal(of_layer(seen, "backbone_2")[..., HELD], np.broadcast_to([0.25, -0.5], (7, 3, 2)))
    outputs = of_layer(seen, "backbone_2")
    first, last = held.mlp_extractor.policy_net[0], held.action_net
    with torch.no_grad():
        by_hand = last(torch.tanh(first(torch.from_numpy(outputs)))).clamp(-1, 1)
    np.testing.assert_allclose(seen["action"], by_hand, atol=1e-6)


def test_it_holds_while_the_network_learns(policy):
    """At once as step by step, and no gradient reaches what leads to the unit or away from it."""
    silence(policy, "backbone_1", HELD)
    silence(policy, "backbone_1", [2])  # in addition
    state = policy.backbone.initial_state(3)
    outputs, _ = policy(torch.from_numpy(SEEN), state)
    by_step = []
    with torch.no_grad():
        for seen in SEEN:
            output, state = policy.step(torch.from_numpy(seen), state)
            by_step.append(output)
    torch.testing.assert_close(outputs.detach(), torch.stack(by_step), rtol=1e-6, atol=1e-6)
    policy.mean_actions(outputs.flatten(0, 1)).square().sum().backward()
    for weight in receiving(policy, "backbone_1"):
        assert not weight.grad[:, [*HELD, 2]].any()
        assert weight.grad[:, [0, 3, 5]].any()


def test_a_copy_is_held_by_itself(policy):
    whole = activities(policy)["action"]
    for layer in layer_sizes(policy):
        one, other = copy.deepcopy(policy), copy.deepcopy(policy)
        silence(one, layer, HELD)
        again = copy.deepcopy(one)
        silence(again, layer, [0])
        assert of_layer(activities(one), layer)[..., 0].any()
        assert not of_layer(activities(again), layer)[..., [0, *HELD]].any()
        np.testing.assert_array_equal(activities(other)["action"], whole)


def test_what_is_no_layer_or_unit_is_refused(policy):
    assert layer_sizes(policy) == {"backbone_1": 6, "backbone_2": 6, "actor_1": 5}
    with pytest.raises(UnknownNameError):
        silence(policy, "critic_1", [0])
    for unit in (-1, 5):
        with pytest.raises(ConfigError):
            silence(policy, "actor_1", [0, unit])
