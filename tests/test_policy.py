from dataclasses import replace

import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from sb3_contrib.common.recurrent.type_aliases import RNNStates

from mousearm.policy import (
    NormalizedObservation,
    PlainObservation,
    PolicyController,
    RecurrentPolicy,
    build_policy,
    policy_arguments,
)

N_OBSERVATIONS, N_ACTIONS = 7, 3
SPACES = (
    spaces.Box(-np.inf, np.inf, (N_OBSERVATIONS,), np.float32),
    spaces.Box(-1.0, 1.0, (N_ACTIONS,), np.float32),
)


@pytest.fixture(params=[1, 2], ids=["one layer", "two layers"])
def policies(request, configure):
    """Ours and the stock one, with the same weights and a normaliser that has learned."""
    torch.manual_seed(0)
    overrides = (f"policy.n_lstm_layers={request.param}", "policy.lstm_hidden_size=16", "policy.net_arch_pi=[8]")
    arguments = policy_arguments(configure(*overrides, "policy.net_arch_vf=[8]").policy)
    ours = RecurrentPolicy(*SPACES, lambda _: 1e-3, **arguments)
    ours.learn_normalization(np.random.default_rng(0).normal(2, 3, (50, N_OBSERVATIONS)))
    stock = RecurrentActorCriticPolicy(*SPACES, lambda _: 1e-3, **arguments)
    stock.load_state_dict(ours.state_dict())
    return ours, stock


def states(policy, n_seq, seed=1):
    shape = (policy.lstm_actor.num_layers, n_seq, policy.lstm_actor.hidden_size)
    generator = torch.Generator().manual_seed(seed)
    actor, critic = ((torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)) for _ in "pv")
    return RNNStates(actor, critic)


def sequences(n_seq, length, seed=2):
    """Padded sequences, some of which begin an episode: observations, actions, starts, mask, flat."""
    generator = torch.Generator().manual_seed(seed)
    observations = torch.randn(n_seq * length, N_OBSERVATIONS, generator=generator)
    actions = torch.randn(n_seq * length, N_ACTIONS, generator=generator)
    starts = torch.zeros(n_seq, length)
    starts[:, 0] = (torch.rand(n_seq, generator=generator) < 0.5).float()
    lengths = torch.randint(1, length + 1, (n_seq,), generator=generator)
    mask = torch.arange(length) < lengths[:, None]
    return observations, actions, starts.flatten(), mask.flatten()


@pytest.mark.parametrize(("n_seq", "length"), [(1, 1), (5, 1), (1, 9), (6, 13)])
def test_outputs_equal_the_stock_policys(policies, n_seq, length):
    observations, actions, starts, mask = sequences(n_seq, length)
    results = [p.evaluate_actions(observations, actions, states(p, n_seq), starts) for p in policies]
    for ours, stock in zip(*results, strict=True):
        torch.testing.assert_close(ours[mask], stock[mask], rtol=1e-5, atol=1e-5)


def test_gradients_equal_the_stock_policys(policies):
    observations, actions, starts, mask = sequences(6, 13)
    for policy in policies:
        values, log_prob, entropy = policy.evaluate_actions(observations, actions, states(policy, 6), starts)
        (values.flatten()[mask].square().mean() + log_prob[mask].mean() + entropy[mask].mean()).backward()
    ours, stock = (dict(policy.named_parameters()) for policy in policies)
    assert ours.keys() == stock.keys()
    for name in ours:
        torch.testing.assert_close(ours[name].grad, stock[name].grad, rtol=1e-4, atol=1e-5, msg=name)
        assert ours[name].grad.abs().max() > 0, name


