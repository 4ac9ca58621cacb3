import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from sb3_contrib.common.recurrent.type_aliases import RNNStates

from mousearm.benchmark.stock import stock_name, stock_policy_arguments
from mousearm.policy import RecurrentPolicy

N_OBSERVATIONS, N_ACTIONS = 7, 3
SPACES = (
    spaces.Box(-np.inf, np.inf, (N_OBSERVATIONS,), np.float32),
    spaces.Box(-1.0, 1.0, (N_ACTIONS,), np.float32),
)
SMALL = ("policy.lstm_hidden_size=16", "policy.net_arch_pi=[8]", "policy.net_arch_vf=[8]")


@pytest.fixture
def make(configure):
    """Our network, with a normaliser that has learned."""

    def build(*overrides, use_sde=False):
        torch.manual_seed(0)
        policy = RecurrentPolicy(*SPACES, lambda _: 1e-3, configure(*SMALL, *overrides).policy, use_sde)
        policy.learn_normalization(torch.randn(50, N_OBSERVATIONS) * 3 + 2)
        return policy

    return build


@pytest.fixture(params=[1, 2], ids=["one layer", "two layers"])
def policies(request, make):
    """Ours and sb3-contrib's, with the same weights."""
    ours = make(f"policy.n_lstm_layers={request.param}")
    stock = RecurrentActorCriticPolicy(*SPACES, lambda _: 1e-3, **stock_policy_arguments(ours.config))
    stock.load_state_dict({stock_name(name): weight for name, weight in ours.state_dict().items()})
    return ours, stock


def random(*shape, seed=1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def inputs_for(policy, length, n):
    """Observations, actions and the state before them."""
    state = random(policy.backbone.n_states, n, 16, seed=3)
    return random(length, n, N_OBSERVATIONS), random(length, n, N_ACTIONS, seed=2), state


def evaluate_ours(policy, observations, actions, state):
    outputs, _ = policy(observations, state)
    return policy.evaluate_actions(outputs.flatten(0, 1), actions.flatten(0, 1))


def evaluate_stock(policy, observations, actions, state):
    """The same of sb3-contrib's, which wants sequence after sequence, and gives it back so."""
    length, n = observations.shape[:2]
    by_sequence = [values.transpose(0, 1).flatten(0, 1) for values in (observations, actions)]
    starts = torch.zeros(n * length)
    values, *others = policy.evaluate_actions(*by_sequence, RNNStates(*[state.chunk(2)] * 2), starts)
    return tuple(v.view(n, length).T.flatten() for v in (values.flatten(), *others))


@pytest.mark.parametrize(("n", "length"), [(1, 1), (5, 1), (1, 9), (6, 13)])
def test_outputs_equal_the_stock_policys(policies, n, length):
    ours, stock = policies
    inputs = (
        random(length, n, N_OBSERVATIONS),
        random(length, n, N_ACTIONS, seed=2),
        random(ours.backbone.n_states, n, 16),
    )
    for mine, theirs in zip(evaluate_ours(ours, *inputs), evaluate_stock(stock, *inputs), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5)


def test_gradients_equal_the_stock_policys(policies):
    ours, stock = policies
    inputs = inputs_for(ours, 13, 6)
    for policy, evaluate in ((ours, evaluate_ours), (stock, evaluate_stock)):
        values, log_prob, entropy = evaluate(policy, *inputs)
        (values.square().mean() + log_prob.mean() + entropy.mean()).backward()
    theirs = dict(stock.named_parameters())
    for name, weight in ours.named_parameters():
        expected = theirs[stock_name(name)].grad
        torch.testing.assert_close(weight.grad, expected, rtol=1e-5, atol=1e-5 * float(expected.abs().max()), msg=name)
        assert expected.abs().max() > 0, name


@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn", "ffn"])
def test_the_critics_error_does_not_reach_the_backbone(make, kind):
    policy = make(f"policy={kind}")
    outputs, _ = policy(random(5, 2, N_OBSERVATIONS), policy.backbone.initial_state(2))
    policy.predict_values(outputs.flatten(0, 1)).sum().backward()
    assert policy.value_net.weight.grad is not None
    assert all(weight.grad is None for weight in policy.backbone.parameters())


def test_the_optimiser_has_all_weights(make):
    policy = make()
    held = {id(weight) for group in policy.optimizer.param_groups for weight in group["params"]}
    assert held == {id(weight) for weight in policy.parameters()}


def test_predict_equals_the_stock_policys(policies):
    observations = random(6, 4, N_OBSERVATIONS).numpy()
    starts = np.array([[1, 1, 1, 1], [0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0]], dtype=bool)
    actions = []
    for policy in policies:
        state, run = None, []
        for observation, start in zip(observations, starts, strict=True):
            action, state = policy.predict(observation, state, start, deterministic=True)
            run.append(action)
        actions.append(run)
    np.testing.assert_allclose(*actions, rtol=1e-5, atol=1e-6)


def test_predict_draws_where_it_is_not_deterministic(make):
    policy = make()
    observation = random(4, N_OBSERVATIONS).numpy()
    draws = [policy.predict(observation)[0] for _ in range(2)]
    assert np.abs(draws[0] - draws[1]).max() > 0.01
    assert all(np.abs(draw).max() <= 1 for draw in draws)


@pytest.mark.parametrize("kind", ["lstm", "ffn"])
def test_exploration_that_depends_on_the_state(make, kind):
    policy = make(f"policy={kind}", use_sde=True)
    policy.reset_noise(4)
    outputs, _ = policy(random(1, 4, N_OBSERVATIONS), policy.backbone.initial_state(4))
    distribution = policy.get_distribution(outputs[0])
    actions = distribution.get_actions()
    torch.testing.assert_close(actions, distribution.get_actions())  # the noise is that of the outputs
    _, log_prob, entropy = policy.evaluate_actions(outputs[0], actions)
    assert log_prob.shape == entropy.shape == (4,)
    assert log_prob.isfinite().all()
