import numpy as np
import pytest
import torch

from mousearm.policy import ActivityController, PolicyController, build_policy

NAMES = {"lstm": {"hidden", "cell"}, "gru": {"hidden"}, "rnn": {"hidden"}, "ffn": {"backbone_1", "backbone_2"}}


def of(layer):
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def dense(x, layer):
    weight, bias = of(layer)
    return x @ weight.T + bias


@pytest.fixture(params=NAMES)
def policy(request, configure):
    torch.manual_seed(1)
    sizes = (
        "policy.lstm_hidden_size=5",
        "policy.n_lstm_layers=2",
        "policy.net_arch_pi=[4,3]",
        "policy.net_arch_vf=[6]",
    )
    return build_policy(configure(f"policy={request.param}", *sizes).policy, 7, 2)


def test_the_actions_are_those_of_the_plain_controller(policy):
    watched, plain = ActivityController(policy), PolicyController(policy)
    for observation in np.random.default_rng(0).normal(size=(4, 3, 7)).astype(np.float32):
        np.testing.assert_array_equal(watched.act(observation), plain.act(observation))


def test_every_layer_is_there_and_follows_from_the_one_before(policy):
    controller = ActivityController(policy)
    for observation in np.random.default_rng(0).normal(size=(4, 3, 7)).astype(np.float32):
        action = controller.act(observation)
    seen = controller.activity
    assert set(seen) == NAMES[policy.config.backbone] | {"actor_1", "actor_2", "critic_1", "value"}
    outputs = seen["hidden"][:, -1] if "hidden" in seen else seen["backbone_2"]
    actor, critic = policy.mlp_extractor.policy_net, policy.mlp_extractor.value_net
    np.testing.assert_allclose(seen["actor_1"], np.tanh(dense(outputs, actor[0])), atol=1e-6)
    np.testing.assert_allclose(seen["actor_2"], np.tanh(dense(seen["actor_1"], actor[2])), atol=1e-6)
    np.testing.assert_allclose(action, dense(seen["actor_2"], policy.action_net), atol=1e-6)
    np.testing.assert_allclose(seen["critic_1"], np.tanh(dense(outputs, critic[0])), atol=1e-6)
    np.testing.assert_allclose(seen["value"], dense(seen["critic_1"], policy.value_net)[:, 0], atol=1e-6)


def test_hidden_states_are_those_of_every_layer(configure):
    torch.manual_seed(1)
    sizes = ("policy.lstm_hidden_size=5", "policy.n_lstm_layers=2", "policy.normalize_observation=false")
    policy = build_policy(configure("policy=lstm", *sizes).policy, 7, 2)
    controller = ActivityController(policy)
    observation = np.random.default_rng(0).normal(size=(3, 7)).astype(np.float32)
    controller.act(observation)
    # The first step by hand, from states of 0: c = i * g, h = o * tanh(c), layer by layer (gates i, f, g, o).
    below = observation
    for layer in range(2):
        weight = getattr(policy.backbone.net, f"weight_ih_l{layer}").detach().numpy()
        biases = sum(getattr(policy.backbone.net, f"bias_{kind}_l{layer}").detach().numpy() for kind in ("ih", "hh"))
        i, _, g, o = np.split(below @ weight.T + biases, 4, axis=1)
        cell = np.tanh(g) / (1 + np.exp(-i))
        below = np.tanh(cell) / (1 + np.exp(-o))
        np.testing.assert_allclose(controller.activity["cell"][:, layer], cell, atol=1e-6)
        np.testing.assert_allclose(controller.activity["hidden"][:, layer], below, atol=1e-6)


def test_nothing_stays_hooked(policy):
    ActivityController(policy).act(np.zeros((1, 7), np.float32))
    assert not any(module._forward_hooks for module in policy.modules())
