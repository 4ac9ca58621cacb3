import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3.common.distributions import DiagGaussianDistribution

from mousearm.benchmark.speed import stock_name, stock_policy_arguments
from mousearm.policy.network import Gaussian, NormalizedObservation, PlainObservation, RecurrentPolicy

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
        policy = RecurrentPolicy(*SPACES, lambda _: 1e-3, configure(*SMALL, *overrides).policy, 1 / 150, use_sde)
        policy.features_extractor.update(torch.randn(50, N_OBSERVATIONS) * 3 + 2)
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


def extractor(n):
    return NormalizedObservation(spaces.Box(-np.inf, np.inf, (n,), np.float32))


@pytest.mark.parametrize("sizes", [[1], [1, 1, 1], [100], [3, 50, 1, 200]])
def test_mean_and_variance_are_numpys(sizes):
    rng = np.random.default_rng(0)
    batches = [rng.normal(5, [1, 10, 1e-3], size=(n, 3)) + rng.normal(size=3) for n in sizes]
    normalizer = extractor(3)
    for batch in batches:
        normalizer.update(torch.from_numpy(batch))
    everything = np.concatenate(batches)
    np.testing.assert_allclose(normalizer.mean, everything.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(normalizer.variance, everything.var(axis=0), rtol=1e-9, atol=1e-15)
    assert normalizer.count == len(everything)


def test_leading_axes_do_not_matter():
    batch = torch.randn(4, 5, 3)
    wide, flat = extractor(3), extractor(3)
    wide.update(batch)
    flat.update(batch.reshape(20, 3))
    torch.testing.assert_close(wide.state_dict(), flat.state_dict())
    torch.testing.assert_close(wide(batch).reshape(20, 3), flat(batch.reshape(20, 3)))


def test_what_was_seen_comes_out_standardised():
    batch = np.random.default_rng(0).normal([0, 5, -30], [1, 0.01, 100], size=(1000, 3)).astype(np.float32)
    normalizer = extractor(3)
    torch.testing.assert_close(normalizer(torch.ones(1, 3)), torch.ones(1, 3))  # nothing was seen yet
    normalizer.update(torch.from_numpy(batch))
    result = normalizer(torch.from_numpy(batch)).numpy()
    np.testing.assert_allclose(result.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(result.std(axis=0), 1, atol=1e-3)
    assert normalizer(torch.full((1, 3), 1e9)).max() == 10  # ten standard deviations, no more
    assert normalizer(torch.full((1, 3), -1e9)).min() == -10


def test_a_column_that_never_changes_stays_finite():
    normalizer = extractor(2)
    normalizer.update(torch.full((10, 2), 3.0))
    np.testing.assert_allclose(normalizer(torch.full((1, 2), 3.0)), 0, atol=1e-3)


def test_the_normaliser_is_saved_but_not_trained():
    normalizer = extractor(2)
    assert set(normalizer.state_dict()) == {"mean", "variance", "count"}
    assert not list(normalizer.parameters())


def test_plain_observations_pass():
    plain = PlainObservation(spaces.Box(-np.inf, np.inf, (4,), np.float32))
    plain.update(torch.ones(3, 4))
    observation = torch.randn(5, 4)
    torch.testing.assert_close(plain(observation), observation, rtol=0, atol=0)


@pytest.fixture
def both():
    """Ours and SB3's, of the same five means."""
    mean, log_std = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([-2.0, 0.0, 0.7])
    return [kind(3).proba_distribution(mean, log_std) for kind in (Gaussian, DiagGaussianDistribution)]


def test_density_and_entropy_are_sb3s(both):
    ours, stock = both
    actions = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(ours.log_prob(actions), stock.log_prob(actions))
    torch.testing.assert_close(ours.entropy(), stock.entropy())
    torch.testing.assert_close(ours.mode(), stock.mode())


def test_draws_are_sb3s_for_the_same_seed(both):
    draws = []
    for distribution in both:
        torch.manual_seed(0)
        draws.append(distribution.sample())
    torch.testing.assert_close(*draws)


def test_density_by_hand():
    # Two actions, one standard deviation from the mean each, with deviations 1 and 0.5: ln(1/(2 pi 0.5)) - 1.
    distribution = Gaussian(2).proba_distribution(torch.zeros(1, 2), torch.log(torch.tensor([1.0, 0.5])))
    assert distribution.log_prob(torch.tensor([[1.0, -0.5]])).item() == pytest.approx(-2.1447299, abs=1e-6)
