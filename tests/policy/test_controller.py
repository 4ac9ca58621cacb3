from dataclasses import replace

import numpy as np
import pytest
import torch

from mousearm.policy import BACKBONES, PolicyController, build_policy

N_OBSERVATIONS, N_ACTIONS = 7, 3
KINDS = sorted(BACKBONES)


@pytest.fixture(params=KINDS)
def policy(request, configure):
    """A network whose normaliser has learned, with actions that depend on what it sees."""
    torch.manual_seed(0)
    config = configure(f"policy={request.param}", "policy.lstm_hidden_size=16", "policy.n_lstm_layers=2").policy
    policy = build_policy(config, N_OBSERVATIONS, N_ACTIONS)
    policy.learn_normalization(torch.randn(50, N_OBSERVATIONS) * 3 + 2)
    torch.nn.init.orthogonal_(policy.action_net.weight)
    return policy


def observations(length, n):
    return np.random.default_rng(0).normal(2, 3, (length, n, N_OBSERVATIONS)).astype(np.float32)


def test_build_policy_takes_the_weights_of_another(policy):
    other = build_policy(replace(policy.config), N_OBSERVATIONS, N_ACTIONS)
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