def test_a_step_equals_the_stock_policys(policies):
    observations, _, starts, _ = sequences(5, 1)
    results = [p.forward(observations, states(p, 5), starts, deterministic=True) for p in policies]
    torch.testing.assert_close(results[0][:3], results[1][:3], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(tuple(results[0][3]), tuple(results[1][3]), rtol=1e-5, atol=1e-5)
    values = [p.predict_values(observations, states(p, 5).vf, starts) for p in policies]
    torch.testing.assert_close(*values, rtol=1e-5, atol=1e-5)


def test_an_episode_start_forgets_the_state(policies):
    policy, _ = policies
    observations, actions, _, _ = sequences(4, 6)
    starts = torch.zeros(4, 6)
    starts[:, 0] = 1

    def log_prob(seed, flags):
        return policy.evaluate_actions(observations, actions, states(policy, 4, seed), flags.flatten())[1]

    torch.testing.assert_close(log_prob(1, starts), log_prob(2, starts), rtol=0, atol=0)
    assert (log_prob(1, 0 * starts) - log_prob(2, 0 * starts)).abs().max() > 1e-3


def test_padding_does_not_reach_back(policies):
    policy, _ = policies
    observations, actions, starts, mask = sequences(6, 13)
    padded = torch.where(mask[:, None], observations, 1e3)
    results = [policy.evaluate_actions(x, actions, states(policy, 6), starts)[1][mask] for x in (observations, padded)]
    torch.testing.assert_close(*results, rtol=0, atol=0)


# The normaliser


@pytest.mark.parametrize("sizes", [[1], [1, 1, 1], [100], [3, 50, 1, 200]])
def test_mean_and_variance_are_numpys(sizes):
    rng = np.random.default_rng(0)
    batches = [rng.normal(5, [1, 10, 1e-3], size=(n, 3)) + rng.normal(size=3) for n in sizes]
    extractor = NormalizedObservation(spaces.Box(-np.inf, np.inf, (3,), np.float32))
    for batch in batches:
        extractor.update(batch)
    everything = np.concatenate(batches)
    np.testing.assert_allclose(extractor.mean, everything.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(extractor.variance, everything.var(axis=0), rtol=1e-9, atol=1e-15)
    assert extractor.count == len(everything)


def test_leading_axes_do_not_matter():
    batch = np.random.default_rng(0).normal(size=(4, 5, 3))
    wide, flat = (NormalizedObservation(spaces.Box(-np.inf, np.inf, (3,), np.float32)) for _ in "wf")
    wide.update(batch)
    flat.update(batch.reshape(20, 3))
    torch.testing.assert_close(wide.state_dict(), flat.state_dict())


def test_what_was_seen_comes_out_standardised():
    batch = np.random.default_rng(0).normal([0, 5, -30], [1, 0.01, 100], size=(1000, 3)).astype(np.float32)
    extractor = NormalizedObservation(spaces.Box(-np.inf, np.inf, (3,), np.float32))
    torch.testing.assert_close(extractor(torch.ones(1, 3)), torch.ones(1, 3))  # nothing was seen yet
    extractor.update(batch)
    result = extractor(torch.as_tensor(batch)).numpy()
    np.testing.assert_allclose(result.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(result.std(axis=0), 1, atol=1e-3)
    assert extractor(torch.full((1, 3), 1e9)).max() == 10  # ten standard deviations, no more
    assert extractor(torch.full((1, 3), -1e9)).min() == -10


def test_a_column_that_never_changes_stays_finite():
    extractor = NormalizedObservation(spaces.Box(-np.inf, np.inf, (2,), np.float32))
    extractor.update(np.full((10, 2), 3.0))
    np.testing.assert_allclose(extractor(torch.full((1, 2), 3.0)), 0, atol=1e-3)


def test_the_normaliser_travels_with_the_network(policies):
    ours, _ = policies
    assert "features_extractor.mean" in ours.state_dict()
    assert not any("mean" in name for name, _ in ours.named_parameters())


def test_without_normaliser_observations_pass(configure):
    config = configure("policy.normalize_observation=false", "policy.lstm_hidden_size=8").policy
    policy = build_policy(config, 4, 2)
    assert isinstance(policy.features_extractor, PlainObservation)
    policy.learn_normalization(np.ones((3, 4)))
    observation = torch.randn(5, 4)
    torch.testing.assert_close(policy.features_extractor(observation), observation, rtol=0, atol=0)


# The policy as a controller


def test_build_policy_takes_the_weights_of_another(policies, configure):
    ours, _ = policies
    config = configure("policy.lstm_hidden_size=16", "policy.net_arch_pi=[8]", "policy.net_arch_vf=[8]").policy
    other = build_policy(replace(config, n_lstm_layers=ours.lstm_actor.num_layers), N_OBSERVATIONS, N_ACTIONS)
    other.load_state_dict(ours.state_dict())
    observation = np.ones((2, N_OBSERVATIONS), dtype=np.float32)
    actions = []
    for policy in (ours, other):
        controller = PolicyController(policy)
        controller.reset(2)
        actions.append(controller.act(observation))
    np.testing.assert_array_equal(*actions)


def test_controller_carries_the_state_from_step_to_step(policies):
    """Acting step by step is the same as running the whole sequence at once."""
    policy, _ = policies
    n, length = 4, 9
    observations = np.random.default_rng(0).normal(2, 3, (n, length, N_OBSERVATIONS)).astype(np.float32)
    controller = PolicyController(policy)
    controller.reset(n)
    stepwise = np.stack([controller.act(observations[:, t]) for t in range(length)], axis=1)
    starts = torch.zeros(n, length)
    starts[:, 0] = 1
    with torch.no_grad():
        distribution, _ = policy.get_distribution(
            torch.as_tensor(observations).flatten(0, 1), states(policy, n).pi, starts.flatten()
        )
    whole = distribution.mode().reshape(n, length, N_ACTIONS).clamp(-1, 1)
    np.testing.assert_allclose(stepwise, whole, rtol=1e-5, atol=1e-5)


def test_controller_forgets_at_a_reset(policies):
    controller = PolicyController(policies[0])
    observations = np.random.default_rng(0).normal(2, 3, (6, 3, N_OBSERVATIONS)).astype(np.float32)
    runs = []
    for _ in range(2):
        controller.reset(3)
        runs.append([controller.act(observation) for observation in observations])
    np.testing.assert_array_equal(*runs)
    assert not np.array_equal(controller.act(observations[0]), runs[0][0])  # going on, it remembers


def test_controller_stays_within_the_action_space(policies):
    policy, _ = policies
    with torch.no_grad():
        policy.action_net.bias.fill_(7.0)
    controller = PolicyController(policy)
    controller.reset(2)
    np.testing.assert_array_equal(controller.act(np.zeros((2, N_OBSERVATIONS), dtype=np.float32)), 1)
