import numpy as np
import pytest
import torch

from mousearm.policy.controller import ActivityController, PolicyController
from mousearm.policy.network import build_policy
from mousearm.registry import BACKBONES

N_OBSERVATIONS, N_ACTIONS = 7, 3
KINDS = sorted(BACKBONES)


@pytest.fixture(params=KINDS)
def policy(request, configure):
    """A network whose normaliser has learned, with actions that depend on what it sees."""
    torch.manual_seed(0)
    config = configure(f"policy={request.param}", "policy.lstm_hidden_size=16", "policy.n_lstm_layers=2")
    policy = build_policy(config, N_OBSERVATIONS, N_ACTIONS)
    policy.features_extractor.update(torch.randn(50, N_OBSERVATIONS) * 3 + 2)
    torch.nn.init.orthogonal_(policy.action_net.weight)
    return policy


def observations(length, n):
    return np.random.default_rng(0).normal(2, 3, (length, n, N_OBSERVATIONS)).astype(np.float32)


def test_build_policy_takes_the_weights_of_another(policy, configure):
    kind = policy.config.backbone
    config = configure(f"policy={kind}", "policy.lstm_hidden_size=16", "policy.n_lstm_layers=2")
    other = build_policy(config, N_OBSERVATIONS, N_ACTIONS)
    other.load_state_dict(policy.state_dict())
    actions = []
    for network in (policy, other):
        controller = PolicyController(network)
        controller.reset(2)
        actions.append([controller.act(observation) for observation in observations(4, 2)])
    np.testing.assert_array_equal(*actions)


def test_acting_step_by_step_equals_the_whole_sequence_at_once(policy):
    seen = observations(9, 4)
    controller = PolicyController(policy)
    controller.reset(4)
    stepwise = np.stack([controller.act(observation) for observation in seen])
    with torch.no_grad():
        outputs, _ = policy(torch.from_numpy(seen), policy.backbone.initial_state(4))
        whole = policy.get_distribution(outputs.flatten(0, 1)).mode().view(9, 4, N_ACTIONS).clamp(-1, 1)
    np.testing.assert_allclose(stepwise, whole, rtol=1e-5, atol=1e-5)


def test_a_reset_forgets(policy):
    controller = PolicyController(policy)
    seen = observations(6, 3)
    runs = []
    for _ in range(2):
        controller.reset(3)
        runs.append([controller.act(observation) for observation in seen])
    np.testing.assert_array_equal(*runs)
    goes_on = controller.act(seen[0])
    remembers = not np.array_equal(goes_on, runs[0][0])
    assert remembers == (policy.config.backbone != "ffn")


def test_actions_stay_within_the_action_space(policy):
    with torch.no_grad():
        policy.action_net.bias.fill_(70.0)
    controller = PolicyController(policy)
    controller.reset(2)
    np.testing.assert_array_equal(controller.act(np.zeros((2, N_OBSERVATIONS), dtype=np.float32)), 1)


NAMES = {
    "ctrnn": {"hidden"},
    "lstm": {"hidden", "cell"},
    "gru": {"hidden"},
    "rnn": {"hidden"},
    "ffn": {"backbone_1", "backbone_2"},
}


def of(layer):
    return layer.weight.detach().numpy(), layer.bias.detach().numpy()


def dense(x, layer):
    weight, bias = of(layer)
    return x @ weight.T + bias


@pytest.fixture(params=NAMES)
def small(request, configure):
    torch.manual_seed(1)
    sizes = (
        "policy.lstm_hidden_size=5",
        "policy.n_lstm_layers=2",
        "policy.net_arch_pi=[4,3]",
        "policy.net_arch_vf=[6]",
    )
    return build_policy(configure(f"policy={request.param}", *sizes), 7, 2)


def test_the_actions_are_those_of_the_plain_controller(small):
    watched, plain = ActivityController(small), PolicyController(small)
    for observation in np.random.default_rng(0).normal(size=(4, 3, 7)).astype(np.float32):
        np.testing.assert_array_equal(watched.act(observation), plain.act(observation))


def test_every_layer_is_there_and_follows_from_the_one_before(small):
    controller = ActivityController(small)
    for observation in np.random.default_rng(0).normal(size=(4, 3, 7)).astype(np.float32):
        action = controller.act(observation)
    seen = controller.activity
    assert set(seen) == NAMES[small.config.backbone] | {"actor_1", "actor_2", "critic_1", "value"}
    outputs = seen["hidden"][:, -1] if "hidden" in seen else seen["backbone_2"]
    actor, critic = small.mlp_extractor.policy_net, small.mlp_extractor.value_net
    np.testing.assert_allclose(seen["actor_1"], np.tanh(dense(outputs, actor[0])), atol=1e-6)
    np.testing.assert_allclose(seen["actor_2"], np.tanh(dense(seen["actor_1"], actor[2])), atol=1e-6)
    np.testing.assert_allclose(action, dense(seen["actor_2"], small.action_net), atol=1e-6)
    np.testing.assert_allclose(seen["critic_1"], np.tanh(dense(outputs, critic[0])), atol=1e-6)
    np.testing.assert_allclose(seen["value"], dense(seen["critic_1"], small.value_net)[:, 0], atol=1e-6)


def test_hidden_states_are_those_of_every_layer(configure):
    torch.manual_seed(1)
    sizes = ("policy.lstm_hidden_size=5", "policy.n_lstm_layers=2", "policy.normalize_observation=false")
    policy = build_policy(configure("policy=lstm", *sizes), 7, 2)
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


def test_nothing_stays_hooked(small):
    ActivityController(small).act(np.zeros((1, 7), np.float32))
    assert not any(module._forward_hooks for module in small.modules())
